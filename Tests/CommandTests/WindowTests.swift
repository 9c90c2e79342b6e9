import Foundation
import PIQAudioIO
import Testing

/// Long recordings, divided into windows.
@Suite struct WindowTests {
  private static let kinds = [
    "a.interpretation.json", "a.interpretation.png", "a.interpretation.wav", "a.labels.txt",
    "a.regions.txt", "a.selections.txt", "a.timeline.csv",
  ]

  /// Writes a tone in noise, with silence in its second quarter; mono, 16-bit.
  private func write(_ space: Workspace, seconds: Double, rate: Int = 16_000) throws {
    let count = Int(seconds * Double(rate))
    var state: UInt32 = 1
    let data = (0..<count).flatMap { i -> [UInt8] in
      state = state &* 1_664_525 &+ 1_013_904_223
      let noise = Double(state >> 16) / 65_536 - 0.5
      let tone = sin(Double(i) * (0.05 + 0.02 * Double(i) / Double(count)))
      let isSilent = (count / 4..<count / 2).contains(i)
      return littleEndian(Int16(isSilent ? 0 : 8000 * tone + 3000 * noise))
    }
    try space.write("a.wav", WAV(sampleRate: UInt32(rate), data: data).bytes)
  }

  private func rows(_ space: Workspace, _ name: String = "a.timeline.csv") throws -> [[String]] {
    String(decoding: try space.bytes(name), as: UTF8.self).split(separator: "\n").dropFirst()
      .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
  }

  @Test func allOutputs() throws {
    let space = try Workspace()
    try write(space, seconds: 4.1)
    let outcome = try space.run(["interpret", "--json", "--window", "1", "a.wav"])
    #expect(outcome.status == 0)
    #expect(outcome.errors == "piq-audio: arrays are not written for recordings in windows\n")
    #expect(space.files == (Self.kinds + ["a.wav"]).sorted())
    let sound = try Recording.read(path: space.file("a.interpretation.wav"))
    #expect(sound.samples.count == 65_600 && sound.sampleRate == 16_000)
    let rows = try rows(space)
    #expect(
      rows.map { $0[0] } == [
        "0.000000", "0.500000", "1.000000", "1.500000", "2.000000", "2.500000", "3.000000",
        "3.100000",
      ])
    #expect(rows.last?[1] == "4.100000")
    let report = try #require(try outcome.objects().first)
    #expect(report["window"] as? Double == 1 && report["overlap"] as? Double == 0.5)
    #expect(report["duration"] as? Double == 4.1)
    let windows = try #require(report["windows"] as? [[String: Any]])
    #expect(windows.map { $0["label"] as? String } == rows.map { $0[2] })
    #expect(windows.allSatisfy { $0["explained"] as? Bool == true })
    // Where each class was heard: within the window, and nowhere in silence.
    for window in windows {
      let (start, end) = (
        try #require(window["start"] as? Double), try #require(window["end"] as? Double)
      )
      guard let region = window["region"] as? [String: Any] else { continue }
      func number(_ name: String) throws -> Double { try #require(region[name] as? Double) }
      #expect(try start <= number("start") && number("start") < number("end"))
      #expect(try number("end") <= end && 0 <= number("low"))
      #expect(try number("low") < number("high") && number("high") <= 8000)
      #expect(region["label"] as? String == window["label"] as? String)
    }
    #expect(windows.count { $0["region"] != nil } >= 5)
    #expect(rows.map { $0.count } == rows.map { _ in 9 })
    let regions = String(decoding: try space.bytes("a.regions.txt"), as: UTF8.self)
    #expect(regions.split(separator: "\n").count.isMultiple(of: 2) && regions.contains("\n\\\t"))
    var written = try space.json("a.interpretation.json")
    #expect((written["outputs"] as? [String: String])?.count == Self.kinds.count)
    written["windows"] = nil
    #expect(Set(written.keys).isSuperset(of: ["label", "top", "model", "outputs", "sample_rate"]))
    space.expectNothingHalfWritten()
  }

  /// Nothing is heard in silence.
  @Test func silenceHasNoRegion() throws {
    let space = try Workspace()
    try write(space, seconds: 4)
    let outcome = try space.run([
      "interpret", "--json", "--window", "0.5", "--overlap", "0", "--outputs", "json", "a.wav",
    ])
    let report = try #require(try outcome.objects().first)
    let windows = try #require(report["windows"] as? [[String: Any]])
    #expect(windows.map { $0["silent"] != nil } == [0, 0, 1, 1, 0, 0, 0, 0].map { $0 == 1 })
    #expect(windows.map { $0["region"] == nil } == windows.map { $0["silent"] != nil })
  }

