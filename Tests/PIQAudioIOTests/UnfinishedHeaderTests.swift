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
}
