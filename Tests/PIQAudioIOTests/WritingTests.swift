import Foundation
import PIQAudioIO
import PIQPlatform
import Testing

@Suite struct WritingTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  static let formats = AudioFormat.allCases.flatMap { format in
    format.encodings.compactMap { try? SoundFileFormat(format, $0) }
  }

  @Test(arguments: formats)
  func whatIsWrittenIsRead(_ format: SoundFileFormat) throws {
    let expected = Recording(samples: noise(70_001) + [-1, 0.25], sampleRate: 22_050)
    let clipped = try expected.write(to: folder.file("a"), as: format)
    #expect(clipped == 0)
    let actual = try Recording.read(path: folder.file("a"))
    #expect(actual.sampleRate == 22_050)
    #expect(actual.channels == 1)
    let step: Float = format.encoding.bits == 16 ? 1 / 32768 : 1 / 8_388_608
    let tolerance = format.encoding.isInteger ? step / 2 : 0
    #expect(difference(actual.samples, expected.samples) <= tolerance)
  }

  @Test(arguments: formats)
  func inMemoryItIsTheSameFile(_ format: SoundFileFormat) throws {
    let recording = Recording(samples: noise(70_001), sampleRate: 16_000)
    try recording.write(to: folder.file("a"), as: format)
    #expect(try recording.bytes(as: format, name: "a") == [UInt8](folder.bytes("a")))
    let error = #expect(throws: SoundFileError.self) {
      try Recording(samples: [.nan], sampleRate: 16_000).bytes(as: format, name: "b")
    }
    #expect(error?.path == "b")
  }

  @Test func equalSamplesMakeEqualBytes() throws {
    let recording = Recording(samples: noise(5000), sampleRate: 16_000)
    func name(_ format: SoundFileFormat) -> String {
      "\(format.encoding.rawValue).\(format.format.fileExtension)"
    }
    for format in Self.formats { try recording.write(to: folder.file(name(format)), as: format) }
    let first = try Self.formats.map { try folder.bytes(name($0)) }
    // A timestamp would differ by a second.
    Thread.sleep(forTimeInterval: 1.1)
    for format in Self.formats { try recording.write(to: folder.file(name(format)), as: format) }
    #expect(try Self.formats.map { try folder.bytes(name($0)) } == first)
    #expect(try folder.contents == Self.formats.map(name).sorted())
  }

  @Test(arguments: [SampleEncoding.pcm16, .pcm24])
  func integersComeBackUnchanged(_ encoding: SampleEncoding) throws {
    let path = try folder.file("in", HandmadeWAV(pcm16: (-500..<500).map { Int16($0 * 65) }).bytes)
    let samples = try Recording.read(path: path).samples
    for format in AudioFormat.allCases {
      try Recording(samples: samples, sampleRate: 8000)
        .write(to: folder.file("out"), as: SoundFileFormat(format, encoding))
      #expect(try Recording.read(path: folder.file("out")).samples == samples)
    }
  }

  @Test(arguments: formats)
  func onlyIntegersAreClipped(_ format: SoundFileFormat) throws {
    let samples: [Float] = [0.5, 1, 1.5, -1, -1.001, 1e30]
    let clipped = try Recording(samples: samples, sampleRate: 16_000)
      .write(to: folder.file("a"), as: format)
    let actual = try Recording.read(path: folder.file("a")).samples
    if format.encoding.isInteger {
      #expect(clipped == 3)
      #expect(difference(actual, [0.5, 1, 1, -1, -1, 1]) <= 1 / 32768)
    } else {
      #expect(clipped == 0)
      #expect(actual == samples)
    }
  }

  @Test func blocksMakeTheSameFile() throws {
    let samples = noise(200_000)
    try Recording(samples: samples, sampleRate: 16_000).write(to: folder.file("a.wav"))
    try SoundFileWriter.write(to: folder.file("b.wav"), sampleRate: 16_000) { writer in
      for start in stride(from: 0, to: samples.count, by: 777) {
        try writer.write(Array(samples[start..<min(start + 777, samples.count)]))
      }
    }
    #expect(try folder.bytes("a.wav") == folder.bytes("b.wav"))
  }

  @Test func encodingsThatDoNotFit() {
    let error = #expect(throws: UnsupportedEncoding.self) { try SoundFileFormat(.flac, .float32) }
    #expect(
      error?.description == "flac: cannot hold float32 samples; choose one of pcm16, pcm24")
  }

  @Test(arguments: formats)
  func noSamples(_ format: SoundFileFormat) throws {
    let path = folder.file("a")
    #expect(throws: SoundFileError(path: path, problem: .noSamples)) {
      try Recording(samples: [], sampleRate: 16_000).write(to: path, as: format)
    }
    #expect(try folder.contents.isEmpty)
  }

  @Test func defaults() throws {
    #expect(try SoundFileFormat(.wav, nil) == .standard)
    #expect(SoundFileFormat.standard.encoding == .float32)
    #expect(try SoundFileFormat(.flac, nil).encoding == .pcm24)
  }

  @Test func samplesThatAreNotFinite() throws {
    let recording = Recording(samples: [0, 1, .nan], sampleRate: 16_000)
    for format in Self.formats {
      let error = try #require(throws: SoundFileError.self) {
        try recording.write(to: folder.file("a.wav"), as: format)
      }
      #expect(error.description.contains("sample 2"))
    }
    #expect(try folder.contents.isEmpty)
  }

  @Test(arguments: [0, -1, 1 << 40])
  func impossibleRates(_ rate: Int) throws {
    #expect(throws: SoundFileError.self) {
      try Recording(samples: [0], sampleRate: rate).write(to: folder.file("a.wav"))
    }
    #expect(try folder.contents.isEmpty)
  }

  @Test func aFailureLeavesTheOlderFile() throws {
    let path = try folder.file("a.wav", [1, 2, 3])
    struct Interruption: Error {}
    #expect(throws: Interruption.self) {
      try SoundFileWriter.write(to: path, sampleRate: 16_000) { writer in
        try writer.write(noise(1000))
        throw Interruption()
      }
    }
    #expect(try folder.bytes("a.wav") == [1, 2, 3])
    #expect(try folder.contents == ["a.wav"])
  }

  @Test func aFolderThatIsNotThere() throws {
    let path = folder.file("none/a.wav")
    let error = try #require(throws: Failure.self) {
      try Recording(samples: [0], sampleRate: 16_000).write(to: path)
    }
    #expect(
      error.description == "\(path): could not write it: no such file or directory; check the path")
  }

  @Test func aFolderInPlaceOfTheFile() throws {
    #expect(throws: Failure.self) {
      try Recording(samples: [0], sampleRate: 16_000).write(to: folder.path)
    }
  }

  /// Whether this process may mount a disk of its own.
  static let mayMount: Bool = {
    guard let folder = try? TemporaryFolder(),
      mount("tmpfs", folder.path, "tmpfs", 0, "size=64k") == 0
    else { return false }
    return umount2(folder.path, 0) == 0
  }()

  @Test(.enabled(if: mayMount, "needs the right to mount"), arguments: formats)
  func aFullDisk(_ format: SoundFileFormat) throws {
    let disk = folder.file("disk")
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
    try #require(mount("tmpfs", disk, "tmpfs", 0, "size=64k") == 0)
    defer { umount2(disk, 0) }
    // Both larger than the disk, and just too large for what other files leave of it.
    for count in [300_000, 20_000] {
      let other = [UInt8](repeating: 0, count: count == 300_000 ? 0 : 48_000)
      _ = try folder.file("disk/other", other)
      let error = try #require(throws: SoundFileError.self) {
        try Recording(samples: noise(count), sampleRate: 16_000).write(to: disk + "/a", as: format)
      }
      #expect(
        error.description == "\(disk)/a: could not write it: no space left on device; "
          + "free some disk space and try again")
      #expect(try FileManager.default.contentsOfDirectory(atPath: disk) == ["other"])
    }
  }
}