  /// A window's interpretation is that of a clip of the same samples.
  @Test func aWindowIsAClip() throws {
    let space = try Workspace()
    try write(space, seconds: 3)
    try space.run([
      "interpret", "--window", "1", "--overlap", "0", "--outputs", "audio,residual,json", "a.wav",
    ]).expectSuccess()
    let input = try Recording.read(path: space.file("a.wav")).samples
    let sound = try Recording.read(path: space.file("a.interpretation.wav")).samples
    let residual = try Recording.read(path: space.file("a.residual.wav")).samples
    #expect(zip(input, zip(sound, residual)).allSatisfy { abs($0 - $1.0 - $1.1) < 1e-6 })
    try Recording(samples: Array(input[32_000...]), sampleRate: 16_000)
      .write(to: space.file("b.wav"))
    try space.run(["interpret", "--outputs", "audio", "b.wav"]).expectSuccess()
    #expect(
      try Recording.read(path: space.file("b.interpretation.wav")).samples
        == Array(sound[32_000...]))
  }

  @Test func coresDoNotChangeTheBytes() throws {
    let space = try Workspace()
    try write(space, seconds: 4, rate: 44_100)
    let run = ["interpret", "-q", "--window", "0.5", "--overlap", "0.1", "a.wav", "-o"]
    for (folder, options) in [("x", ["-t", "1"]), ("y", ["-t", "3"]), ("z", ["-j", "2"])] {
      try space.run(run + [folder] + options).expectSuccess()
      for name in Self.kinds where !name.hasSuffix("json") {
        #expect(try space.bytes("\(folder)/\(name)") == space.bytes("x/\(name)"), "\(name)")
      }
    }
  }

  /// Windows that are silent, of other classes or not sure enough.
  @Test func windowsThatAreNotExplained() throws {
    let space = try Workspace()
    try write(space, seconds: 4)
    let run = ["interpret", "-q", "--window", "0.5", "--overlap", "0", "a.wav"]
    try space.run(run + ["--min-level=-60"]).expectSuccess()
    let rows = try rows(space)
    #expect(rows.map { $0[2].isEmpty } == [false, false, true, true, false, false, false, false])
    #expect(rows.filter { $0[2].isEmpty }.allSatisfy { $0[3].isEmpty })
    let label = rows[0][2]
    try space.run(run + ["--only", label]).expectSuccess()
    let sound = try Recording.read(path: space.file("a.interpretation.wav")).samples
    for (i, row) in try self.rows(space).enumerated() where !(2...3).contains(i) {
      let isSilent = sound[i * 8000..<(i + 1) * 8000].allSatisfy { $0 == 0 }
      #expect(isSilent == (row[2] != label), "window \(i)")
    }
    try space.run(run + ["--min-probability", "1"]).expectSuccess()
    #expect(
      try Recording.read(path: space.file("a.interpretation.wav")).samples.allSatisfy { $0 == 0 })
    #expect(try self.rows(space).allSatisfy { !$0[2].isEmpty })
  }

  @Test func onlySilence() throws {
    let space = try Workspace()
    try space.write("a.wav", WAV(data: [UInt8](repeating: 0, count: 64_000)).bytes)
    let outcome = try space.run([
      "interpret", "--json", "--outputs", "audio,json,labels", "--window", "0.5", "--min-level=-60",
      "a.wav",
    ])
    #expect(outcome.status == 0)
    #expect(outcome.errors.contains("no window reaches -60.0 dBFS"))
    let report = try #require(try outcome.objects().first)
    #expect(report["label"] as? String == "" && report["index"] as? Int == -1)
    #expect(try space.bytes("a.labels.txt") == [])
  }

  /// Beyond a minute recordings are divided, and the user hears of it.
  @Test func longRecordingsAreDividedUnasked() throws {
    let space = try Workspace()
    try write(space, seconds: 61, rate: 8000)
    try space.writeGoodClip("b.wav")
    let outcome = try space.run(["interpret", "a.wav", "b.wav"])
    #expect(outcome.status == 0)
    #expect(
      outcome.errorLines.first
        == "piq-audio: a.wav: lasts longer than 60 s, and is interpreted in windows of 5 s, each "
        + "sharing 2.5 s with the next (--window, --overlap)")
    #expect(outcome.errorLines.count == 3)
    #expect(outcome.errors.contains("of 24 windows are silent"))
    let clip = ["json", "npz", "png", "wav"].map { "b.interpretation.\($0)" }
    #expect(space.files == (Self.kinds + clip + ["a.wav", "b.wav"]).sorted())
    #expect(try rows(space).count == 24)
    // Both are there now.
    let again = try space.run(["interpret", "-v", "--existing", "skip", "a.wav", "b.wav"])
    #expect(again.output.contains("skipped 2 inputs"))
    try space.run(["interpret", "-q", "--outputs", "json", "--window", "0", "a.wav"])
      .expectSuccess()
    #expect(try space.json("a.interpretation.json")["windows"] == nil)
    let arrays = try space.run(["interpret", "--outputs", "arrays", "a.wav"])
    arrays.expectRefusal(naming: "a.wav", "arrays are not written; leave arrays out")
  }

  @Test func cutFileIsUsedAsFarAsItGoes() throws {
    let space = try Workspace()
    var wav = WAV.noise(40_000)
    wav.claimedSize = 160_000
    try space.write("a.wav", wav.bytes)
    let outcome = try space.run([
      "interpret", "--outputs", "audio,json", "--window", "1", "a.wav",
    ])
    #expect(outcome.status == 0)
    #expect(outcome.errors.contains("warning: a.wav: ends early"))
    #expect(try Recording.read(path: space.file("a.interpretation.wav")).samples.count == 40_000)
  }

  @Test func badSampleLateInARecording() throws {
    let space = try Workspace()
    var samples = [Float](repeating: 0.1, count: 48_000)
    samples[40_000] = .nan
    try space.write("a.wav", WAV.floats(samples).bytes)
    let outcome = try space.run(["interpret", "--window", "1", "a.wav"])
    outcome.expectRefusal(naming: "a.wav", "a value that is not a number at 2.5 s")
    #expect(space.files == ["a.wav"])
  }

  /// What does not fit in memory is kept in a file, and is read as any other.
  @Test func aLongPipe() throws {
    let space = try Workspace()
    try space.write("stdin.wav", WAV.long.bytes)
    let run = ["interpret", "-q", "--window", "1", "--outputs", "audio,timeline", "-o"]
    try space.run(run + ["file", "stdin.wav"]).expectSuccess()
    try space.shell(#"cat stdin.wav | "$@""#, run + ["pipe", "-"]).expectSuccess()
    try space.run(run + ["redirected", "-"], input: space.file("stdin.wav")).expectSuccess()
    for name in ["stdin.interpretation.wav", "stdin.timeline.csv"] {
      let expected = try space.bytes("file/\(name)")
      #expect(try space.bytes("pipe/\(name)") == expected)
      #expect(try space.bytes("redirected/\(name)") == expected)
    }
  }

  /// A model for 500 Hz makes hours cheap.
  private func makeSlowModel(_ space: Workspace) throws {
    try FileManager.default.copyItem(atPath: SmallModel.path.get(), toPath: space.file("model"))
    var settings = try space.json("model/model.json")
    var stft = try #require(settings["stft"] as? [String: Any])
    stft["sample_rate"] = 500
    settings["stft"] = stft
    try space.write("model/model.json", JSONSerialization.data(withJSONObject: settings))
  }

  private static let hours = [
    "interpret", "--json", "--model", "model", "--window", "60", "--overlap", "0",
    "--outputs", "spectrogram,json", "--min-level=-60",
  ]

  /// One picture of the whole, and one of each hour.
  @Test func pagesOfHours() throws {
    let space = try Workspace()
    try makeSlowModel(space)
    var wav = WAV(sampleRate: 500, data: [UInt8](repeating: 0, count: 7210 * 1000))
    wav.data.replaceSubrange(0..<100_000, with: WAV.noise(50_000).data)
    try space.write("a.wav", wav.bytes)
    let outcome = try space.run(Self.hours + ["a.wav"])
    outcome.expectSuccess()
    let outputs = try #require(try outcome.objects().first?["outputs"] as? [String: String])
    let pages = (1...3).map { "a.interpretation-00\($0).png" }
    #expect(
      outputs == [
        "json": "a.interpretation.json", "spectrogram": "a.interpretation.png",
        "spectrogram-001": pages[0], "spectrogram-002": pages[1], "spectrogram-003": pages[2],
      ])
    #expect(try space.json("a.interpretation.json")["outputs"] as? [String: String] == outputs)
    #expect(
      space.files.filter { $0.hasSuffix(".png") } == pages + ["a.interpretation.png"])
    #expect(try Set((pages + ["a.interpretation.png"]).map(space.bytes)).count == 4)
    // An hour to the second has no page of its own.
    try space.write("b.wav", WAV(sampleRate: 500, data: Array(wav.data.prefix(3_600_000))).bytes)
    try space.run(Self.hours + ["b.wav"]).expectSuccess()
    #expect(space.files.filter { $0.hasPrefix("b.") && $0.hasSuffix(".png") }.count == 1)
  }

  /// The pages of hours that were fine do not appear without the rest.
  @Test func noPageOfARecordingThatFails() throws {
    let space = try Workspace()
    try makeSlowModel(space)
    var samples = [Float](repeating: 0, count: 3700 * 500)
    samples[3690 * 500] = .infinity
    var wav = WAV.floats(samples)
    wav.sampleRate = 500
    try space.write("a.wav", wav.bytes)
    let outcome = try space.run(Self.hours + ["a.wav"])
    outcome.expectRefusal(naming: "a.wav", "an infinite value at 3690 s")
    #expect(space.files == ["a.wav", "model/model.json", "model/model.safetensors"])
  }
}
