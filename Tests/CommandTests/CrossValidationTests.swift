import Foundation
import Testing

/// `train … --cross-validate`, and what `evaluate` says of clips that a model has seen.
@Suite struct CrossValidationTests {
  private static let recipe = """
    data: {crop_seconds: 0}
    optimization: {epochs: 3, batch_size: 4, average_decay: 0.5}
    augmentation: {speed: 0.1, equalizer: 6}
    network: {sample_rate: 4000, n_fft: 128, hop_length: 4, win_length: 16, dim: 8}
    """
  private static let classifier = [
    "train", "classifier", "clips.csv", "--recipe", "recipe.yaml", "--cross-validate",
  ]

  /// Two classes of six clips, two of each in a fold.
  private func makeData(_ space: Workspace, classes: [String] = ["hum", "hiss"]) throws {
    var table = "filename,fold,category,title,author,licence,source\n"
    for i in 0..<12 {
      let samples =
        i % 2 == 0
        ? WAV.floats((0..<5000).map { 0.5 * sin(Float($0) * (0.2 + 0.01 * Float(i))) })
        : WAV.noise(5000 + i, sampleRate: 16_000)
      try space.write("audio/\(i).wav", samples.bytes)
      table += "\(i).wav,\(i / 4 + 1),\(classes[i % classes.count]),sound \(i),someone,"
      table += "\(["CC0", "CC-BY"][i % 2]),https://sounds.example/\(i)\n"
    }
    try space.write("clips.csv", table.utf8)
    try space.write("recipe.yaml", Self.recipe.utf8)
  }

  private func objects(_ space: Workspace, _ path: String) throws -> [[String: Any]] {
    try space.bytes(path).split(separator: UInt8(ascii: "\n")).map {
      try #require(try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any])
    }
  }

