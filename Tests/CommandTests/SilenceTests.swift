import Foundation
import Testing

/// Sound that says nothing has a class all the same; a warning says what it is worth.
@Suite struct SilenceTests {
  private static let length = 16_000

  /// Noise from `-level` to `level` in steps of 16 bits, the same for each seed.
  private static func noise(_ level: Int, seed: UInt32 = 1, count: Int = length) -> [Int] {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return Int(state >> 8) % (2 * level + 1) - level
    }
  }

  private static func wav(_ channels: [Int]..., bits: Int = 16, rate: UInt32 = 16_000) -> WAV {
    let data = channels[0].indices.flatMap { frame in
      channels.flatMap { littleEndian(Int32($0[frame])).prefix(bits / 8) }
    }
    return WAV(
      channels: UInt16(channels.count), sampleRate: rate, bits: UInt16(bits), data: Array(data))
  }

  private func warning(_ space: Workspace, _ arguments: [String]) throws -> String {
    let outcome = try space.run(["classify", "--json"] + arguments)
    #expect(outcome.status == 0)
    let object = try #require(try outcome.objects().last)
    let warning = object["warning"] as? String ?? ""
    // The line says what the JSON says, and which option helps.
    let said = outcome.errors.replacingOccurrences(of: " (--channel)", with: "")
    #expect(said == (warning.isEmpty ? "" : "piq-audio: warning: a.wav: \(warning)\n"))
    return warning
  }

  @Test func silenceIsSaid() throws {
    let space = try Workspace()
    let constant = [Int](repeating: 300, count: Self.length)
    let silent = [
      Self.wav([Int](repeating: 0, count: Self.length)), Self.wav(constant),
      Self.wav(constant, rate: 44_100), Self.wav(Self.noise(1), bits: 24),
      WAV.floats(Self.noise(1000).map { Float($0) * 1e-12 }),
    ]
    for (number, sound) in silent.enumerated() {
      try space.write("a.wav", sound.bytes)
      #expect(try warning(space, ["a.wav"]) == "is silent: its class says nothing", "\(number)")
    }
    // Where nothing is classified, no class has to be doubted.
    let skipped = try warning(space, ["--min-level", "-60", "a.wav"])
    #expect(skipped.contains("no window reaches") && !skipped.contains("is silent"))
  }

  @Test func quietSoundIsNotSilent() throws {
    let space = try Workspace()
    for sound in [
      // One step of 16 bits, -90 dB of full scale; three of 24 bits, -129.
      Self.wav(Self.noise(1)), Self.wav(Self.noise(3), bits: 24),
      Self.wav(Self.noise(1).map { $0 + 3000 }),
    ] {
      try space.write("a.wav", sound.bytes)
      #expect(try warning(space, ["a.wav"]) == "")
    }
  }

  @Test func silentWindowsAreCounted() throws {
    let space = try Workspace()
    let samples =
      Self.noise(9000) + [Int](repeating: 0, count: 2 * Self.length) + Self.noise(9000, seed: 2)
    try space.write("a.wav", Self.wav(samples).bytes)
    let run = ["--window", "1", "--overlap", "0", "a.wav"]
    #expect(try warning(space, run) == "2 of 4 windows are silent: their classes say nothing")
    let objects = try space.run(["classify", "--json"] + run).objects()
    #expect(objects.dropLast().map { $0["silent"] as? Bool } == [nil, true, true, nil])
    try space.run(["interpret", "-q", "--outputs", "json"] + run).expectSuccess()
    let windows = try #require(
      try space.json("a.interpretation.json")["windows"] as? [[String: Any]])
    #expect(windows.map { $0["silent"] as? Bool } == [nil, true, true, nil])
    #expect(windows.allSatisfy { $0["label"] is String })
    #expect(try warning(space, ["--min-level", "-60"] + run) == "")
  }

  @Test func channelsThatCancelAreSaid() throws {
    let space = try Workspace()
    let (x, y) = (Self.noise(9000), Self.noise(9000, seed: 7))
    try space.write("a.wav", Self.wav(x, x.map { -$0 }).bytes)
    #expect(
      try warning(space, ["a.wav"])
        == "has channels that cancel: nothing is left in their mean; one of them can be taken "
        + "instead; is silent: its class says nothing")
    try space.write("a.wav", Self.wav(x, x.map { -$0 * 9 / 10 }).bytes)
    let outcome = try space.run(["classify", "a.wav"])
    #expect(outcome.errors.contains("their mean is 26 dB below channel 1; "))
    #expect(outcome.errors.contains("one of them can be taken instead (--channel)"))
    #expect(try warning(space, ["--channel", "1", "a.wav"]) == "")
    // Channels of different sound, one alone, and one that is a little delayed.
    let zero = [Int](repeating: 0, count: Self.length)
    let delayed = [0, 0] + x.dropLast(2)
    for sound in [
      Self.wav(x, y), Self.wav(x, zero), Self.wav(x, delayed), Self.wav(x, x.map { -$0 / 2 }),
      Self.wav(x, zero, zero, zero, zero, zero, zero, zero),
    ] {
      try space.write("a.wav", sound.bytes)
      #expect(try warning(space, ["a.wav"]) == "")
    }
  }

  /// A picture of silence is as dark as its scale begins, and says what it is.
  @Test func picturesWarnToo() throws {
    let space = try Workspace()
    try space.write("a.wav", Self.wav([Int](repeating: 0, count: Self.length)).bytes)
    let outcome = try space.run(["spectrogram", "--json", "a.wav"])
    #expect(outcome.errors == "piq-audio: warning: a.wav: is silent\n")
    #expect(try outcome.objects().first?["warning"] as? String == "is silent")
  }

  /// What is doubtful about clips that are measured, once a clip.
  @Test func measuredClipsWarnToo() throws {
    let space = try Workspace()
    try space.write("data/rain/a.wav", Self.wav([Int](repeating: 0, count: Self.length)).bytes)
    try space.write("data/rain/b.wav", WAV.noise(Self.length).bytes)
    let x = Self.noise(1)
    try space.write("data/dog_bark/c.wav", Self.wav(x, x.map { -$0 }).bytes)
    try space.write("data/d.wav", WAV.noise(10).bytes)
    try space.write("data/read.me", [])
    let outcome = try space.run(["evaluate", "--json", "--method", "ones", "data"])
    #expect(outcome.status == 0)
    let lines = outcome.errors.split(separator: "\n")
    #expect(lines.count == 3)
    #expect(
      lines[0] == "piq-audio: warning: data: 1 sound is left out, the first d.wav: "
        + "not a file in the folder of a class")
    #expect(lines[1].hasPrefix("piq-audio: warning: data/dog_bark/c.wav: "))
    #expect(lines[1].contains("(--channel)") && lines[1].hasSuffix("is silent"))
    #expect(lines[2] == "piq-audio: warning: data/rain/a.wav: is silent")
  }
}
