import Foundation
import Testing

/// `piq-audio evaluate` on tiny data sets.
@Suite struct EvaluateTests {
  private static let metrics: Set = ["fid_in", "ai", "ad", "ag", "ff", "sps", "comp"]

  /// A CSV of four clips of two classes, two a fold, with sound in `audio`; of 33 frames each, which
  /// a mask covers whole.
  private func makeTable(_ space: Workspace, classes: [String] = ["dog_bark", "rain"]) throws {
    var table = "fold,category,filename\n"
    for i in 0..<4 {
      let samples = (0..<6000).map { 0.5 * sin(Float($0) * Float(i + 1) * 0.05) }
      try space.write("audio/\(i).wav", WAV.floats(samples).bytes)
      table += "\(i / 2 + 1),\(classes[i % 2]),\(i).wav\n"
    }
    try space.write("clips.csv", table.utf8)
  }

  @Test func jsonHasAllSets() throws {
    let space = try Workspace()
    try makeTable(space)
    let outcome = try space.run(["evaluate", "--json", "-o", "out", "clips.csv"])
    outcome.expectSuccess()
    #expect(outcome.outputLines.count == 1)
    let report = try #require(try outcome.objects().first)
    #expect(report["clips"] as? Int == 4)
    for key in ["accuracy", "calibration_error", "cross_entropy"] {
      let value = try #require(report[key] as? Double, "\(key)")
      let interval = try #require((report["intervals"] as? [String: [Double]])?[key])
      #expect(interval.count == 2 && interval[0] <= value && value <= interval[1], "\(key)")
    }
    for (set, count) in [("in_distribution", 4), ("mixtures", 8), ("white_noise", 4)] {
      let values = try #require(report[set] as? [String: Any])
      #expect(values["count"] as? Int == count)
      for metric in Self.metrics { #expect(values[metric] is Double, "\(set) \(metric)") }
      let classes = try #require(values["per_class"] as? [String: [String: Double]])
      #expect(Set(classes.keys) == ["dog_bark", "rain"])
    }
    let contaminants = try #require(report["contaminants"] as? [[String: Any]])
    #expect(contaminants.map { $0["clip"] as? String } == (0..<4).map { "\($0).wav" })
    #expect(contaminants.allSatisfy { ($0["with"] as? [String])?.count == 2 })
    let written = ["clips.csv", "confusion.csv", "confusion.png", "evaluation.json"]
    #expect(space.files.filter { $0.hasPrefix("out/") } == written.map { "out/" + $0 })
    #expect(
      NSDictionary(dictionary: try space.json("out/evaluation.json"))
        == NSDictionary(dictionary: report))
    let again = try space.run(["evaluate", "--json", "clips.csv"])
    #expect(again.output == outcome.output)
  }

