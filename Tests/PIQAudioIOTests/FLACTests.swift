import PIQAudioIO
import Testing

/// FLAC with something before, within or behind it.
@Suite struct FLACTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let count = 100_000

  private func flac() throws -> [UInt8] {
    try Recording(samples: noise(Self.count), sampleRate: 16_000)
      .write(to: folder.file("part"), as: SoundFileFormat(defaultsOf: .flac))
    return try folder.bytes("part")
  }

  /// The same without the number of its samples.
  private func withoutLength(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    // The 36 bits of the frame count in STREAMINFO.
    bytes[21] &= 0xF0
    bytes.replaceSubrange(22..<26, with: [0, 0, 0, 0])
    return bytes
  }

  private func read(_ bytes: [UInt8]) throws -> Recording {
    try Recording.read(path: folder.file("a.flac", bytes))
  }

  private static let tag = Array("TAG".utf8) + [UInt8](repeating: 0, count: 125)

  @Test(arguments: [tag, [UInt8](repeating: 0, count: 50_000), [1, 2, 3]])
  func whatFollowsIsNoSound(_ tail: [UInt8]) throws {
    for bytes in [try flac(), withoutLength(try flac())] {
      let recording = try read(bytes + tail)
      #expect(recording.samples.count == Self.count)
      #expect(recording.warning == nil)
    }
  }

  @Test func aTagBefore() throws {
    let tag = Array("ID3".utf8) + [4, 0, 0, 0, 0, 1, 0] + [UInt8](repeating: 0, count: 128)
    #expect(try read(tag + flac()).samples.count == Self.count)
  }

  @Test(arguments: [0, 1]) func damageIsSilentAndKeepsTime(_ isCutOut: Int) throws {
    var bytes = try flac()
    let whole = try read(bytes).samples
    let middle = bytes.count / 2
    if isCutOut == 1 {
      bytes.removeSubrange(middle..<(middle + 40_000))
    } else {
      for i in middle..<(middle + 100) { bytes[i] ^= 0x55 }
    }
    for bytes in [bytes, withoutLength(bytes)] {
      let recording = try read(bytes)
      #expect(recording.samples.count == Self.count)
      #expect(recording.samples[..<40_000] == whole[..<40_000])
      #expect(recording.samples[80_000...] == whole[80_000...])
      #expect(recording.warning?.hasPrefix("has a hole at ") == true)
    }
  }

  @Test func joinedFiles() throws {
    let bytes = try flac()
    let recording = try read(bytes + bytes)
    #expect(recording.samples.count == 2 * Self.count)
    #expect(recording.warning == nil)
  }

  @Test func cutWithoutAKnownLength() throws {
    let bytes = withoutLength(try flac())
    let recording = try read(Array(bytes[..<(bytes.count / 2)]))
    #expect(recording.warning?.hasPrefix("ends early: the ") == true)
  }
}
