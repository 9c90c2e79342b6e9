import Foundation
import PIQAudioIO
import Testing

/// Chains of Ogg streams, holes in them, and their ends.
@Suite struct OggTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// The pages of an Ogg file of so many seconds.
  private func pages(
    _ format: SampleFile = .oggVorbis, seconds: Int = 5, channels: Int = 1, rate: Int = 48_000
  ) throws -> [[UInt8]] {
    let path = folder.file("part")
    try format.write(
      noise(rate * seconds * channels), channels: channels, sampleRate: rate, to: path)
    let bytes = try folder.bytes("part")
    let starts = bytes.indices.dropLast(4).filter {
      bytes[$0..<$0 + 5].elementsEqual(Array("OggS".utf8) + [0])
    }
    return zip(starts, starts.dropFirst() + [bytes.count]).map { Array(bytes[$0..<$1]) }
  }

  private func read(_ pages: some Sequence<[UInt8]>) throws -> Recording {
    try Recording.read(path: folder.file("a.ogg", Array(pages.joined())))
  }

  @Test(arguments: [SampleFile.oggVorbis, .opus])
  func everyLinkOfAChain(_ format: SampleFile) throws {
    let part = try pages(format)
    let recording = try read(part + part + part)
    #expect(recording.samples.count == 3 * 5 * 48_000)
    #expect(recording.warning == nil)
    #expect(recording.hasEndFlag)
    // Each link begins anew.
    #expect(recording.samples[..<240_000] == recording.samples[240_000..<480_000])
  }

  @Test func linksOfOtherRatesAndChannels() throws {
    let recording = try read(
      pages(seconds: 2) + pages(seconds: 3, channels: 2, rate: 22_050)
        + pages(.opus, seconds: 1, rate: 16_000) + pages(seconds: 2))
    #expect(recording.sampleRate == 48_000)
    #expect(abs(recording.duration - 8) < 0.001)
    #expect(recording.warning?.hasPrefix("has parts of different rates or channels") == true)
  }

  /// Several streams at once, page by page.
  @Test func multiplexedStreams() throws {
    let (first, second) = (try pages(), try pages(seconds: 3))
    var mixed: [[UInt8]] = []
    for i in 0..<max(first.count, second.count) {
      if i < first.count { mixed.append(first[i]) }
      if i < second.count { mixed.append(second[i]) }
    }
    let recording = try read(mixed)
    #expect(recording.samples.elementsEqual(try read(first).samples))
    #expect(recording.warning == "holds several sounds at once: the first is used")
  }

  @Test(arguments: [SampleFile.oggVorbis, .opus], [1, 3])
  func aHoleKeepsTime(_ format: SampleFile, _ missing: Int) throws {
    let all = try pages(format, seconds: 10)
    let whole = try read(all)
    let middle = all.count / 2
    let recording = try read(all[..<middle] + all[(middle + missing)...])
    #expect(recording.samples.count == whole.samples.count)
    // Decoders need a moment after the hole.
    #expect(difference(recording.samples.suffix(48_000), whole.samples.suffix(48_000)) < 0.05)
    #expect(recording.warning?.hasPrefix("has a hole at ") == true)
    #expect(recording.samples.contains { $0 == 0 })
  }

  @Test func aHoleAtTheBeginning() throws {
    let all = try pages(seconds: 10)
    // Two or three pages are headers.
    let recording = try read(all[..<3] + all[4...])
    #expect(recording.samples.count == 480_000)
    #expect(recording.warning?.contains("has a hole at ") == true)
  }

  @Test(arguments: [SampleFile.oggVorbis, .opus])
  func aDamagedPage(_ format: SampleFile) throws {
    var all = try pages(format, seconds: 10)
    let middle = all.count / 2
    all[middle][200] ^= 1
    let recording = try read(all)
    #expect(recording.samples.count == 480_000)
    #expect(recording.warning?.hasPrefix("has a hole at ") == true)
  }

  /// Bytes were cut out, so that one page is not whole and the next begins in its middle.
  @Test func bytesThatWereCutOut() throws {
    let bytes = Array(try pages(seconds: 10).joined())
    let middle = bytes.count / 2
    let recording = try read([Array(bytes[..<middle]), Array(bytes[(middle + 3000)...])])
    #expect(recording.samples.count == 480_000)
    #expect(recording.warning?.contains("has a hole at ") == true)
  }

  @Test func anEndBetweenPagesIsNoWarning() throws {
    let all = try pages()
    let recording = try read(all.dropLast())
    #expect(recording.warning == nil)
    #expect(!recording.hasEndFlag)
  }

  @Test(arguments: [2, 30, 500]) func anEndWithinAPage(_ size: Int) throws {
    let all = try pages()
    let last = all[all.count - 2]
    let recording = try read(all.dropLast(2) + [Array(last.prefix(size))])
    #expect(recording.warning?.hasPrefix("ends early: the ") == true)
    #expect(recording.hasEndFlag)
  }

  @Test(arguments: [
    [UInt8](repeating: 0, count: 100_000), Array("TAG".utf8) + [UInt8](repeating: 1, count: 125),
  ])
  func whatFollowsTheEndIsNoSound(_ tail: [UInt8]) throws {
    let recording = try read(try pages() + [tail])
    #expect(recording.samples.count == 240_000)
    #expect(recording.warning == nil)
  }

  /// A link that was cut within a page, before another.
  @Test func aCutLinkInAChain() throws {
    let all = try pages()
    let cut = all.dropLast(2) + [Array(all[all.count - 2].prefix(500))]
    let recording = try read(cut + all)
    #expect(recording.samples.suffix(240_000) == (try read(all)).samples[...])
    #expect(recording.warning?.contains("what follows may be too early") == true)
  }

  @Test func withoutItsBeginning() throws {
    let path = try folder.file("a.ogg", Array(try pages().dropFirst(3).joined()))
    let error = #expect(throws: SoundFileError.self) { try Recording.read(path: path) }
    #expect(error?.problem == .malformed("its beginning is not complete"))
  }

  /// A link that ends inside a page, with a smaller one behind it.
  @Test func aCutLinkBeforeASmallOne() throws {
    let whole = try pages(seconds: 4)
    let small = try pages(seconds: 1, rate: 8_000)
    let cut = whole.dropLast(2) + [Array(whole[whole.count - 2].prefix(1000))]
    let recording = try read(cut + small)
    #expect(recording.warning?.hasPrefix("is damaged at ") == true)
  }

  /// Pages that come twice, or in another order, as after a broken connection.
  @Test(arguments: [SampleFile.oggVorbis, .opus])
  func repeatedAndSwappedPages(_ format: SampleFile) throws {
    let part = try pages(format, seconds: 8)
    let whole = try read(part)
    let middle = part.count / 2
    let repeated = try read(part[...middle] + part[middle...])
    #expect(repeated.samples == whole.samples && repeated.warning == nil)
    var swapped = part
    swapped.swapAt(middle, middle + 1)
    let recording = try read(swapped)
    #expect(abs(recording.duration - whole.duration) < 0.02)
    #expect(recording.warning?.contains("hole") == true)
  }

  /// Channels are in the order of WAV, whatever the codec's own is.
  ///
  /// libsndfile writes them in the order in which they come, which is that of Vorbis here.
  @Test(
    arguments: [SampleFile.oggVorbis, .opus],
    [
      [0, 2, 1], [0, 2, 1, 3, 4], [0, 2, 1, 5, 3, 4], [0, 2, 1, 6, 5, 3, 4],
      [0, 2, 1, 7, 5, 6, 3, 4],
    ])
  func orderOfChannels(_ format: SampleFile, _ places: [Int]) throws {
    let channels = places.count
    let levels = (0..<channels).map { 0.1 + 0.1 * Float($0) }
    let samples = (0..<24_000).flatMap { time in
      levels.map { $0 * sin(Float(time) * 2 * .pi * 60 / 48_000) }
    }
    let path = folder.file("many")
    try format.write(samples, channels: channels, sampleRate: 48_000, to: path)
    // Of 5.1, encoders keep but the lowest of the LFE channel.
    for channel in 1...channels where channels != 6 || channel != 4 {
      let sound = try Recording.read(path: path, channel: channel).samples.dropFirst(4800)
      let level = sound.reduce(0) { max($0, $1.magnitude) }
      #expect(abs(level - levels[places[channel - 1]]) < 0.04, "\(channel)")
    }
  }

  /// Writers that never set positions.
  @Test(arguments: [SampleFile.oggVorbis, .opus]) func noPositions(_ format: SampleFile) throws {
    let part = try pages(format, seconds: 6)
    let recording = try read(
      part.map { page in
        var page = page
        page.replaceSubrange(6..<14, with: [UInt8](repeating: 0, count: 8))
        return OggChecksum.corrected(page)
      })
    #expect(abs(recording.duration - 6) < 0.1)
    #expect(recording.warning == nil)
  }

  /// What follows in another encoding is said, and is no damage.
  @Test func anotherEncodingBehind() throws {
    let part = try pages(seconds: 2)
    var page = part[0]
    // The first packet of Speex.
    page.replaceSubrange(28..<36, with: Array("Speex   ".utf8))
    page[14] ^= 0x55
    let recording = try read(part + [OggChecksum.corrected(page)])
    #expect(recording.warning == "goes on with Speex at 2 s, which is left out")
  }
}

/// The checksum of an Ogg page (RFC 3533).
enum OggChecksum {
  /// The page with the checksum that its bytes have.
  static func corrected(_ page: [UInt8]) -> [UInt8] {
    var page = page
    page.replaceSubrange(22..<26, with: [0, 0, 0, 0])
    var sum: UInt32 = 0
    for byte in page {
      sum ^= UInt32(byte) << 24
      for _ in 0..<8 { sum = sum & 0x8000_0000 != 0 ? sum << 1 ^ 0x04C1_1DB7 : sum << 1 }
    }
    page.replaceSubrange(22..<26, with: (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) })
    return page
  }
}