  @Test func foldsAndSetsAreChosen() throws {
    let space = try Workspace()
    try makeTable(space)
    let arguments = ["evaluate", "--json", "--sets", "in_distribution", "--method", "ones"]
    let report = try #require(
      try space.run(arguments + ["--folds", "2", "clips.csv"]).objects().first)
    #expect(report["clips"] as? Int == 2)
    #expect(report["mixtures"] == nil && report["white_noise"] == nil)
    let values = try #require(report["in_distribution"] as? [String: Any])
    // What keeps everything changes nothing.
    for (metric, neutral) in [("fid_in", 1.0), ("ai", 0), ("ad", 0), ("ag", 0), ("sps", 0)] {
      #expect(values[metric] as? Double == neutral, "\(metric)")
    }
    let missing = try space.run(["evaluate", "--folds", "3", "clips.csv"])
    missing.expectRefusal(naming: "clips.csv", "no clips in fold 3")
  }

  /// The control of a method: its masks with their cells in other places.
  @Test func shuffledMasks() throws {
    let space = try Workspace()
    try makeTable(space)
    let arguments = ["evaluate", "--sets", "in_distribution", "--json", "clips.csv"]
    let own = try #require(try space.run(arguments).objects().first)
    let shuffled = try #require(try space.run(arguments + ["--shuffle"]).objects().first)
    #expect(own["shuffled"] == nil && shuffled["shuffled"] as? Bool == true)
    func metric(_ name: String, _ report: [String: Any]) throws -> Double {
      try #require((report["in_distribution"] as? [String: Any])?[name] as? Double)
    }
    // Sparseness does not depend on places, faithfulness does.
    #expect(abs(try metric("sps", own) - metric("sps", shuffled)) < 1e-4)
    #expect(try metric("ff", own) != metric("ff", shuffled))
    let again = try space.run(arguments + ["--shuffle"]).objects().first
    #expect(NSDictionary(dictionary: try #require(again)) == NSDictionary(dictionary: shuffled))
  }

  @Test func aFolderOfClasses() throws {
    let space = try Workspace()
    try space.write("data/rain/b.wav", WAV.noise(9000).bytes)
    try space.write("data/dog_bark/a.wav", WAV.noise(6000, sampleRate: 8000).bytes)
    // Too short to be cropped: all of it is covered.
    try space.write("data/dog_bark/short.wav", WAV.noise(900).bytes)
    let outcome = try space.run(["evaluate", "data"])
    outcome.expectSuccess()
    #expect(outcome.output.hasPrefix("clips              3\n"))
    for words in ["accuracy", "In distribution, 3 clips", "Mixtures, 6 mixtures", "White noise"] {
      #expect(outcome.output.contains(words))
    }
    space.expectNothingHalfWritten()
  }

  @Test func refusals() throws {
    let space = try Workspace()
    try makeTable(space, classes: ["dog_bark", "unicorn"])
    try space.run(["evaluate", "clips.csv"]).expectRefusal(naming: "clips.csv", "\"unicorn\"")
    try makeTable(space)
    try space.run(["evaluate", "gone.csv"]).expectRefusal(naming: "gone.csv", "does not exist")
    try space.write("audio/1.wav", "no sound".utf8)
    try space.run(["evaluate", "clips.csv"]).expectRefusal(naming: "audio/1.wav", "no sound")
    try FileManager.default.removeItem(atPath: space.file("audio/1.wav"))
    try space.run(["evaluate", "clips.csv"]).expectRefusal(naming: "clips.csv", "line 3: 1.wav")
    #expect(space.files.allSatisfy { $0 == "clips.csv" || $0.hasPrefix("audio/") })
  }

  @Test(arguments: [
    ["--folds", "1,x"], ["--sets", "everything"], ["--method", "magic"], ["--seed", "-1"],
    ["--steps", "0"], ["--logit-scale", "0"], ["-o", ""], ["--audio-dir", ""],
  ])
  func usage(options: [String]) throws {
    let space = try Workspace()
    try makeTable(space)
    let outcome = try space.run(["evaluate"] + options + ["clips.csv"])
    #expect(outcome.status == 64)
    #expect(outcome.output == "")
    #expect(!space.files.contains { $0.hasPrefix("out") })
  }

  /// Without masks, the table of clips still has what the classifier said of each.
  @Test func classifierAlone() throws {
    let space = try Workspace()
    try makeTable(space)
    let run = ["evaluate", "--sets", "none", "-o", "out", "clips.csv"]
    try space.run(run).expectSuccess()
    let rows = String(decoding: try space.bytes("out/clips.csv"), as: UTF8.self)
      .split(whereSeparator: \.isNewline).map {
        $0.split(separator: ",", omittingEmptySubsequences: false)
      }
    #expect(rows.count == 5 && rows.allSatisfy { $0.count == rows[0].count })
    #expect(rows.dropFirst().map { $0[1] } == ["0.wav", "1.wav", "2.wav", "3.wav"])
    #expect(rows.dropFirst().map { $0[3] } == ["dog_bark", "rain", "dog_bark", "rain"])
    let useless = try space.run(run + ["--curves"])
    #expect(useless.status == 64 && useless.errors.contains("--sets none makes none"))
  }

  /// Events in the clips themselves.
  @Test func eventTimes() throws {
    let space = try Workspace()
    try makeTable(space)
    try space.write(
      "times.csv",
      "filename,start,end\n0.wav,0.1,0.2\n1.wav,0,0.1\n1.wav,0.3,0.35\n2.wav,5,6\n".utf8)
    let run = ["evaluate", "--json", "--sets", "none", "--method", "random", "clips.csv"]
    let report = try #require(
      try space.run(run + ["--event-times", "times.csv"]).objects().first)
    let found = try #require(report["localisation"] as? [String: Any])
    // One lies outside of its clip.
    #expect(found["count"] as? Int == 2 && found["skipped"] as? Int == 1)
    for key in ["auc", "auc_shuffled", "auc_energy", "region_iou", "region_iou_shuffled"] {
      #expect((0...1).contains(try #require(found[key] as? Double)), "\(key)")
    }
    try space.write("outside.csv", "filename,start,end\n2.wav,5,6\n".utf8)
    try space.run(run + ["--event-times", "outside.csv"])
      .expectRefusal(naming: "clips.csv", "no event that is shorter than its clip")
    try space.write("labels/0.txt", "0.1\t0.2\tdog_bark\n".utf8)
    let track = try #require(try space.run(run + ["--event-times", "labels"]).objects().first)
    #expect((track["localisation"] as? [String: Any])?["count"] as? Int == 1)
    try space.write("labels/0.txt", "0.1\t0.2\tbell\n".utf8)
    try space.run(run + ["--event-times", "labels"])
      .expectRefusal(naming: "audio/0.wav", "class \"bell\"")
    #expect(
      try space.run(run + ["--event-times", "labels", "--events", "rain"]).status == 64)
  }

  /// Deletion and insertion, and events that masks have to find.
  @Test func curvesAndEvents() throws {
    let space = try Workspace()
    try makeTable(space)
    let run = [
      "evaluate", "--json", "--sets", "in_distribution", "--method", "occlusion", "--patch",
      "0.1x2000",
      "--curves", "--events", "rain", "--placements", "6", "clips.csv",
    ]
    let outcome = try space.run(run + ["-o", "out"])
    outcome.expectSuccess()
    let report = try #require(try outcome.objects().first)
    #expect((report["patch"] as? [String: Double]) == ["seconds": 0.1, "hertz": 2000])
    let set = try #require(report["in_distribution"] as? [String: Any])
    for key in ["deletion", "insertion", "deletion_shuffled", "insertion_shuffled"] {
      let value = try #require(set[key] as? Double)
      #expect((0...1).contains(value))
      #expect((set["intervals"] as? [String: [Double]])?[key]?.count == 2)
    }
    let curves = try #require(set["curves"] as? [String: [Double]])
    #expect(curves["deletion"]?.count == 21 && curves["insertion"]?.count == 21)
    // All of the cells, and none of them.
    #expect(curves["deletion"]?.first == curves["insertion"]?.last)
    let found = try #require(report["localisation"] as? [String: Any])
    #expect(found["count"] as? Int == 6)
    for key in ["auc", "auc_shuffled", "auc_energy", "pointing", "pointing_energy"] {
      #expect((0...1).contains(try #require(found[key] as? Double)), "\(key)")
    }
    #expect(space.files.contains("out/curves.csv") && space.files.contains("out/curves.png"))
    #expect(
      String(decoding: try space.bytes("out/curves.csv"), as: UTF8.self).split(separator: "\n")
        .count == 22)
    // The same again, whatever the threads.
    let again = try space.start(
      Program.path, run, environment: ["OMP_NUM_THREADS": "1"]
    ).wait()
    #expect(again.output == outcome.output)

    try space.run(["evaluate", "--sets", "none", "--events", "bell", "clips.csv"])
      .expectRefusal(naming: "clips.csv", #"no clip of "bell""#)
    try space.run(["evaluate", "--sets", "none", "--events", "rain,dog_bark", "clips.csv"])
      .expectRefusal(naming: "clips.csv", "no clips of other classes")
    let alone = try space.run(["evaluate", "--backgrounds", "rain", "clips.csv"])
    #expect(alone.status == 64 && alone.errors.contains("--events"))
  }
}