  @Test func eachFoldIsMeasuredByOthers() throws {
    let space = try Workspace()
    try makeData(space)
    let outcome = try space.run(Self.classifier + ["-o", "ears", "--licence", "as we like"])
    outcome.expectSuccess()
    let lines = outcome.outputLines
    for fold in 1...3 {
      let line = "fold \(fold): 4 clips to train, 4 to choose the best epoch, 4 to test, 2 classes"
      #expect(lines.contains(line), "\(lines)")
    }
    #expect(lines.contains("12 clips to train, 2 classes"), "\(lines)")
    #expect(lines.contains { $0.hasPrefix("pooled ") })

    // Each clip once, and the figures that follow from it.
    let clips = try objects(space, "ears/training/classifier.out-of-fold.jsonl")
    #expect(clips.count == 12)
    #expect(Set(clips.compactMap { $0["name"] as? String }) == Set((0..<12).map { "\($0).wav" }))
    let right = try clips.count { clip in
      let cosines = try #require(clip["cosines"] as? [Double])
      return cosines.firstIndex(of: try #require(cosines.max())) == clip["label"] as? Int
    }
    let report = try space.json("ears/training/classifier.cross-validation.json")
    let pooled = try #require(report["pooled"] as? [String: Double])
    #expect(pooled["accuracy"] == Double(right) / 12)
    let interval = try #require((report["intervals"] as? [String: [Double]])?["accuracy"])
    #expect(interval[0] <= Double(right) / 12 && Double(right) / 12 <= interval[1])
    let folds = try #require(report["folds"] as? [[String: Any]])
    #expect(folds.map { $0["test"] as? Int } == [1, 2, 3])
    #expect(folds.map { $0["valid"] as? Int } == [2, 3, 1])
    #expect(folds.map { $0["train"] as? [Int] } == [[3], [1], [2]])

    // The model of all clips ends after the median epoch.
    let epochs = folds.compactMap { $0["epoch"] as? Int }.sorted()
    #expect(report["epoch"] as? Int == epochs[1])
    let log = try objects(space, "ears/training/classifier.jsonl")
    #expect(log.count == epochs[1])
    let valid = try #require(log.last?["valid"] as? [String: Any])
    #expect((valid["figures"] as? [String: Double])?["accuracy"] == Double(right) / 12)

    // The model says what was measured of its recipe, and whose sounds it learned from.
    let settings = try space.json("ears/model.json")
    let measured = (settings["figures"] as? [String: [String: Any]])?["classifier"]
    #expect(measured?["values"] as? [String: Double] == pooled)
    #expect((measured?["intervals"] as? [String: [Double]])?["accuracy"] == interval)
    #expect(measured?["clips"] as? Int == 12)
    #expect(settings["licence"] as? String == "as we like")
    let works = try #require(settings["attribution"] as? [String])
    #expect(works.count == 6)
    #expect(works.contains("sound 3 by someone, CC-BY, https://sounds.example/3"), "\(works)")
    let summary = try space.run(["model", "info", "ears"]).output
    #expect(summary.contains("attribution  6 works, which --json lists"), "\(summary)")
    #expect(summary.contains("measured     classifier: accuracy "), "\(summary)")
    let ofFold = try space.json("ears/training/folds/1/model.json")
    #expect(ofFold["figures"] == nil)
    #expect((ofFold["attribution"] as? [String])?.count == 4)

    // Which clips a model has seen.
    func seen(_ model: String, _ folds: String) throws -> [String: Int]? {
      let outcome = try space.run([
        "evaluate", "--json", "--sets", "none", "--folds", folds, "-m", model, "clips.csv",
      ])
      outcome.expectSuccess()
      return try outcome.objects().first?["seen"] as? [String: Int]
    }
    let first = "ears/training/folds/1"
    #expect(try seen("ears", "1,2,3") == ["train": 12, "valid": 0])
    #expect(try seen(first, "1") == ["train": 0, "valid": 0])
    #expect(try seen(first, "1,2") == ["train": 0, "valid": 4])
    #expect(try seen(first, "3") == ["train": 4, "valid": 0])
    let table = try space.run([
      "evaluate", "--sets", "in_distribution", "--method", "ones", "-m", first, "-o", "out",
      "clips.csv",
    ])
    #expect(
      table.output.contains("the model was trained on 4 and was chosen on 4 of the 12 clips"),
      "\(table.output)")
    let rows = String(decoding: try space.bytes("out/clips.csv"), as: UTF8.self)
      .split(whereSeparator: \.isNewline)
    #expect(rows[0].hasPrefix("set,filename,contaminant,category,predicted,probability,seen,"))
    #expect(rows.count { $0.contains(",train,") } == 4)
    #expect(rows.count { $0.contains(",valid,") } == 4)
    let info = try space.run(["model", "info", first])
    #expect(info.output.contains("trained on 4, chosen on 4"), "\(info.output)")

    try interpreters(space)
  }

  /// The interpreter of a fold explains the classifier that does not know the fold.
  private func interpreters(_ space: Workspace) throws {
    try space.run([
      "train", "interpreter", "clips.csv", "--model", "ears", "-o", "both", "--keys", "6",
      "--cross-validate", "--epochs", "2", "--batch-size", "4", "--crop-seconds", "0",
    ]).expectSuccess()
    let report = try space.json("both/training/interpreter.cross-validation.json")
    #expect((report["pooled"] as? [String: Double])?["fid_in"] != nil)
    #expect(report["clips"] as? Int == 12)
    for fold in 1...3 {
      let (own, classifier) = (
        try space.json("both/training/folds/\(fold)/model.json"),
        try space.json("ears/training/folds/\(fold)/model.json")
      )
      #expect(own["clips"] as? [String: [String]] == classifier["clips"] as? [String: [String]])
    }
    let whole = try space.json("both/model.json")
    #expect((whole["clips"] as? [String: [String]])?["train"]?.count == 12)
    let figures = try #require(whole["figures"] as? [String: Any])
    #expect(Set(figures.keys) == ["classifier", "interpreter"])
    #expect((whole["attribution"] as? [String])?.count == 6)
    #expect(whole["licence"] as? String == "as we like")
  }

