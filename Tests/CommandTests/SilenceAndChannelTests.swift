import Foundation
import PIQAudioIO
import Testing

/// Sound that says nothing, and the channels of a sound.
@Suite struct SilenceAndChannelTests {
  private let space: Workspace

  init() throws { space = try Workspace() }

  /// Writes a 16-bit file of a second, a value for each frame and channel.
  private func write(
    _ name: String, channels: Int, rate: Int = 16_000, _ value: (Int, Int) -> Double
  ) throws {
    let data = (0..<rate).flatMap { frame in
      (0..<channels).flatMap { littleEndian(Int16(value(frame, $0).rounded())) }
    }
    try space.write(
      name, WAV(channels: UInt16(channels), sampleRate: UInt32(rate), data: data).bytes)
  }

  private func tone(_ frame: Int, _ frequency: Double) -> Double {
    8000 * sin(2 * .pi * frequency * Double(frame) / 16_000)
  }

  @Test func silenceIsSaid() throws {
    try write("zero.wav", channels: 1) { _, _ in 0 }
    try write("dead.wav", channels: 1) { _, _ in 700 }
    // The faintest that 16 bits can hold is a recording.
    try write("faint.wav", channels: 1) { frame, _ in frame % 7 == 0 ? 1 : 0 }
    let objects = try space.run(["classify", "--json", "zero.wav", "dead.wav", "faint.wav"])
      .objects()
    #expect(
      objects.map { ($0["warning"] as? String)?.contains("is silent") } == [true, true, nil])
    #expect(objects.allSatisfy { $0["label"] != nil })
    let outcome = try space.run(["interpret", "zero.wav"])
    #expect(outcome.errors == "piq-audio: warning: zero.wav: is silent: its class says nothing\n")
  }

  @Test func stereoThatCancels() throws {
    try write("anti.wav", channels: 2) { frame, channel in
      tone(frame, 440) * (channel == 0 ? 1 : -1)
    }
    try write("wide.wav", channels: 2) { frame, channel in tone(frame, channel == 0 ? 440 : 1234) }
    let outcome = try space.run(["classify", "--json", "anti.wav", "wide.wav"])
    let objects = try outcome.objects()
    #expect((objects[0]["warning"] as? String)?.contains("cancel") == true)
    #expect(objects[1]["warning"] == nil)
    #expect(outcome.errors.contains("--channel"))
  }

  @Test func oneChannel() throws {
    try write("a.wav", channels: 2) { frame, channel in tone(frame, channel == 0 ? 440 : 1234) }
    for channel in 1...2 {
      try write("mono\(channel).wav", channels: 1) { frame, _ in
        tone(frame, channel == 1 ? 440 : 1234)
      }
      let one = try space.run(["classify", "--json", "--channel", "\(channel)", "a.wav"]).objects()
      let mono = try space.run(["classify", "--json", "mono\(channel).wav"]).objects()
      #expect(one.first?["probability"] as? Double == mono.first?["probability"] as? Double)
      #expect(one.first?["channel"] as? Int == channel && mono.first?["channel"] == nil)
    }
    try space.run(["classify", "--channel", "3", "a.wav"])
      .expectRefusal(naming: "a.wav", "channel")
    for wrong in ["0", "-1", "left"] {
      #expect(try space.run(["classify", "--channel", wrong, "a.wav"]).status == 64)
    }
  }

  @Test func eachChannel() throws {
    try write("a.wav", channels: 2) { frame, channel in tone(frame, channel == 0 ? 440 : 1234) }
    try write("b.wav", channels: 1) { frame, _ in tone(frame, 700) }
    let run = ["interpret", "-q", "--json", "--outputs", "json", "--channel", "each", "--csv"]
    let objects = try space.run(run + ["-o", "out", "a.wav", "b.wav"]).objects()
    #expect(objects.map { $0["channel"] as? Int } == [1, 2, nil])
    #expect(
      space.allFiles.filter { $0.hasSuffix(".interpretation.json") }.sorted() == [
        "out/a.ch1.interpretation.json", "out/a.ch2.interpretation.json",
        "out/b.interpretation.json",
      ])
    let rows = String(decoding: try space.bytes("out/results.csv"), as: UTF8.self)
      .split(separator: "\n")
    #expect(
      rows.map { $0.split(separator: ",", omittingEmptySubsequences: false).last } == [
        "channel", "1", "2", "",
      ])
    let selections = String(
      decoding: try space.bytes("out/results.selections.txt"), as: UTF8.self)
    #expect(
      selections.split(separator: "\n").map { $0.split(separator: "\t")[2] } == [
        "Channel", "1", "2", "1",
      ])
  }

  /// Pieces are the file's own samples, with all its channels.
  @Test func extractedWindows() throws {
    try write("night/a.wav", channels: 2, rate: 44_100) { frame, channel in
      tone(frame, channel == 0 ? 440 : 1234)
    }
    let run = ["classify", "--window", "0.5", "--overlap", "0.25", "--extract", "cuts", "night"]
    try space.run(run).expectSuccess()
    let cuts = space.allFiles.filter { $0.hasPrefix("cuts/") }.sorted()
    #expect(cuts.count == 3 && cuts[1].hasPrefix("cuts/a.0.250-0.750."))
    let whole = try space.bytes("night/a.wav").dropFirst(44)
    let piece = try space.bytes(cuts[1])
    let frames = whole.dropFirst(4 * 11_025).prefix(4 * 22_050)
    #expect(piece.count == 44 + 4 * 22_050 && Array(piece.dropFirst(44)) == Array(frames))
    #expect(try space.run(run + ["--only", "rooster", "--min-probability", "1"]).status == 0)
  }
}
