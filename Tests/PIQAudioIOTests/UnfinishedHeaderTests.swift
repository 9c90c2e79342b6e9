import PIQAudioIO
import Testing

/// Recordings whose writers were killed, or never knew how much would follow.
@Suite struct UnfinishedHeaderTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let count = 30_000

  /// A file of `format`, and where `mark` begins in it.
  private func make(_ format: SampleFile, _ mark: String) throws -> (bytes: [UInt8], place: Int) {
    try format.write(noise(Self.count), sampleRate: 16_000, to: folder.file("part"))
    let bytes = try folder.bytes("part")
    let mark = Array(mark.utf8)
    let place = bytes.indices.dropLast(4).first { bytes[$0..<$0 + 4].elementsEqual(mark) }
    return (bytes, try #require(place))
  }

  private func expectWhole(_ bytes: [UInt8], warning: Bool = true) throws {
    let recording = try Recording.read(path: folder.file("a", bytes))
    #expect(recording.samples.count == Self.count)
    #expect(recording.samples.contains { $0 != 0 })
    #expect(
      (recording.warning?.hasPrefix("has a header that was never finished") == true) == warning)
    if !warning { #expect(recording.warning == nil) }
  }

  /// As AVAudioFile leaves it: the header is padded to 4096 bytes, and its sizes are of that alone.
  @Test func paddedWAV() throws {
    let wav = HandmadeWAV(pcm16: (0..<Self.count).map { Int16(truncatingIfNeeded: $0 &* 77) }).bytes
    let padding =
      Array("JUNK".utf8) + littleEndian(UInt32(4008)) + [UInt8](repeating: 0, count: 4008)
    let bytes =
      Array("RIFF".utf8) + littleEndian(UInt32(4088)) + wav[8..<12] + padding + wav[12..<40]
      + littleEndian(UInt32(0)) + wav[44...]
    try expectWhole(bytes)
  }

  /// The header was brought up to date before the end.
  @Test func staleWAV() throws {
    var wav = HandmadeWAV(pcm16: (0..<Self.count).map { Int16(truncatingIfNeeded: $0 &* 77) })
    (wav.claimedDataSize, wav.claimedRIFFSize) = (20_000, 20_036)
    try expectWhole(wav.bytes)
  }

  @Test(arguments: ["LIST", "ID3\u{3}", "\0\0\0\0"]) func whatFollowsInAWAVIsNoSound(_ mark: String)
    throws
  {
    var wav = HandmadeWAV(pcm16: [Int16](repeating: 7, count: Self.count))
    wav.trailer =
      Array(mark.utf8) + littleEndian(UInt32(mark == "LIST" ? 8000 : 0))
      + [UInt8](repeating: 0, count: 8000)
    wav.claimedRIFFSize = UInt32(36 + wav.data.count)
    try expectWhole(wav.bytes, warning: false)
  }

  @Test(arguments: [0, 0xFF] as [UInt8]) func rf64(_ size: UInt8) throws {
    var (bytes, place) = try make(.rf64, "ds64")
    bytes.replaceSubrange(place + 8..<place + 32, with: [UInt8](repeating: 0, count: 24))
    let data = try #require(
      bytes.indices.dropLast(4).first { bytes[$0..<$0 + 4].elementsEqual("data".utf8) })
    bytes.replaceSubrange(data + 4..<data + 8, with: [UInt8](repeating: size, count: 4))
    try expectWhole(bytes)
  }

  @Test(arguments: [0, 8] as [UInt8]) func aiff(_ size: UInt8) throws {
    var (bytes, place) = try make(.aiff, "SSND")
    let common = try #require(
      bytes.indices.dropLast(4).first { bytes[$0..<$0 + 4].elementsEqual("COMM".utf8) })
    bytes.replaceSubrange(4..<8, with: [0, 0, 0, 0])
    bytes.replaceSubrange(common + 10..<common + 14, with: [0, 0, 0, 0])
    bytes.replaceSubrange(place + 4..<place + 8, with: [0, 0, 0, size])
    try expectWhole(bytes)
  }

  @Test(arguments: [0, 0xFF] as [UInt8]) func au(_ size: UInt8) throws {
    var bytes = try make(.au, ".snd").bytes
    bytes.replaceSubrange(8..<12, with: [UInt8](repeating: size, count: 4))
    try expectWhole(bytes, warning: size == 0)
  }

  @Test(arguments: [0, 24] as [UInt8]) func w64(_ size: UInt8) throws {
    var (bytes, place) = try make(.w64, "data")
    bytes.replaceSubrange(16..<24, with: [UInt8](repeating: 0, count: 8))
    bytes.replaceSubrange(place + 16..<place + 24, with: [size] + [UInt8](repeating: 0, count: 7))
    try expectWhole(bytes)
  }

  @Test(arguments: [0, 0xFF] as [UInt8]) func caf(_ size: UInt8) throws {
    func big(_ value: some FixedWidthInteger) -> [UInt8] { littleEndian(value).reversed() }
    let header =
      Array("caff".utf8) + big(UInt16(1)) + big(UInt16(0)) + Array("desc".utf8) + big(UInt64(32))
      + big((16_000.0).bitPattern) + Array("lpcm".utf8) + big(UInt32(2)) + big(UInt32(2))
      + big(UInt32(1)) + big(UInt32(1)) + big(UInt32(16)) + Array("data".utf8)
    let samples = (0..<Self.count).flatMap { littleEndian(Int16(truncatingIfNeeded: $0 &* 77)) }
    let bytes = header + [UInt8](repeating: size, count: 8) + big(UInt32(0)) + samples
    try expectWhole(bytes, warning: size == 0)
  }

  @Test(arguments: [SampleFile.aiff, .au]) func aTagBefore(_ format: SampleFile) throws {
    let tag = Array("ID3".utf8) + [3, 0, 0, 0, 0, 125, 0] + [UInt8](repeating: 0, count: 16_000)
    try expectWhole(tag + make(format, format == .au ? ".snd" : "FORM").bytes, warning: false)
  }

  /// Where `mark` begins in `bytes`.
  private func place(_ mark: String, in bytes: [UInt8]) throws -> Int {
    let mark = Array(mark.utf8)
    return try #require(
      bytes.indices.dropLast(4).first { bytes[$0..<$0 + mark.count].elementsEqual(mark) })
  }

  private static let noted = 20_000

  /// Sizes that were brought up to date for the last time before the end.
  @Test(arguments: [SampleFile.rf64, .aiff, .au, .w64]) func sizesNotedBeforeTheEnd(
    _ format: SampleFile
  ) throws {
    let mark = [SampleFile.rf64: "ds64", .aiff: "SSND", .au: ".snd", .w64: "data"][format] ?? ""
    var (bytes, place) = try make(format, mark)
    func big(_ value: Int) -> [UInt8] { littleEndian(UInt32(value)).reversed() }
    func wide(_ value: Int) -> [UInt8] { littleEndian(UInt64(value)) }
    switch format {
    case .rf64:
      let data = try self.place("data", in: bytes) + 8
      bytes.replaceSubrange(place + 8..<place + 16, with: wide(data - 8 + Self.noted))
      bytes.replaceSubrange(place + 16..<place + 24, with: wide(Self.noted))
    case .aiff:
      let common = try self.place("COMM", in: bytes)
      bytes.replaceSubrange(4..<8, with: big(place + 8 + Self.noted))
      bytes.replaceSubrange(common + 10..<common + 14, with: big(Self.noted / 3))
      bytes.replaceSubrange(place + 4..<place + 8, with: big(8 + Self.noted))
    case .au: bytes.replaceSubrange(8..<12, with: big(Self.noted))
    default:
      bytes.replaceSubrange(16..<24, with: wide(place + 24 + Self.noted))
      bytes.replaceSubrange(place + 16..<place + 24, with: wide(24 + Self.noted))
    }
    try expectWhole(bytes)
  }

  /// A header whose RIFF size is right, and whose data size is not.
  @Test func dataSizeNotedBeforeTheEnd() throws {
    var wav = HandmadeWAV(pcm16: (0..<Self.count).map { Int16(truncatingIfNeeded: $0 &* 77) })
    wav.claimedDataSize = UInt32(Self.noted)
    wav.claimedRIFFSize = UInt32(36 + 2 * Self.count)
    try expectWhole(wav.bytes)
  }

  /// BW64 is RF64 under another name; a pipe's sizes; no ds64 at all.
  @Test func otherWide() throws {
    let (bytes, place) = try make(.rf64, "ds64")
    try expectWhole(Array("BW64".utf8) + bytes[4...], warning: false)
    var pipe = bytes
    pipe.replaceSubrange(place + 8..<place + 24, with: [UInt8](repeating: 0xFF, count: 16))
    let data = try self.place("data", in: pipe)
    pipe.replaceSubrange(data + 4..<data + 8, with: [UInt8](repeating: 0xFF, count: 4))
    try expectWhole(pipe, warning: false)
    let wav = HandmadeWAV(pcm16: (0..<Self.count).map { Int16(truncatingIfNeeded: $0 &* 77) }).bytes
    try expectWhole(Array("RF64".utf8) + wav[4...])
  }

  @Test func bigEndianWAV() throws {
    func big(_ value: some FixedWidthInteger) -> [UInt8] { littleEndian(value).reversed() }
    let samples = (0..<Self.count).flatMap { big(Int16(truncatingIfNeeded: $0 &* 77)) }
    let format =
      big(UInt32(16)) + big(UInt16(1)) + big(UInt16(1)) + big(UInt32(16_000))
      + big(UInt32(32_000)) + big(UInt16(2)) + big(UInt16(16))
    try expectWhole(
      Array("RIFX".utf8) + big(UInt32(0)) + Array("WAVEfmt ".utf8) + format + Array("data".utf8)
        + big(UInt32(0)) + samples)
  }

  @Test func unknownSizesOfAU() throws {
    var bytes = try make(.au, ".snd").bytes
    bytes.replaceSubrange(8..<12, with: [0x7F, 0xFF, 0xFF, 0xFF])
    try expectWhole(bytes, warning: false)
  }

  /// Files that were cut are used as far as they go.
  @Test func cutCAFAndW64() throws {
    func big(_ value: some FixedWidthInteger) -> [UInt8] { littleEndian(value).reversed() }
    let header =
      Array("caff".utf8) + big(UInt16(1)) + big(UInt16(0)) + Array("desc".utf8) + big(UInt64(32))
      + big((16_000.0).bitPattern) + Array("lpcm".utf8) + big(UInt32(2)) + big(UInt32(2))
      + big(UInt32(1)) + big(UInt32(1)) + big(UInt32(16)) + Array("data".utf8)
    let caf =
      header + big(UInt64(4 + 2 * Self.count)) + big(UInt32(0))
      + (0..<Self.count).flatMap { littleEndian(Int16(truncatingIfNeeded: $0 &* 77)) }
    for (bytes, width) in [(caf, 2), (try make(.w64, "data").bytes, 4)] {
      let cut = Array(bytes.dropLast(10_000 * width))
      let recording = try Recording.read(path: folder.file("a", cut))
      #expect(abs(recording.samples.count - (Self.count - 10_000)) <= 4)
      #expect(recording.warning?.hasPrefix("ends early: the 1.25 s that are there") == true)
    }
  }
}
