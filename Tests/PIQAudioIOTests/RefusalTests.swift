import PIQAudioIO
import Testing

/// Every file that is refused, and the line that says so.
@Suite struct RefusalTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func missingFile() throws {
    let error = try refusal(folder.file("gone.wav"))
    #expect(
      error.description
        == "\(folder.file("gone.wav")): could not open it: no such file or directory; "
        + "check the path")
  }

  @Test func namesStayOnOneLine() throws {
    let error = try refusal(folder.file("a\nb.wav"))
    #expect(!error.description.contains("\n"))
  }

  @Test func aFolder() throws {
    #expect(try refusal(folder.path).problem == .folder)
  }

  @Test func aDevice() throws {
    #expect(try refusal("/dev/zero").problem == .notARegularFile)
  }

  @Test func noBytes() throws {
    #expect(try refusal(folder.file("a.wav", [])).problem == .empty)
  }

  @Test func text() throws {
    let path = try folder.file("a.wav", Array("dear diary, ".utf8))
    let error = try refusal(path)
    #expect(error.problem == .notSound)
    #expect(
      error.description == "\(path): holds no sound in a format that can be read; "
        + "convert it to WAV or FLAC, or check that it is a sound file")
  }

  @Test(arguments: ["a.flac", "a.wav", "a.ogg", "a.mp3", "a.raw", "a.gsm", "a.vox"])
  func randomBytes(_ name: String) throws {
    let path = try folder.file(name, noise(5000).map { UInt8(truncatingIfNeeded: Int($0 * 1e6)) })
    #expect(try refusal(path).problem == .notSound)
  }

  @Test func midiSampleDump() throws {
    let path = try folder.file("a.sds", [0xF0, 0x7E, 0, 1] + [UInt8](repeating: 7, count: 100))
    let error = try refusal(path)
    #expect(error.problem == .midiSampleDump)
    #expect(
      error.description
        == "\(path): is a MIDI sample dump, which is not read; convert it to WAV with sox")
  }

  @Test func noSamples() throws {
    #expect(try refusal(folder.file("a.wav", HandmadeWAV().bytes)).problem == .noSamples)
  }

  @Test func onlyTheHeaderOfAFLAC() throws {
    try Recording(samples: noise(1000), sampleRate: 16_000)
      .write(to: folder.file("a"), as: SoundFileFormat(defaultsOf: .flac))
    let path = try folder.file("b", Array(folder.bytes("a")[..<42]))
    #expect(try refusal(path).problem == .noSamples)
  }

  @Test func noChannels() throws {
    var wav = HandmadeWAV(pcm16: [1, 2, 3])
    wav.channels = 0
    #expect(try refusal(folder.file("a.wav", wav.bytes)).problem == .noChannels)
  }

  @Test(arguments: [0, 0xFFFF_FFFF] as [UInt32])
  func noSampleRate(_ rate: UInt32) throws {
    var wav = HandmadeWAV(pcm16: [1, 2, 3])
    wav.sampleRate = rate
    #expect(try refusal(folder.file("a.wav", wav.bytes)).problem == .noSampleRate)
  }

  @Test func tooManyChannels() throws {
    var wav = HandmadeWAV(pcm16: [1, 2, 3])
    wav.channels = 65_535
    let error = try refusal(folder.file("a.wav", wav.bytes))
    #expect(error.problem == .malformed("Too many channels specified"))
  }

  @Test func theHighestRateNeedsNoMemory() throws {
    var wav = HandmadeWAV(pcm16: [1, 2, 3])
    wav.sampleRate = UInt32(Int32.max)
    let recording = try Recording.read(path: folder.file("a.wav", wav.bytes))
    #expect(recording.sampleRate == Int(Int32.max))
    let resampler = Resampler(from: recording.sampleRate, to: 16_000)
    #expect(resampler.resample(recording.samples).count == 1)
  }

  @Test func aRateThatWouldGrowTheSoundBeyondReason() throws {
    var wav = HandmadeWAV(pcm16: [Int16](repeating: 1, count: 50_000))
    wav.sampleRate = 1
    let error = try refusal(folder.file("a.wav", wav.bytes))
    #expect(error.problem == .tooLong(seconds: 50_000, limit: 43_200))
    #expect(error.description.contains("cut it into shorter files"))
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func notFinite(_ value: Float) throws {
    // Beyond the first pass of the reader, in the second channel.
    var samples = [Float](repeating: 0.25, count: 2 * 70_000)
    samples[2 * 66_000 + 1] = value
    samples[2 * 68_000] = value
    var wav = HandmadeWAV(float32: samples)
    (wav.channels, wav.sampleRate) = (2, 44_000)
    let error = try refusal(folder.file("a.wav", wav.bytes))
    let what = value.isNaN ? "a value that is not a number" : "an infinite value"
    #expect(error.description.contains("has \(what) at 1.5 s (sample 66000, channel 2); "))
  }

  @Test func doublesBeyondTheRangeOfFloatAreInfinite() throws {
    let error = try refusal(folder.file("a.wav", HandmadeWAV(float64: [0, 1e300]).bytes))
    #expect(
      error.problem
        == .notFinite(value: .infinity, frame: 1, sampleRate: 8000, channel: 1))
  }

  @Test func everyTruncationAndMutationIsReadOrRefused() throws {
    try Recording(samples: noise(3000), sampleRate: 16_000)
      .write(to: folder.file("flac"), as: SoundFileFormat(defaultsOf: .flac))
    try SampleFile.oggVorbis.write(noise(3000), sampleRate: 16_000, to: folder.file("ogg"))
    try SampleFile.aiff.write(noise(3000), sampleRate: 16_000, to: folder.file("aiff"))
    _ = try folder.file("wav", HandmadeWAV(float32: noise(3000)).bytes)
    let values = noise(4000, level: 1)
    for name in ["flac", "ogg", "aiff", "wav"] {
      let bytes = try folder.bytes(name)
      for i in 0..<100 {
        var mutated = bytes
        if i.isMultiple(of: 2) {
          mutated = Array(bytes[..<(bytes.count * i / 100)])
        } else {
          for j in 0..<4 {
            // Mostly in the header.
            let place = (values[i * 8 + j] + 1) / 2 * Float(i % 3 == 0 ? bytes.count - 1 : 60)
            mutated[Int(place)] = UInt8(truncatingIfNeeded: Int(values[i * 8 + j + 4] * 1000))
          }
        }
        let path = try folder.file("mutated", mutated)
        do throws(SoundFileError) {
          let recording = try Recording.read(path: path)
          #expect(!recording.samples.isEmpty && recording.samples.allSatisfy(\.isFinite))
        } catch {
          #expect(error.description.hasPrefix(folder.path))
        }
      }
    }
  }

  private func refusal(_ path: String) throws -> SoundFileError {
    try #require(throws: SoundFileError.self) { try Recording.read(path: path) }
  }
}
