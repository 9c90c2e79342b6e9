import PIQAudioIO
import Testing

/// Files that stop too early, and headers written before anybody knew how much would follow.
@Suite struct CutFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func flac() throws {
    try Recording(samples: noise(80_000), sampleRate: 16_000)
      .write(to: folder.file("a"), as: SoundFileFormat(defaultsOf: .flac))
    try expectCut("a", complete: 80_000, warning: "of 5 s")
  }

  @Test(arguments: [SampleFile.oggVorbis, .opus])
  func ogg(_ format: SampleFile) throws {
    let samples = noise(48_000 * 5)
    try format.write(samples, sampleRate: 48_000, to: folder.file("a"))
    #expect(try Recording.read(path: folder.file("a")).warning == nil)
    try expectCut("a", complete: samples.count, warning: "that are there are used")
  }

  @Test(arguments: [SampleFile.aiff, .au, .rf64, .w64])
  func others(_ format: SampleFile) throws {
    try format.write(noise(8000), sampleRate: 8000, to: folder.file("a"))
    try expectCut("a", complete: 8000, warning: "that are there are used")
  }

  @Test func wav() throws {
    _ = try folder.file("a", HandmadeWAV(pcm16: [Int16](repeating: 7, count: 8000)).bytes)
    try expectCut("a", complete: 8000, warning: "that are there are used")
  }

  @Test(arguments: [0xFFFF_FFFF, 0x7FFF_FFFF, 0x7FFF_0000, 0] as [UInt32], [true, false])
  func unknownLength(_ size: UInt32, _ alsoRIFF: Bool) throws {
    // A sound longer than a header, so that a parser that goes on behind the empty chunk fails.
    let samples = (0..<5000).map { Int16($0) }
    var wav = HandmadeWAV(pcm16: samples)
    wav.claimedDataSize = size
    wav.claimedRIFFSize = alsoRIFF ? size : size == 0 ? 36 : nil
    let recording = try Recording.read(path: folder.file("a.wav", wav.bytes))
    #expect(recording.samples == samples.map { Float($0) / 32768 })
    // Zeros are also what a recorder leaves that was killed.
    let warning = "has a header that was never finished: all 0.625 s behind it are used"
    #expect(recording.warning == (size == 0 ? warning : nil))
  }

  @Test func anEmptyDataChunkBeforeAnotherIsNotSound() throws {
    var wav = HandmadeWAV()
    wav.trailer = Array("LIST".utf8) + littleEndian(UInt32(4)) + Array("INFO".utf8)
    let path = try folder.file("a.wav", wav.bytes)
    #expect(throws: SoundFileError(path: path, problem: .noSamples)) {
      try Recording.read(path: path)
    }
  }

  @Test func unknownLengthInFLAC() throws {
    try Recording(samples: noise(30_000), sampleRate: 16_000)
      .write(to: folder.file("a"), as: SoundFileFormat(defaultsOf: .flac))
    var bytes = try folder.bytes("a")
    // The 36 bits of the frame count in STREAMINFO.
    bytes[21] &= 0xF0
    bytes.replaceSubrange(22..<26, with: [0, 0, 0, 0])
    let reader = try SoundFileReader(path: folder.file("b", bytes))
    #expect(reader.declaredFrames == nil)
    #expect(try reader.read(upTo: .max).count == 30_000)
    #expect(reader.isAtEnd)
    #expect(reader.warning == nil)
  }

  private func expectCut(_ name: String, complete: Int, warning: String) throws {
    let bytes = try folder.bytes(name)
    let whole = try Recording.read(path: folder.file(name))
    #expect(whole.samples.count == complete)
    let path = try folder.file("cut", Array(bytes[..<(bytes.count / 2)]))
    let cut = try Recording.read(path: path)
    #expect(cut.samples.count > complete / 4 && cut.samples.count < complete * 3 / 4)
    #expect(cut.samples.elementsEqual(whole.samples[..<cut.samples.count]))
    let text = try #require(cut.warning)
    #expect(text.hasPrefix("ends early") && text.contains(warning))
  }
}
