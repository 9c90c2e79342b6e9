import Foundation
import PIQAudioIO
import Testing

@Suite struct ReadingTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func sixteenBitsAreFractionsOfFullScale() throws {
    let path = try folder.file("a.wav", HandmadeWAV(pcm16: [0, 16384, -32768, 1]).bytes)
    let recording = try Recording.read(path: path)
    #expect(recording.samples == [0, 0.5, -1, 1 / 32768])
    #expect(recording.sampleRate == 8000)
    #expect(recording.channels == 1)
    #expect(recording.duration == 4.0 / 8000)
    #expect(recording.warning == nil)
  }

  @Test func eightAndTwentyFourBits() throws {
    var wav = HandmadeWAV()
    wav.bits = 8
    wav.data = [128, 192, 0]
    #expect(try samples(of: wav) == [0, 0.5, -1])
    wav.bits = 24
    wav.data = [0, 0, 0, 0, 0, 0x40, 0, 0, 0x80, 1, 0, 0]
    #expect(try samples(of: wav) == [0, 0.5, -1, 1 / 8_388_608])
  }

  @Test func floatsStayAsTheyAre() throws {
    #expect(try samples(of: HandmadeWAV(float32: [0.1, -3.5, 1e-30])) == [0.1, -3.5, 1e-30])
    #expect(try samples(of: HandmadeWAV(float64: [0.1, -3.5, 1e-30])) == [0.1, -3.5, 1e-30])
  }

  @Test func oneSample() throws {
    #expect(try samples(of: HandmadeWAV(pcm16: [16384])) == [0.5])
  }

  @Test func channelsAreAveraged() throws {
    var wav = HandmadeWAV(pcm16: [8, 0, 4, 4, -8, 8])
    wav.channels = 2
    #expect(try samples(of: wav) == [4, 4, 0].map { $0 / 32768 })
    wav = HandmadeWAV(pcm16: (0..<16).map { Int16($0 * 1024) })
    wav.channels = 8
    wav.sampleRate = 192_000
    let recording = try Recording.read(path: folder.file("8.wav", wav.bytes))
    #expect(recording.samples == [0.109375, 0.359375])
    #expect(recording.channels == 8)
    #expect(recording.sampleRate == 192_000)
  }

  @Test func theMeanOfHugeSamplesDoesNotOverflow() throws {
    let largest = Float.greatestFiniteMagnitude
    var wav = HandmadeWAV(float32: [largest, largest, largest, -largest])
    wav.channels = 2
    #expect(try samples(of: wav) == [largest, 0])
  }

  @Test(arguments: SampleFile.allCases)
  func everyFormatSoundsTheSame(_ format: SampleFile) throws {
    let path = folder.file("clip")
    let expected = sine(997, sampleRate: 48_000, count: 48_000)
    try format.write(
      expected.flatMap { [$0, $0] }, channels: 2, sampleRate: 48_000, to: path)
    let recording = try Recording.read(path: path)
    #expect(recording.sampleRate == 48_000)
    #expect(recording.channels == 2)
    #expect(recording.warning == nil)
    // Formats of fixed blocks may add a few samples.
    #expect((48_000..<49_200).contains(recording.samples.count))
    // Lossy encoders need a moment to begin and to end.
    #expect(difference(recording.samples[4000..<44_000], expected[4000..<44_000]) < 0.05)
  }

  @Test(arguments: [
    "with space.wav", "new\nline.wav", "ünïcødé 音.wav", "-dash.wav", "no extension", "a.raw",
    "x.vox",
  ])
  func anyNameWorks(_ name: String) throws {
    let path = try folder.file(name, HandmadeWAV(pcm16: [1, 2, 3]).bytes)
    #expect(try Recording.read(path: path).samples.count == 3)
  }

  @Test func blocksAddUpToTheWhole() throws {
    let path = folder.file("a.flac")
    let expected = noise(100_003)
    try Recording(samples: expected, sampleRate: 44_100)
      .write(to: path, as: SoundFileFormat(.flac, .pcm24))
    let reader = try SoundFileReader(path: path)
    #expect(reader.declaredFrames == 100_003)
    #expect(reader.formatName.contains("FLAC"))
    #expect(try reader.read(upTo: 0).isEmpty)
    var samples: [Float] = []
    while case let block = try reader.read(upTo: 7001), !block.isEmpty {
      #expect(block.count == 7001 || reader.isAtEnd)
      samples += block
    }
    #expect(reader.framesRead == 100_003)
    #expect(try reader.read(upTo: 10).isEmpty)
    #expect(difference(samples, expected) <= 1 / 8_388_608)
  }

  @Test func aPipeIsReadToItsEnd() throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    let bytes = HandmadeWAV(pcm16: [1, 2, 3]).bytes
    #expect(write(ends[1], bytes, bytes.count) == bytes.count)
    close(ends[1])
    defer { close(ends[0]) }
    #expect(try Recording.read(path: "/dev/fd/\(ends[0])").samples.count == 3)
  }

  private func samples(of wav: HandmadeWAV) throws -> [Float] {
    try Recording.read(path: folder.file(UUID().uuidString, wav.bytes)).samples
  }
}
