import PIQAudioIO
import TestSupport
import Testing

/// MP3 with and without the headers that say how long it is.
@Suite struct MPEGTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let seconds = 6

  /// An MP3 of six seconds, whose first frame holds its length.
  private func mp3(rate: Int = 44_100, channels: Int = 1) throws -> [UInt8] {
    // Silence after a loud second: the bit rate varies, and its beginning says little.
    let loud = noise(rate * channels)
    let rest = sine(
      1500, sampleRate: rate, count: rate * (Self.seconds - 1) * channels, level: 0.01)
    try SampleFile.mp3.write(
      loud + rest, channels: channels, sampleRate: rate, to: folder.file("part"))
    let bytes = try folder.bytes("part")
    return bytes
  }

  /// The places of the frames of an MP3 without tags.
  private func frames(_ bytes: [UInt8]) -> [Int] {
    var (places, place): ([Int], Int) = ([], 0)
    let isFirstVersion = bytes[1] & 8 != 0
    let rates = isFirstVersion ? [44_100, 48_000, 32_000] : [22_050, 24_000, 16_000]
    let kilobits =
      isFirstVersion
      ? [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
      : [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]
    while place + 4 <= bytes.count, bytes[place] == 0xFF {
      places.append(place)
      let rate = rates[Int(bytes[place + 2] >> 2 & 3)]
      let bits = kilobits[Int(bytes[place + 2] >> 4)] * 1000
      place += (isFirstVersion ? 144 : 72) * bits / rate + Int(bytes[place + 2] >> 1 & 1)
    }
    return places
  }

  private func withoutTag(_ bytes: [UInt8]) throws -> [UInt8] {
    let places = frames(bytes)
    try #require(places.count > 50)
    return Array(bytes[places[1]...])
  }

  private func read(_ bytes: [UInt8]) throws -> Recording {
    try Recording.read(path: folder.file("a.mp3", bytes))
  }

  @Test(arguments: [44_100, 16_000], [1, 2])
  func withItsLength(_ rate: Int, _ channels: Int) throws {
    let recording = try read(mp3(rate: rate, channels: channels))
    #expect(recording.samples.count == Self.seconds * rate)
    #expect(recording.channels == channels)
    #expect(recording.warning == nil)
  }

  @Test(arguments: [44_100, 16_000]) func withoutItsLength(_ rate: Int) throws {
    let recording = try read(withoutTag(mp3(rate: rate)))
    let frame = rate == 44_100 ? 1152 : 576
    let surplus = recording.samples.count - Self.seconds * rate
    #expect((0...3 * frame).contains(surplus))
    #expect(recording.warning == nil)
  }

  @Test func joinedFiles() throws {
    let (first, second) = (try mp3(), try mp3(rate: 16_000, channels: 2))
    let same = try read(first + first)
    #expect(same.samples.count == 2 * Self.seconds * 44_100)
    #expect(same.warning == nil)
    let other = try read(first + second)
    #expect(abs(other.duration - Double(2 * Self.seconds)) < 0.001)
    #expect(other.warning?.hasPrefix("has parts of different rates or channels") == true)
  }

  /// Tags before, between and behind.
  @Test func tags() throws {
    let size = 3000
    let before =
      Array("ID3".utf8) + [4, 0, 0, 0, 0, UInt8(size >> 7), UInt8(size & 127)]
      // What looks like frames is none in a tag.
      + [UInt8](repeating: 0xFF, count: size)
    let behind = Array("TAG".utf8) + [UInt8](repeating: 0x20, count: 125)
    let footer =
      Array("APETAGEX".utf8) + littleEndian(UInt32(2000)) + littleEndian(UInt32(132))
      + littleEndian(UInt32(1)) + littleEndian(UInt32(0)) + [UInt8](repeating: 0, count: 8)
    let ape = [UInt8](repeating: 0x41, count: 100) + footer
    let part = try mp3()
    let recording = try read(before + part + behind + before + part + ape + behind)
    #expect(recording.samples.count == 2 * Self.seconds * 44_100)
    #expect(recording.warning == nil)
  }

  @Test(arguments: [10, 100, 100_000]) func zerosBehindAreNoSound(_ count: Int) throws {
    let bytes = try mp3() + [UInt8](repeating: 0, count: count)
    #expect(try read(bytes).samples.count == Self.seconds * 44_100)
    #expect(try read(bytes).warning == nil)
    #expect(try read(withoutTag(bytes)).warning == nil)
  }

  @Test func somethingBefore() throws {
    let recording = try read(Array("icy-name: a radio\r\n\r\n".utf8) + withoutTag(mp3()))
    #expect(recording.duration > 5.99)
    #expect(recording.warning == nil)
  }

  @Test func cutWithinAFrame() throws {
    let bytes = try mp3()
    let places = frames(bytes)
    let end = places[places.count / 2] + 20
    let known = try read(Array(bytes[..<end]))
    #expect(known.warning?.hasPrefix("ends early: ") == true)
    #expect(known.warning?.contains(" of 6 s are there and used") == true)
    let unknown = try read(withoutTag(Array(bytes[..<end])))
    #expect(unknown.warning?.hasPrefix("ends early: the ") == true)
  }

  @Test func overwrittenFramesAreSilent() throws {
    var bytes = try mp3()
    let places = frames(bytes)
    for i in places[100]..<places[120] { bytes[i] = 0 }
    for bytes in [bytes, try withoutTag(bytes)] {
      let recording = try read(bytes)
      #expect((0...3 * 1152).contains(recording.samples.count - Self.seconds * 44_100))
      #expect(recording.warning?.hasPrefix("has a hole at 2.") == true)
    }
  }

  /// Frames whose headers are whole, and whose contents are not.
  @Test func damagedContents() throws {
    var bytes = try mp3(channels: 2)
    let places = frames(bytes)
    // Within the loud second; behind header and side information.
    for frame in 15..<25 { for i in places[frame] + 36..<places[frame + 1] { bytes[i] = 0x5A } }
    let recording = try read(bytes)
    #expect(recording.samples.count == Self.seconds * 44_100)
    #expect(recording.samples.allSatisfy { $0.magnitude < 8 })
    #expect(recording.warning?.contains("hole") == true, "\(recording.warning ?? "")")
    // What follows is at its time.
    let whole = try read(mp3(channels: 2))
    #expect(recording.samples.suffix(44_100) == whole.samples.suffix(44_100))
  }

  /// Frames that do not say their size (lame --freeformat).
  @Test func freeFormat() throws {
    let recording = try Recording.read(path: Fixtures.path("sounds/free-format.mp3"))
    #expect(recording.warning == nil)
    // A sine of 440 Hz at half of full scale.
    let middle = recording.samples[8_000..<16_000]
    let power = middle.reduce(0) { $0 + $1 * $1 } / Float(middle.count)
    #expect(abs(power - 0.125) < 0.01)
    let crossings = zip(middle, middle.dropFirst()).count { $0 < 0 && $1 >= 0 }
    #expect(abs(crossings - 8_000 * 440 / 44_100) <= 1)
  }

  /// The number of frames in the first one tells how many are missing.
  @Test func framesThatWereCutOut() throws {
    let bytes = try mp3()
    let places = frames(bytes)
    let cut = Array(bytes[..<(places[100] + 30)] + bytes[places[120]...])
    let known = try read(cut)
    #expect(known.samples.count == Self.seconds * 44_100)
    #expect(known.warning?.hasPrefix("has a hole at 2.") == true)
    let unknown = try read(withoutTag(cut))
    #expect(unknown.warning?.contains("what follows may be too early") == true)
  }

  @Test func withinWAV() throws {
    let sound = try withoutTag(mp3())
    var wav = HandmadeWAV()
    (wav.format, wav.bits, wav.sampleRate) = (0x55, 0, 44_100)
    wav.data = sound
    let recording = try Recording.read(path: folder.file("a.wav", wav.bytes))
    #expect(recording.duration > 5.99 && recording.duration < 6.08)
    #expect(recording.warning == nil)
  }
}
