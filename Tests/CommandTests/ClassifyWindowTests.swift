import Foundation
import PIQAudioIO
import Testing

/// Recordings that are classified window by window, and clips that are one window.
@Suite struct ClassifyWindowTests {
  /// Writes pieces of a second each: noise at these levels; 16-bit.
  private func write(
    _ space: Workspace, _ name: String = "a.wav", levels: [Double], rate: Int = 16_000
  ) throws {
    var state: UInt32 = 1
    let data = levels.flatMap { level in
      (0..<rate).flatMap { _ -> [UInt8] in
        state = state &* 1_664_525 &+ 1_013_904_223
        return littleEndian(Int16(level * (Double(state >> 16) - 32_768)))
      }
    }
    try space.write(name, WAV(sampleRate: UInt32(rate), data: data).bytes)
  }

  private func rows(_ text: String) -> [[String]] {
    text.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
  }

  /// Each window is what a clip of its samples is.
  @Test func aWindowIsAClip() throws {
    let space = try Workspace()
    try write(space, levels: [0.5, 0.01, 0.3])
    let objects = try space.run(["classify", "--json", "--window", "1", "--overlap", "0", "a.wav"])
      .objects()
    #expect(objects.map { $0["start"] as? Double } == [0, 1, 2])
    #expect(objects.map { $0["end"] as? Double } == [1, 2, 3])
    let samples = try Recording.read(path: space.file("a.wav")).samples
    for (i, object) in objects.enumerated() {
      try Recording(samples: Array(samples[i * 16_000..<(i + 1) * 16_000]), sampleRate: 16_000)
        .write(to: space.file("b.wav"))
      let clip = try #require(try space.run(["classify", "--json", "b.wav"]).objects().first)
      for key in ["label", "index", "probability"] {
        #expect(object[key] as? NSObject == clip[key] as? NSObject, "\(key)")
      }
      let all = try #require(object["probabilities"] as? [String: Double])
      #expect(all.count == 10 && abs(all.values.reduce(0, +) - 1) < 1e-5)
      #expect(all.values.max() == object["probability"] as? Double)
    }
    #expect(space.files == ["a.wav", "b.wav"])
  }