  /// Trainings without two classes at a time say how likely a sound is of any class.
  @Test(.timeLimit(.minutes(3))) func calibratingWhatIsKnown() throws {
    let space = try Workspace()
    var table = "filename,fold,category\n"
    for i in 0..<24 {
      let (kind, pitch) = (i % 4, 0.2 + 0.01 * Float(i))
      let samples =
        kind == 3
        ? WAV.noise(5000 + i, sampleRate: 16_000)
        : WAV.floats((0..<5000).map { 0.5 * sin(Float($0) * pitch * Float(1 + kind)) })
      try space.write("audio/\(i).wav", samples.bytes)
      table += "\(i).wav,\(i / 8 + 1),\(["low", "middle", "high", "hiss"][kind])\n"
    }
    try space.write("clips.csv", table.utf8)
    try space.write("recipe.yaml", Self.recipe.utf8)
    let command = Self.classifier + ["--calibrate-known"]
    let outcome = try space.run(command + ["-o", "ears"])
    outcome.expectSuccess()
    let lines = outcome.outputLines
    #expect(
      lines.count {
        $0.hasPrefix("without ") && $0.hasSuffix("8 clips to train, 8 to test, 2 classes")
      } == 2,
      "\(lines)")
    #expect(lines.contains { $0.hasPrefix("known against left out: AUC ") })
    let report = try space.json("ears/training/classifier.known.json")
    let parts = try #require(report["parts"] as? [[String: Any]])
    let classes = parts.flatMap { $0["classes"] as? [String] ?? [] }
    #expect(classes.sorted() == ["high", "hiss", "low", "middle"])
    #expect(parts.map { $0["test"] as? Int } == [1, 2])
    let settings = try #require(report["known"] as? [String: Double])
    let model = try space.json("ears/model.json")
    #expect(model["known"] as? [String: Double] == settings)
    let measured = (model["figures"] as? [String: [String: Any]])?["known"]
    #expect((measured?["values"] as? [String: Double])?["auc"] == report["auc"] as? Double)

    // The model says it, and so does that of its interpreter.
    try space.run([
      "train", "interpreter", "clips.csv", "--model", "ears", "-o", "both", "--keys", "6",
      "--epochs", "1", "--batch-size", "4", "--crop-seconds", "0",
    ]).expectSuccess()
    let figures = try space.json("both/model.json")["figures"] as? [String: Any]
    #expect(figures.map { Set($0.keys) } == ["classifier", "known"])
    func known(_ model: String) throws -> [Double] {
      let outcome = try space.run(["classify", "--json", "-m", model, "audio"])
      outcome.expectSuccess()
      return try outcome.objects().compactMap { $0["known"] as? Double }
    }
    let values = try known("ears")
    #expect(values.count == 24 && values.allSatisfy { (0...1).contains($0) })
    #expect(Set(values).count > 1)
    #expect(try known("both") == values)
    #expect(try known("ears/training/folds/1").isEmpty)

