import Foundation
import PIQAudioIO
import Testing

/// Windows that `classify --extract` cuts out as files.
@Suite struct ExtractionTests {
  private let space: Workspace
  private let run = ["classify", "--window", "1", "--extract", "cut"]

  init() throws { space = try Workspace() }

  private var cut: [String] {
    space.files.filter { $0.hasPrefix("cut/") }.map { String($0.dropFirst(4)) }
  }

  /// Each file has the bytes of its window, at the file's own rate, channels and encoding.
  @Test(arguments: [16, 24]) func samplesAreTheSame(bits: UInt16) throws {
    let wav = WAV.noise(3 * 44_100 + 31, channels: 2, sampleRate: 44_100, bits: bits)
    try space.write("in/a.wav", wav.bytes)
    let objects = try space.run(run + ["--json", "in"]).objects()
    #expect(cut.count == objects.count && objects.count > 4)
    let frame = 2 * Int(bits / 8)
    for object in objects {
      let (start, end) = (
        try #require(object["start"] as? Double), try #require(object["end"] as? Double)
      )
      let label = try #require(object["label"] as? String)
      let bytes = try space.bytes(String(format: "cut/a.%.3f-%.3f.\(label).wav", start, end))
      let (first, last) = (Int((start * 44_100).rounded()), Int((end * 44_100).rounded()))
      let window = wav.data[first * frame..<min(last * frame, wav.data.count)]
      var part = wav
      part.data = Array(window)
      #expect(Array(bytes.suffix(window.count)) == part.data)
      let header = try SoundFileReader(path: space.file("cut/a.\(Self.name(start, end, label))"))
      #expect(header.channels == 2 && header.sampleRate == 44_100)
      #expect(header.formatName.contains("\(bits) bit"))
    }
    space.expectNothingHalfWritten()
  }

  private static func name(_ start: Double, _ end: Double, _ label: String) -> String {
    String(format: "%.3f-%.3f.", start, end) + label + ".wav"
  }

  /// A clip that is not divided is one window; floating point stays floating point.
  @Test func aShortClipIsOneWindow() throws {
    let samples = (0..<5000).map { sin(Float($0) / 5) * 2 }
    try space.write("a.wav", WAV.floats(samples).bytes)
    let label = try #require(
      try space.run(["classify", "--json", "--extract", "cut", "a.wav"]).objects().first?["label"]
        as? String)
    #expect(cut == ["a.0.000-0.312.\(label).wav"] || cut == ["a.0.000-0.313.\(label).wav"])
    #expect(try Recording.read(path: space.file("cut/\(cut[0])")).samples == samples)
  }

  @Test func onlyWhatIsChosen() throws {
    let silence = [UInt8](repeating: 0, count: 64_000)
    let wav = WAV(data: WAV.noise(32_000).data + silence + WAV.noise(32_000).data)
    try space.write("a.wav", wav.bytes)
    let run = run + ["--overlap", "0", "a.wav"]
    try space.run(run + ["--min-level", "-60"]).expectSuccess()
    #expect(cut.map { $0.prefix(7) } == ["a.0.000", "a.1.000", "a.4.000", "a.5.000"])
    try FileManager.default.removeItem(atPath: space.file("cut"))
    let label = try #require(
      try space.run(["classify", "--json"] + run.dropFirst()).objects().first?["label"] as? String)
    try FileManager.default.removeItem(atPath: space.file("cut"))
    try space.run(run + ["-q", "--only", label]).expectSuccess()
    #expect(cut.allSatisfy { $0.hasSuffix(".\(label).wav") } && !cut.isEmpty)
    try FileManager.default.removeItem(atPath: space.file("cut"))
    try space.run(run + ["-q", "--min-probability", "1"]).expectSuccess()
    #expect(cut == [])
  }

  @Test func channelsAndFolders() throws {
    let wav = WAV.noise(16_000, channels: 2)
    try space.write("in/n/a.wav", wav.bytes)
    try space.run(["classify", "-q", "--channel", "each", "--extract", "cut", "in"]).expectSuccess()
    #expect(cut.map { $0.prefix(8) } == ["n/a.ch1.", "n/a.ch2."])
    for (channel, name) in cut.enumerated() {
      let whole = try Recording.read(path: space.file("in/n/a.wav"), channel: channel + 1)
      let part = try Recording.read(path: space.file("cut/\(name)"))
      #expect(part.samples == whole.samples && part.channels == 1)
    }
  }

  @Test func filesThatAreThere() throws {
    try space.writeGoodClip("a.wav")
    let run = ["classify", "--extract", "cut", "a.wav", "--existing"]
    try space.run(run + ["overwrite"]).expectSuccess()
    let name = try #require(cut.first)
    try space.write("cut/\(name)", [1])
    try space.run(run + ["skip"]).expectSuccess()
    #expect(try space.bytes("cut/\(name)") == [1])
    try space.run(run + ["fail"]).expectRefusal(naming: "cut/\(name)", "exists already")
    try space.run(run + ["overwrite"]).expectSuccess()
    #expect(try space.bytes("cut/\(name)").count > 1)
  }

  @Test func whatIsRefused() throws {
    try space.writeGoodClip("a.wav")
    try space.writeGoodClip("b/a.wav")
    let input = try space.run(["classify", "--extract", "cut", "-"], input: space.file("a.wav"))
    #expect(input.status == 64 && input.errors.contains("standard input is read once"))
    #expect(try space.run(["classify", "--extract", "", "a.wav"]).status == 64)
    // A folder that cannot be made stops the run before the work.
    let blocked = try space.run(["classify", "--extract", "a.wav/cut", "a.wav"])
    #expect(blocked.status == 1 && blocked.output == "")
    #expect(space.files == ["a.wav", "b/a.wav"])
  }
}
