import Foundation
import Testing

/// Inputs that are refused while the others are still done.
@Suite struct RefusedInputTests {
  struct BadFile: CustomTestStringConvertible, Sendable {
    let name: String
    /// Nil for a file that is not there.
    let bytes: [UInt8]?
    /// What the refusal has to say.
    let words: String

    var testDescription: String { "\(name): \(words)" }

    init(_ name: String, _ bytes: [UInt8]?, _ words: String) {
      (self.name, self.bytes, self.words) = (name, bytes, words)
    }
  }

  static let badFiles = [
    BadFile("bad.wav", nil, "could not open it: no such file or directory; check the path"),
    BadFile("bad.wav", Array("These are words.\n".utf8), "holds no sound"),
    BadFile("bad.wav", [], "is empty"),
    BadFile("bad.flac", WAV.noise(4000).data, "holds no sound"),
    BadFile("bad.flac", Array("fLaC".utf8) + WAV.noise(4000).data, "is damaged"),
    BadFile("bad.ogg", Array("OggS".utf8) + WAV.noise(4000).data, "is damaged"),
    BadFile("bad.wav", WAV(data: []).bytes, "has no samples"),
    BadFile("bad.wav", WAV(channels: 0, data: [1, 2, 3, 4]).bytes, "has no channels"),
    BadFile("bad.wav", WAV.noise(100, sampleRate: 0).bytes, "without a usable sample rate"),
    BadFile("bad.wav", WAV.noise(10, channels: .max).bytes, "is damaged"),
    BadFile(
      "bad.wav", WAV.floats([0, 0.5, .nan, 0]).bytes,
      "has a value that is not a number at 0 s (sample 2, channel 1)"),
    BadFile(
      "bad.wav", WAV.floats(floats(8001, -.infinity), channels: 2).bytes,
      "has an infinite value at 0.25 s (sample 4000, channel 2)"),
    BadFile("bad.wav", WAV.doubles([0, 1e300]).bytes, "has an infinite value at 0 s (sample 1"),
    BadFile("bad.wav", WAV.floats([0, 3e38]).bytes, "is too loud to compute with"),
  ]

  /// Zeros with `value` at `index`.
  private static func floats(_ index: Int, _ value: Float) -> [Float] {
    var samples = [Float](repeating: 0, count: 10_000)
    samples[index] = value
    return samples
  }

  @Test(arguments: badFiles) func badFile(_ bad: BadFile) throws {
    let space = try Workspace()
    try space.writeGoodClip()
    if let bytes = bad.bytes { try space.write(bad.name, bytes) }
    let outcome = try space.run([
      "interpret", "--json", "--outputs", "json", "-o", "out", bad.name, "good.wav",
    ])
    outcome.expectRefusal(naming: bad.name, bad.words)
    let objects = try outcome.objects()
    #expect(objects.count == 2)
    #expect(Set(objects[0].keys) == ["input", "error"])
    #expect(objects[0]["input"] as? String == bad.name)
    #expect("piq-audio: error: \(objects[0]["error"] ?? "")\n" == outcome.errors)
    #expect(objects[1]["input"] as? String == "good.wav")
    #expect(space.files.contains("out/good.interpretation.json"))
    space.expectNothingHalfWritten()
  }

  @Test(arguments: ["classify", "spectrogram"]) func otherCommands(command: String) throws {
    let space = try Workspace()
    try space.writeGoodClip()
    let outcome = try space.run([command, "--json", "bad.wav", "good.wav"])
    outcome.expectRefusal(naming: "bad.wav", "no such file")
    #expect(try outcome.objects().map { $0["input"] as? String } == ["bad.wav", "good.wav"])
  }

  @Test func folderWithoutSound() throws {
    let space = try Workspace()
    try space.writeGoodClip()
    try space.write("papers/letter.txt", [])
    let outcome = try space.run(["interpret", "--json", "--outputs", "json", "papers", "good.wav"])
    outcome.expectRefusal(naming: "papers", "holds no sound files")
    #expect(try outcome.objects().map { $0["input"] as? String } == ["papers", "good.wav"])
    #expect(space.files.contains("good.interpretation.json"))
  }

  @Test(arguments: ["/dev/null", "/dev/zero"]) func device(path: String) throws {
    let outcome = try Workspace().run(["classify", path])
    outcome.expectRefusal(naming: path, "is neither a file nor a pipe")
    #expect(outcome.output == "")
  }

  @Test func emptyStandardInput() throws {
    let outcome = try Workspace().run(["classify", "-"])
    outcome.expectRefusal(naming: "standard input", "is empty")
  }

  @Test func loopsAndDanglingLinks() throws {
    let space = try Workspace()
    let manager = FileManager.default
    try manager.createSymbolicLink(atPath: space.file("a.wav"), withDestinationPath: "b.wav")
    try manager.createSymbolicLink(atPath: space.file("b.wav"), withDestinationPath: "a.wav")
    try manager.createSymbolicLink(atPath: space.file("c.wav"), withDestinationPath: "nowhere")
    let outcome = try space.run(["classify", "a.wav", "c.wav"])
    #expect(outcome.status == 1)
    #expect(outcome.errorLines.count == 2)
    #expect(outcome.errorLines.first?.contains("symbolic links") == true)
    #expect(outcome.errorLines.last?.contains("no such file") == true)
  }

  @Test func oddNamesStayOnTheirLine() throws {
    let outcome = try Workspace().run(["classify", "two\nlines\u{1B}[31m.wav"])
    outcome.expectRefusal(naming: #"two\nlines\u{1b}[31m.wav"#, "no such file")
  }
}
