import Foundation
import PIQAudioIO
import Testing

/// Odd sound files and names that must work.
@Suite struct ValidInputTests {
  struct OddFile: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let wav: WAV

    init(_ name: String, _ wav: WAV) { (testDescription, self.wav) = (name, wav) }
  }

  private static let sound = WAV.noise(3000)

  static let oddFiles = [
    OddFile("silence", WAV(data: [UInt8](repeating: 0, count: 16_000))),
    OddFile("one sample", WAV(data: [1, 2])),
    OddFile("8 channels", .noise(3000, channels: 8)),
    OddFile("192 kHz", .noise(30_000, sampleRate: 192_000)),
    OddFile("1 Hz", .noise(3, sampleRate: 1)),
    OddFile("8 bits", .noise(3000, bits: 8)),
    OddFile("24 bits", .noise(3000, bits: 24)),
    OddFile("64-bit float", .doubles((0..<3000).map { sin(Double($0) / 7) })),
    OddFile("a header of unknown length, all ones", unknownLength(.max)),
    OddFile("a header of unknown length, zero", unknownLength(0)),
    OddFile(
      "an almost silent clip", .floats([Float](repeating: .leastNonzeroMagnitude, count: 3000))),
  ]

  private static func unknownLength(_ claim: UInt32) -> WAV {
    var wav = sound
    wav.claimedSize = claim
    return wav
  }

  @Test(arguments: oddFiles) func oddFile(_ odd: OddFile) throws {
    let space = try Workspace()
    try space.write("clip.wav", odd.wav.bytes)
    let outcome = try space.run(["interpret", "--json", "clip.wav"])
    #expect(outcome.status == 0)
    let report = try #require(try outcome.objects().first)
    // Those without any sound, or without its length, say so, and no others.
    let warning =
      switch odd.testDescription {
      case "silence", "one sample", "an almost silent clip": "is silent"
      case "a header of unknown length, zero": "has a header that was never finished"
      default: ""
      }
    #expect((report["warning"] as? String ?? "").hasPrefix(warning))
    #expect(outcome.errorLines.count == (warning.isEmpty ? 0 : 1))
    #expect(report["channels"] as? Int == Int(odd.wav.channels))
    #expect(report["sample_rate"] as? Int == Int(odd.wav.sampleRate))
    let duration = Double(odd.wav.frames) / Double(odd.wav.sampleRate)
    #expect(abs(try #require(report["duration"] as? Double) - duration) < 1e-9)
    #expect(
      space.files == [
        "clip.interpretation.json", "clip.interpretation.npz", "clip.interpretation.png",
        "clip.interpretation.wav", "clip.wav",
      ])
    // The interpretation covers the whole clip, however short.
    let sound = try Recording.read(path: space.file("clip.interpretation.wav"))
    #expect(sound.samples.count == Int((duration * 16_000).rounded(.up)))
    #expect(sound.sampleRate == 16_000)
  }

  @Test(arguments: [UInt32.max, 0]) func unknownLengthThroughAPipe(claim: UInt32) throws {
    let space = try Workspace()
    try space.write("clip.wav", Self.unknownLength(claim).bytes)
    let outcome = try space.shell(#"cat clip.wav | "$@""#, ["classify", "--json", "-"])
    #expect(outcome.status == 0)
    #expect(outcome.errorLines.count == (claim == 0 ? 1 : 0))
    let report = try #require(try outcome.objects().first)
    #expect(report["input"] as? String == "-")
    #expect(report["duration"] as? Double == 0.1875)
  }

  @Test(arguments: ["dog_bark.flac", "rooster.ogg"]) func cutInTheMiddle(clip: String) throws {
    let space = try Workspace()
    try space.write(clip, firstHalf(ofClip: clip))
    let outcome = try space.run(["interpret", "--json", clip])
    #expect(outcome.status == 0)
    #expect(outcome.errorLines.count == 1)
    #expect(outcome.errors.hasPrefix("piq-audio: warning: \(clip): ends early: "))
    let report = try #require(try outcome.objects().first)
    #expect((report["warning"] as? String)?.hasPrefix("ends early: ") == true)
    let duration = try #require(report["duration"] as? Double)
    #expect(duration > 0.5 && duration < 4)
    #expect(space.files.count == 5)
  }

  @Test(arguments: [
    "two words.wav", "two\nlines.wav", "ünïcödé 音 🐕.wav", "e\u{301}.wav", "tab\t.wav", "-v.wav",
    "--json", "no extension", ".hidden", "a.b.c.wav", "'quoted' \"twice\" $HOME `x` \\.wav",
  ])
  func oddName(name: String) throws {
    let space = try Workspace()
    try space.writeGoodClip(name)
    let outcome = try space.run(["interpret", "--json", "--outputs", "json,audio", "--", name])
    outcome.expectSuccess()
    let report = try #require(try outcome.objects().first)
    #expect(report["input"] as? String == name)
    let outputs = try #require(report["outputs"] as? [String: String])
    #expect(Set(space.files) == Set([name] + outputs.values))
    let table = try space.run(["classify", "--", name])
    table.expectSuccess()
    #expect(table.outputLines.count == 1)
  }

  @Test func namesThatOnlyLookTheSame() throws {
    let space = try Workspace()
    for name in ["in/\u{e9}.wav", "in/e\u{301}.wav"] { try space.writeGoodClip(name) }
    let outcome = try space.run(["interpret", "--outputs", "json", "-o", "out", "in"])
    outcome.expectSuccess()
    #expect(space.files.filter { $0.hasPrefix("out/") }.count == 2)
  }

  @Test func soundOnStandardInput() throws {
    let space = try Workspace()
    let clip = Program.fixture("clips/rooster.ogg")
    let outcome = try space.run(
      ["interpret", "--json", "--outputs", "json,audio", "-"], input: clip)
    outcome.expectSuccess()
    #expect(space.files == ["stdin.interpretation.json", "stdin.interpretation.wav"])
    let piped = try #require(try outcome.objects().first)
    let named = try #require(try space.run(["classify", "--json", clip]).objects().first)
    #expect(piped["probability"] as? Double == named["probability"] as? Double)
  }

  @Test func namedPipe() throws {
    let space = try Workspace()
    try space.writeGoodClip()
    let outcome = try space.shell(
      #"mkfifo pipe.wav && { cat good.wav > pipe.wav & "$@"; }"#,
      ["classify", "--json", "pipe.wav"])
    outcome.expectSuccess()
    #expect(try outcome.objects().first?["duration"] as? Double == 0.125)
  }

  @Test func withoutHomeAndInAnotherLocale() throws {
    let space = try Workspace()
    try space.writeGoodClip("ü.wav")
    let outcome = try space.run(["classify", "ü.wav"], environment: ["LANG": "C", "LC_ALL": "C"])
    outcome.expectSuccess()
    #expect(outcome.output.hasSuffix("%  ü.wav\n"))
  }
}
