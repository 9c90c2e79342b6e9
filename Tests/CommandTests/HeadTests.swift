import Foundation
import Testing

/// `train classifier --backbone`, and `evaluate --map`.
@Suite struct HeadTests {
  private static let network = NetworkCase.all[0]

  /// Tones and noise, 6 clips each.
  private func writeData(_ space: Workspace) throws {
    for i in 0..<6 {
      let tone = (0..<6000).map { 0.4 * sin(Float($0) * Float(i + 2) * 0.1) }
      var wav = WAV.floats(tone)
      wav.sampleRate = 8000
      try space.write("data/tone/\(i).wav", wav.bytes)
      try space.write("data/noise/\(i).wav", WAV.noise(5000 + 100 * i, sampleRate: 8000).bytes)
    }
  }

  @Test func aHead() throws {
    let space = try Workspace()
    try writeData(space)
    _ = try Self.network.importModel(into: space, "backbone", ["--embedding", "embedding"])
    let train = [
      "train", "classifier", "--backbone", "backbone", "data", "-o", "head", "--epochs", "20",
      "--batch-size", "4", "--set", "network.copies=1",
    ]
    try space.run(train).expectSuccess()
    #expect(
      space.files.filter { $0.hasPrefix("head/") && !$0.contains("training/") } == [
        "head/model.json", "head/model.safetensors", "head/waveform-softmax.onnx",
      ])
    let settings = try space.json("head/model.json")
    #expect(settings["labels"] as? [String] == ["noise", "tone"])
    #expect((settings["classifier"] as? [String: Any])?["input_size"] as? Int == 32)