  /// The same windows as lines, rows and objects, whatever the cores, in the order of the inputs.
  @Test func linesRowsAndObjects() throws {
    let space = try Workspace()
    try write(space, "a.wav", levels: [0.5, 0, 0.2, 0.1, 0.4])
    try write(space, "b.wav", levels: [0.1])
    try write(space, "c.wav", levels: [0.3, 0.2], rate: 8000)
    let run = ["classify", "--window", "1", "--overlap", "0.5", "a.wav", "b.wav", "c.wav"]
    let table = try space.run(run + ["--csv"]).output
    let rows = rows(table)
    #expect(rows[0].prefix(6) == ["input", "start", "end", "label", "index", "probability"])
    #expect(
      rows.dropFirst().map { $0[0] + $0[1] } == [
        "a.wav0.0", "a.wav0.5", "a.wav1.0", "a.wav1.5", "a.wav2.0", "a.wav2.5", "a.wav3.0",
        "a.wav3.5", "a.wav4.0", "b.wav0.0", "c.wav0.0", "c.wav0.5", "c.wav1.0",
      ])
    #expect(rows.allSatisfy { $0.count == 16 })
    // The warning of a recording, of its silence here, follows its windows.
    let all = try space.run(run + ["--json"]).objects()
    let objects = all.filter { $0["start"] != nil }
    #expect(all.count == objects.count + 1)
    #expect(objects.map { $0["label"] as? String } == rows.dropFirst().map { $0[3] })
    let lines = try space.run(run).output.split(separator: "\n")
    #expect(lines.count == 13 && lines.last?.contains("1.000     2.000  c.wav") == true)
    for division in [["-j1", "-t1"], ["-j3"], ["-t3"]] {
      #expect(try space.run(run + ["--csv"] + division).output == table)
    }
  }

  @Test func tablesOfTheRun() throws {
    let space = try Workspace()
    try write(space, "n/SITE_20190525_051500.wav", levels: [0.5, 0.2], rate: 44_100)
    try write(space, "n/b.wav", levels: [0.1], rate: 8000)
    try space.write("n/c.wav", Array("no sound".utf8))
    let outcome = try space.run([
      "classify", "--window", "1", "--overlap", "0", "-o", "out", "--outputs",
      "timeline,labels,selections", "n",
    ])
    #expect(outcome.status == 1)
    #expect(
      space.allFiles.filter { $0.hasPrefix("out/") }.sorted()
        == ["SITE_20190525_051500", "b"].flatMap { stem in
          ["labels.txt", "selections.txt", "timeline.csv"].map { "out/\(stem).\($0)" }
        }.sorted()
        + ["out/results.csv", "out/results.jsonl", "out/results.selections.txt"])
    let rows = rows(String(decoding: try space.bytes("out/results.csv"), as: UTF8.self))
    // The message of the last has a comma.
    #expect(rows.count == 5 && rows.dropLast().allSatisfy { $0.count == rows[0].count })
    let time = try #require(rows[0].firstIndex(of: "time"))
    #expect(
      rows.dropLast().map { $0[time] }
        == ["time", "2019-05-25T05:15:00", "2019-05-25T05:15:01", ""])
    #expect(rows[4][8].contains("holds no sound"))
    let selections = String(decoding: try space.bytes("out/results.selections.txt"), as: UTF8.self)
      .split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
    let columns = selections[0]
    func column(_ name: String) throws -> [String] {
      let index = try #require(columns.firstIndex(of: name))
      return selections.dropFirst().map { $0[index] }
    }
    #expect(try column("Begin Time (s)") == ["0.000000", "1.000000", "2.000000"])
    #expect(try column("File Offset (s)") == ["0.000000", "1.000000", "0.000000"])
    #expect(try column("Begin File")[1...] == ["SITE_20190525_051500.wav", "b.wav"])
    #expect(try column("Begin Path")[2] == "n/b.wav")
    // No more than the model hears, and the recording has.
    #expect(try column("High Freq (Hz)") == ["8000.0", "8000.0", "4000.0"])
  }

  /// What is asked of windows is asked of a clip that is not divided.
  @Test func aShortClipIsOneWindow() throws {
    let space = try Workspace()
    try write(space, "a.wav", levels: [0.5])
    try write(space, "quiet.wav", levels: [0.0005])
    let run = ["classify", "a.wav", "quiet.wav"]
    let quiet = try space.run(run + ["--json", "--min-level", "-60"]).objects()
    #expect(quiet.map { $0["index"] as? Int != -1 } == [true, false])
    let label = try #require(quiet[0]["label"] as? String)
    #expect((quiet[0]["windows"] as? [[String: Any]])?.count == 1)
    let only = try space.run(run + ["--min-level", "-60", "--only", label]).output
    #expect(only.split(separator: "\n").count == 1 && only.hasSuffix("a.wav\n"))
    #expect(try space.run(run + ["--min-probability", "1"]).output == "")
    // Interpretations of clips that are not taken are silent.
    let interpret = ["interpret", "-q", "a.wav", "--outputs"]
    try space.run(interpret + ["audio,json,timeline,labels", "--min-probability", "1"])
      .expectSuccess()
    #expect(
      try Recording.read(path: space.file("a.interpretation.wav")).samples
        == [Float](repeating: 0, count: 16_000))
    #expect(rows(String(decoding: try space.bytes("a.timeline.csv"), as: UTF8.self)).count == 2)
    #expect(String(decoding: try space.bytes("a.labels.txt"), as: UTF8.self).contains(label))
    let report = try space.json("a.interpretation.json")
    let window = try #require((report["windows"] as? [[String: Any]])?.first)
    #expect(window["explained"] as? Bool == false && window["end"] as? Double == 1)
    #expect((report["outputs"] as? [String: String])?.count == 4)
  }

  /// Options of windows leave a clip the four files that it has without them.
  @Test func conditionsAddNoFiles() throws {
    let space = try Workspace()
    try write(space, levels: [0.5])
    try space.run(["interpret", "-q", "--min-level", "-90", "a.wav"]).expectSuccess()
    #expect(
      space.files
        == ["json", "npz", "png", "wav"].map { "a.interpretation.\($0)" } + ["a.wav"])
  }

  /// A long recording's class is that of the average of its windows, as when it is interpreted.
  @Test func longRecordings() throws {
    let space = try Workspace()
    try write(space, levels: (0..<61).map { Double($0 % 7) / 10 }, rate: 8000)
    let outcome = try space.run(["classify", "--json", "a.wav"])
    #expect(outcome.errors.contains("is classified in windows of 5 s"))
    let classified = try #require(try outcome.objects().first)
    let interpreted = try #require(
      try space.run(["interpret", "--json", "--outputs", "json", "a.wav"]).objects().first)
    for key in ["label", "index", "probability", "top"] {
      #expect(classified[key] as? NSObject == interpreted[key] as? NSObject, "\(key)")
    }
    #expect((classified["windows"] as? [Any])?.count == 24)
    let csv = rows(try space.run(["classify", "--csv", "-q", "a.wav"]).output)
    #expect(csv.count == 2 && csv[1].count == 14)
    try space.run(["spectrogram", "a.wav"]).expectSuccess()
    let png = try space.bytes("a.spectrogram.png")
    #expect(png.starts(with: [0x89, 0x50, 0x4E, 0x47]))
  }

  @Test func aReaderThatLeaves() throws {
    let space = try Workspace()
    try write(space, levels: [Double](repeating: 0.5, count: 30))
    let outcome = try space.shell(
      #""$@" | head -n 2; exit "${PIPESTATUS[0]}""#,
      ["classify", "--window", "0.5", "a.wav", "a.wav"])
    #expect(outcome.output.split(separator: "\n").count == 2)
  }
}