    // Sounds of other classes are told from its clips; those of its own classes do not count.
    for i in 0..<6 {
      try space.write("others/low/\(i).wav", WAV.noise(5000, sampleRate: 16_000).bytes)
      let clicks = (0..<5000).map { $0 % (400 + 10 * i) == 0 ? Float(0.9) : 0 }
      try space.write("others/click/\(i).wav", WAV.floats(clicks).bytes)
    }
    func evaluate(_ model: String, _ more: [String] = []) throws -> Outcome {
      try space.run(
        ["evaluate", "--sets", "none", "--unknown", "others", "-m", model, "clips.csv"] + more)
    }
    let told = try #require(
      try evaluate("ears", ["--json"]).objects()[0]["known"] as? [String: Any])
    #expect(told["count"] as? Int == 6)
    let area = try #require(told["auc"] as? Double)
    let interval = try #require((told["intervals"] as? [String: [Double]])?["auc"])
    #expect(interval[0] <= area && area <= interval[1] && (0...1).contains(area))
    #expect(try evaluate("ears").output.contains("Known against 6 sounds of no class"))
    try evaluate("ears/training/folds/1").expectRefusal(naming: "others", "does not say how likely")
  }

  /// A run that was ended in a fold goes on there, and makes the same model.
  @Test(.timeLimit(.minutes(3))) func resuming() throws {
    let space = try Workspace()
    try makeData(space)
    try space.run(Self.classifier + ["-o", "one"]).expectSuccess()
    let program = try space.start(Program.path, Self.classifier + ["-o", "two"])
    let checkpoint = space.file("two/training/folds/2/training/classifier.checkpoint.safetensors")
    for _ in 0..<30_000 where !FileManager.default.fileExists(atPath: checkpoint) { usleep(2000) }
    kill(program.identifier, SIGKILL)
    #expect(program.wait().status == nil, "it ended before it was to")
    try space.run(Self.classifier + ["-o", "two"]).expectRefusal(naming: "two", "has begun")
    try space.run(Self.classifier + ["-o", "two", "--resume"]).expectSuccess()
    for name in [
      "model.safetensors", "model.json", "training/classifier.out-of-fold.jsonl",
      "training/folds/2/model.safetensors",
    ] {
      // The name of a model is that of its folder.
      let (a, b) = (try space.bytes("one/" + name), try space.bytes("two/" + name))
      #expect(name == "model.json" || a == b, "\(name)")
    }
  }

  /// Of parts that have ended, a run that goes on needs the results alone; they may come from elsewhere.
  @Test(.timeLimit(.minutes(3))) func resumingFromResults() throws {
    let space = try Workspace()
    try makeData(space)
    try space.run(Self.classifier + ["-o", "one"]).expectSuccess()
    for fold in 1...3 {
      let path = "training/folds/\(fold)/training/classifier.result.json"
      try space.write("two/" + path, try space.bytes("one/" + path))
    }
    let outcome = try space.run(Self.classifier + ["-o", "two", "--resume"])
    outcome.expectSuccess()
    let lines = outcome.outputLines
    for fold in 1...3 {
      #expect(
        lines.contains { $0.hasPrefix("fold \(fold): done, the model of epoch ") }, "\(lines)")
      #expect(!space.files.contains("two/training/folds/\(fold)/model.json"))
    }
    for name in [
      "model.safetensors", "training/classifier.out-of-fold.jsonl",
      "training/classifier.cross-validation.json",
    ] {
      #expect(try space.bytes("one/" + name) == space.bytes("two/" + name), "\(name)")
    }

    // Results of other settings, and damaged ones, do not count.
    try space.write("two/training/folds/2/training/classifier.result.json", "{\"identity\": ".utf8)
    let again = try space.run(Self.classifier + ["-o", "two", "--resume"])
    #expect(again.status == 0)
    #expect(again.errorLines.count == 1 && again.errors.contains("folds/2/"), "\(again.errors)")
    #expect(again.errors.contains("is damaged, or of other settings"), "\(again.errors)")
    #expect(again.outputLines.contains { $0.hasPrefix("fold 1: done") })
    #expect(again.outputLines.contains { $0.hasPrefix("fold 2: 4 clips to train") })
    let other = try space.run(
      Self.classifier + ["-o", "one", "--resume", "--set", "augmentation.gain=3"])
    other.expectRefusal(
      naming: "one/training/folds/1/training/classifier.checkpoint.safetensors", "gain was 6")
  }

  /// What a finished cross-validation did not ask for is done when it is asked for later.
  @Test(.timeLimit(.minutes(3))) func calibratingLater() throws {
    let space = try Workspace()
    try makeData(space, classes: ["hum", "hiss", "low", "high"])
    try space.run(Self.classifier + ["-o", "ears"]).expectSuccess()
    #expect(try space.json("ears/model.json")["known"] == nil)
    let later = try space.run(Self.classifier + ["-o", "ears", "--calibrate-known", "--resume"])
    later.expectSuccess()
    #expect(later.outputLines.count { $0.hasPrefix("fold ") && $0.contains(": done") } == 3)
    let model = try space.json("ears/model.json")
    #expect(model["known"] != nil)
    #expect((model["figures"] as? [String: Any])?["known"] != nil)

    // A model that has heard the clips cannot be measured on them.
    try space.run(
      Self.classifier.filter { $0 != "--recipe" && $0 != "recipe.yaml" } + [
        "-o", "tuned", "--pretrained", "ears", "--epochs", "1",
      ]
    ).expectRefusal(naming: "clips.csv", "4 of the 4 clips to test are known")
    let doubtful = try space.run([
      "train", "interpreter", "clips.csv", "--model", "ears", "-o", "both", "--keys", "8",
      "--train-folds", "1", "--valid-folds", "2", "--test-folds", "3", "--epochs", "1",
      "--batch-size", "4", "--crop-seconds", "0",
    ])
    #expect(doubtful.status == 0)
    #expect(doubtful.errors.contains("its figures will be too good"), "\(doubtful.errors)")
  }

  /// With --force, nothing of the earlier cross-validation is gone on with.
  @Test(.timeLimit(.minutes(3))) func beginningAgain() throws {
    let space = try Workspace()
    try makeData(space)
    try space.run(Self.classifier + ["-o", "ears"]).expectSuccess()
    let other = Self.classifier + ["-o", "ears", "--epochs", "60"]
    let result = "ears/training/folds/3/training/classifier.result.json"
    #expect(space.files.contains(result))
    let program = try space.start(Program.path, other + ["--force"])
    for _ in 0..<30_000
    where FileManager.default.fileExists(atPath: space.file(result)) { usleep(2000) }
    kill(program.identifier, SIGKILL)
    #expect(program.wait().status == nil, "it ended before it was to")
    #expect(!space.files.contains(result))
    #expect(!space.files.contains("ears/training/classifier.cross-validation.json"))
    try space.run(other + ["--resume"]).expectSuccess()
  }

  @Test func refusals() throws {
    let space = try Workspace()
    try makeData(space)
    let alone = try space.run([
      "train", "classifier", "clips.csv", "-o", "x", "--calibrate-known",
    ])
    #expect(alone.status == 64 && alone.errors.contains("--calibrate-known needs --cross-validate"))
    try space.run(Self.classifier + ["-o", "x", "--calibrate-known"])
      .expectRefusal(naming: "clips.csv", "has 2 classes, too few to leave out two")
    let folds = try space.run(Self.classifier + ["-o", "x", "--train-folds", "1"])
    #expect(folds.status == 1 && folds.errors.contains("divides the folds itself"))
    try space.write("clips.csv", "filename,category\n0.wav,hum\n1.wav,hiss\n".utf8)
    try space.run(Self.classifier + ["-o", "x"]).expectRefusal(naming: "clips.csv", "has no folds")
    try space.write(
      "clips.csv",
      "filename,fold,category\n0.wav,1,hum\n1.wav,2,hiss\n2.wav,3,hum\n3.wav,a,hiss\n".utf8)
    try space.run(Self.classifier + ["-o", "x"]).expectRefusal(
      naming: "clips.csv", "has no fold for 3.wav")
    try space.write(
      "clips.csv",
      "filename,fold,category\n0.wav,1,hum\n1.wav,2,hiss\n2.wav,3,hum\n3.wav,3,hiss\n".utf8)
    let unequal = try space.run(Self.classifier + ["-o", "x"])
    unequal.expectRefusal(naming: "clips.csv", "give each class clips in each fold")
    #expect(!unequal.errors.contains("--"), "\(unequal.errors)")
    try space.write("clips.csv", "filename,category\n0.wav,hum\n1.wav,hiss\n".utf8)
    try space.run(["train", "interpreter", "clips.csv", "--cross-validate", "-o", "x"])
      .expectRefusal(naming: "clips.csv", "has no folds")
    #expect(!space.files.contains { $0.hasPrefix("x/") })
  }
}