    // It needs nothing but its folder, and knows what it was trained on.
    try FileManager.default.removeItem(atPath: space.file("backbone"))
    let evaluated = try space.run(["evaluate", "--json", "--sets", "none", "-m", "head", "data"])
    evaluated.expectSuccess()
    let report = try #require(try evaluated.objects().first)
    #expect(try #require(report["accuracy"] as? Double) > 0.7)
    #expect(report["method"] == nil)
    try space.run([
      "interpret", "-m", "head", "--method", "ones", "-o", "out", "data/tone/1.wav",
    ]).expectSuccess()
    try space.run(["model", "info", "head"]).expectSuccess()
  }

  /// A training that was stopped and resumed makes the same model.
  @Test func resuming() throws {
    let space = try Workspace()
    try writeData(space)
    _ = try Self.network.importModel(into: space, "backbone", ["--embedding", "embedding"])
    func train(_ folder: String, _ more: [String]) throws -> Outcome {
      try space.run(
        [
          "train", "classifier", "--backbone", "backbone", "data", "-o", folder, "--batch-size",
          "4",
        ]
          + more)
    }
    try train("one", ["--epochs", "4"]).expectSuccess()
    try train("two", ["--epochs", "4"]).expectSuccess()
    #expect(try space.bytes("one/model.safetensors") == space.bytes("two/model.safetensors"))
    try train("two", ["--epochs", "4", "--resume"]).expectSuccess()
    #expect(try space.bytes("one/model.safetensors") == space.bytes("two/model.safetensors"))
    try train("two", ["--epochs", "5", "--resume"]).expectRefusal(
      naming: "two/training/classifier.checkpoint.safetensors", "epochs")
  }

  /// A classifier that learns from a network needs it no more, and says whom it learned from.
  @Test func teacher() throws {
    let space = try Workspace()
    try writeData(space)
    _ = try Self.network.importModel(
      into: space, "teacher", ["--embedding", "embedding", "--licence", "Apache-2.0"])
    try space.write(
      "recipe.yaml",
      "network: {sample_rate: 4000, n_fft: 128, hop_length: 4, win_length: 16, dim: 8}".utf8)
    func train(_ folder: String, _ more: [String]) throws -> Outcome {
      try space.run(
        [
          "train", "classifier", "--teacher", "teacher", "data", "-o", folder, "--recipe",
          "recipe.yaml", "--batch-size", "4", "--crop-seconds", "0", "--json", "--epochs", "12",
        ] + more)
    }
    let outcome = try train("ears", [])
    outcome.expectSuccess()
    let losses = try outcome.objects().map { try #require($0["terms"] as? [String: Double]) }
    #expect(losses.count == 12)
    let errors = try losses.map { try #require($0["embedding"]) }
    #expect(errors.suffix(6).reduce(0, +) < errors.prefix(6).reduce(0, +), "\(errors)")
    #expect(losses.allSatisfy { $0["classes"] != nil })
    let training = try #require(try space.json("ears/model.json")["training"] as? String)
    #expect(training.contains("taught by teacher (imported from"), "\(training)")
    #expect(training.contains("licence Apache-2.0"), "\(training)")
    try FileManager.default.moveItem(
      atPath: space.file("teacher"), toPath: space.file("elsewhere"))
    try space.run(["classify", "-m", "ears", "data/tone/1.wav"]).expectSuccess()
    try train("gone", []).expectRefusal(naming: "teacher/model.json", "no such file")
    try FileManager.default.moveItem(
      atPath: space.file("elsewhere"), toPath: space.file("teacher"))

    // Other teachers are other trainings, and it goes on only with its own.
    try train("ears", ["--resume"]).expectSuccess()
    #expect(try train("ears", ["--resume", "--set", "distillation.targets=0"]).status == 1)
    try train("bad", ["--teacher", "ears"]).expectRefusal(naming: "ears", "is no imported network")
    #expect(try train("bad", ["--backbone", "teacher"]).status == 64)
  }

  /// What is learned does not depend on the level of the files, of which a network may not be independent.
  @Test func teachersHearAtFullScale() throws {
    let space = try Workspace()
    _ = try Self.network.importModel(into: space, "teacher", ["--embedding", "embedding"])
    func train(_ folder: String, level: Float) throws -> [UInt8] {
      for i in 0..<6 {
        let tone = (0..<6000).map { sin(Float($0) * Float(i + 2) * 0.1) }
        let saw = (0..<6000).map { Float($0 % (20 + i)) / 10 - 1 }
        for (name, samples) in [("tone", tone), ("saw", saw)] {
          var wav = WAV.floats(samples.map { level * $0 })
          wav.sampleRate = 8000
          try space.write("\(folder)-data/\(name)/\(i).wav", wav.bytes)
        }
      }
      try space.run([
        "train", "classifier", "--teacher", "teacher", "\(folder)-data", "-o", folder, "--dim", "8",
        "--set", "network.sample_rate=4000", "--set", "network.n_fft=128", "--batch-size", "4",
        "--crop-seconds", "0", "--epochs", "2",
      ]).expectSuccess()
      return try space.bytes("\(folder)/model.safetensors")
    }
    #expect(try train("loud", level: 0.5) == train("quiet", level: 0.03125))
  }

  @Test func contradictions() throws {
    let outcome = try Workspace().run([
      "train", "classifier", "--backbone", "a", "--dim", "8", "data", "-o", "b",
    ])
    #expect(outcome.status == 64 && outcome.errors.contains("--backbone stays as it is"))
  }

  @Test func maps() throws {
    let space = try Workspace()
    _ = try Self.network.importModel(into: space)
    try writeData(space)
    let run = ["evaluate", "--json", "--sets", "none", "-m", "model", "data", "--map", "map.csv"]
    try space.write(
      "map.csv", "category,label\ntone,tone\ntone,hum\nnoise,noise\nnoise,\"clicks, ticks\"\n".utf8)
    let outcome = try space.run(run)
    outcome.expectSuccess()
    let report = try #require(try outcome.objects().first)
    #expect(report["labels"] as? [String] == ["tone", "noise"])
    #expect((report["confusion"] as? [[Int]])?.map { $0.reduce(0, +) } == [6, 6])
    for (text, words) in [
      ("category,label\ntone,bell\nnoise,noise\n", #"the label "bell""#),
      ("category;label\n", "has no column category"), ("category,label\n", "has no rows"),
      ("category,label\ntone\n", "line 2 is no category and label"),
    ] {
      try space.write("map.csv", text.utf8)
      try space.run(run).expectRefusal(naming: "map.csv", words)
    }
    try space.write("map.csv", "category,label\ntone,tone\n".utf8)
    try space.run(run).expectRefusal(naming: "data", #"of the class "noise""#)
  }
}
