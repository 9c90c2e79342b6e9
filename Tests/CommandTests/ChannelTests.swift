import Foundation
import PIQAudioIO
import Testing

/// One channel of a file, or each, in place of their mean.
@Suite struct ChannelTests {
  private let space: Workspace

  /// `two.wav` has noise in its channels, `one.wav` is its second channel, `mono.wav` another file.
  init() throws {
    space = try Workspace()
    let two = WAV.noise(8000, channels: 2)
    try space.write("two.wav", two.bytes)
    let second = stride(from: 0, to: two.data.count, by: 4).flatMap { two.data[$0 + 2..<$0 + 4] }
    try space.write("one.wav", WAV(data: second).bytes)
    try space.writeGoodClip("mono.wav")
  }

  private func object(_ arguments: String...) throws -> [String: Any] {
    try #require(try space.run(["classify", "--json"] + arguments).objects().first)
  }

  @Test func aChannelIsAClip() throws {
    let one = try object("one.wav")
    let second = try object("--channel", "2", "two.wav")
    #expect(second["probability"] as? Double == one["probability"] as? Double)
    #expect(second["channel"] as? Int == 2 && second["channels"] as? Int == 2)
    let mean = try object("--channel", "mean", "two.wav")
    #expect(mean["channel"] == nil)
    #expect(mean["probability"] as? Double != one["probability"] as? Double)
    #expect(
      try space.run(["classify", "--channel", "2", "two.wav"]).output.hasSuffix(", channel 2\n"))
  }

  @Test func aMissingChannelFailsItsFile() throws {
    let outcome = try space.run(["classify", "--channel", "2", "mono.wav", "two.wav"])
    outcome.expectRefusal(naming: "mono.wav", "has no channel 2, but only one")
    #expect(outcome.outputLines.count == 1)
    let three = try space.run(["classify", "--json", "--channel", "3", "two.wav"])
    three.expectRefusal(naming: "two.wav", "choose one from 1 to 2 (--channel)")
    #expect(try three.objects().first?["channel"] as? Int == 3)
  }

  @Test func eachChannelIsAnInput() throws {
    try space.write("no.wav", Array("no sound".utf8))
    let run = ["interpret", "--json", "--csv", "-o", "out", "--outputs", "audio,json,selections"]
    let outcome = try space.run(run + ["--channel", "each", "two.wav", "mono.wav", "no.wav"])
    outcome.expectRefusal(naming: "no.wav", "holds no sound")
    let objects = try outcome.objects()
    #expect(objects.map { $0["channel"] as? Int } == [1, 2, nil, nil])
    #expect(
      space.files.filter { $0.hasPrefix("out/") && !$0.hasSuffix(".wav") } == [
        "out/mono.interpretation.json", "out/mono.selections.txt",
        "out/two.ch1.interpretation.json",
        "out/two.ch1.selections.txt", "out/two.ch2.interpretation.json",
        "out/two.ch2.selections.txt",
      ])
    // Each is what a file with that channel alone is.
    try space.run(["interpret", "-q", "--outputs", "audio", "one.wav"]).expectSuccess()
    #expect(
      try space.bytes("out/two.ch2.interpretation.wav") == space.bytes("one.interpretation.wav"))
    let table = String(decoding: try space.bytes("out/results.csv"), as: UTF8.self)
    #expect(
      table.split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false)
      }
      .map { $0.last } == ["channel", "1", "2", "", ""])
    func column(_ name: String, _ file: String) throws -> [String] {
      let rows = String(decoding: try space.bytes(file), as: UTF8.self).split(separator: "\n")
        .map { $0.split(separator: "\t").map(String.init) }
      let index = try #require(rows.first?.firstIndex(of: name))
      return rows.dropFirst().map { $0[index] }
    }
    #expect(try column("Channel", "out/two.ch2.selections.txt") == ["2"])
    let selections = "out/results.selections.txt"
    #expect(try column("Channel", selections) == ["1", "2", "1"])
    // The channels of a file are at the same time.
    let times = try column("Begin Time (s)", selections).map { try #require(Double($0)) }
    #expect(times[0] < 0.5 && times[1] < 0.5 && (0.5..<1).contains(times[2]), "\(times)")
  }

  @Test func eachChannelIsARow() throws {
    let run = ["classify", "--csv", "--channel", "each", "two.wav", "mono.wav"]
    let rows = try space.run(run).outputLines
      .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    #expect(rows.map { $0.count } == [15, 15, 15, 15])
    // The classes come last.
    #expect(rows.map { $0[4] } == ["channel", "1", "2", ""])
    let windows = try space.run(run + ["--window", "0.25", "--overlap", "0"]).outputLines
      .map { $0.split(separator: ",", omittingEmptySubsequences: false)[6] }
    #expect(windows == ["channel", "1", "1", "2", "2", ""])
    try space.run(["spectrogram", "-q", "--channel", "each", "two.wav"]).expectSuccess()
    #expect(
      space.files.filter { $0.hasSuffix("png") }.map { $0.dropLast(16) } == ["two.ch1", "two.ch2"])
  }

  /// A journal of one channel is not that of another.
  @Test func resuming() throws {
    func run(_ channel: String) throws -> [[String: Any]] {
      try space.run([
        "interpret", "--json", "--resume", "-o", "out", "--outputs", "json", "--channel", channel,
        "two.wav",
      ]).objects()
    }
    #expect(try run("1").map { $0["channel"] as? Int } == [1])
    #expect(try run("1").map { $0["skipped"] as? Bool } == [true])
    #expect(try run("2").map { $0["channel"] as? Int } == [2])
    #expect(try run("mean").map { $0["skipped"] as? Bool } == [nil])
    #expect(try run("each").map { $0["channel"] as? Int } == [1, 2])
    let skipped = try run("each")
    #expect(skipped.map { $0["channel"] as? Int } == [1, 2])
    #expect(skipped.allSatisfy { $0["skipped"] as? Bool == true })
    try space.run([
      "interpret", "-q", "--existing", "skip", "-o", "out", "--channel", "each", "two.wav",
    ])
    .expectSuccess()
  }

  @Test func whatIsRefused() throws {
    let each = try space.run(["classify", "--channel", "each", "-"], input: space.file("two.wav"))
    #expect(each.status == 64 && each.errors.contains("standard input has no --channel each"))
    #expect(
      try space.run(["classify", "--channel", "2", "-"], input: space.file("two.wav")).status == 0)
    let pipe = try space.shell(
      #"mkfifo pipe && "$@" --channel each pipe"#, ["classify"])
    #expect(pipe.status == 64 && pipe.errors.contains("pipe has no --channel each"))
    for value in ["0", "-1", "all", "1025", "1.5"] {
      #expect(try space.run(["classify", "--channel=\(value)", "two.wav"]).status == 64)
    }
    #expect(try space.run(["evaluate", "--channel", "each", "."]).status == 64)
    #expect(
      try space.run(["train", "classifier", "--channel", "each", ".", "-o", "m"]).status == 64)
    // The name of a channel's outputs may be that of another file.
    try space.writeGoodClip("two.ch1.wav")
    let collision = try space.run(["interpret", "--channel", "each", "two.wav", "two.ch1.wav"])
    #expect(collision.status == 64 && collision.errors.contains("would both write it"))
  }

  @Test func evaluationAndTraining() throws {
    let run = ["evaluate", "--json", "--sets", "in_distribution"]
    for (name, file) in [("two", "two.wav"), ("one", "one.wav")] {
      try space.write("\(name)/dog_bark/a.wav", space.bytes(file))
    }
    let second = try space.run(run + ["--channel", "2", "two"])
    let report = try #require(try second.objects().first)
    let one = try #require(try space.run(run + ["one"]).objects().first)
    #expect(report["channel"] as? Int == 2 && one["channel"] == nil)
    #expect(report["cross_entropy"] as? Double == one["cross_entropy"] as? Double)
    try space.run(run + ["--channel", "2", "one"])
      .expectRefusal(naming: "one/dog_bark/a.wav", "has no channel 2")
    let recipe = try space.run(["train", "classifier", "--channel", "2", "--print-recipe"]).output
    #expect(recipe.contains("channel: 2"))
  }

  /// The report plays the channel that was interpreted.
  @Test func report() throws {
    try space.run(["interpret", "-q", "-o", "out", "--channel", "each", "two.wav"]).expectSuccess()
    try space.run(["report", "-q", "out"]).expectSuccess()
  }
}
