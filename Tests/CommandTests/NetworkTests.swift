import Foundation
import PIQAudioIO
import PIQPlatform
import Testing

/// Networks in ONNX and TFLite files, imported and run. They need OpenVINO: make openvino.
@Suite struct NetworkTests {
  private static let softmax = NetworkCase.all[0]

  /// The rows of a table of classes: each with its input, and the probabilities of all classes.
  private func table(_ outcome: Outcome) throws -> [(input: String, probabilities: [Double])] {
    try CSV.rows(of: outcome.output.utf8).dropFirst().map { row in
      (row.fields[0], try row.fields[4...].map { try #require(Double($0)) })
    }
  }

  @Test(arguments: NetworkCase.all) func scores(network: NetworkCase) throws {
    let space = try Workspace()
    let imported = try network.importModel(into: space)
    #expect(imported.status == 0, "\(imported.errors)")
    try network.writeClips(to: space)
    let outcome = try space.run(["classify", "--csv", "-m", "model", "a.wav", "b.wav"])
    outcome.expectSuccess()
    for (row, clip) in zip(try table(outcome), ["a", "b"]) {
      let golden = try #require(try NetworkCase.goldens.get()["\(network.golden).\(clip).mean"])
      #expect(row.input == "\(clip).wav" && row.probabilities.count == golden.count)
      let worst = zip(row.probabilities, golden).map { abs($0 - Double($1)) }.max() ?? 1
      #expect(worst <= network.tolerance, "\(worst)")
    }
    // The whole model is in its folder: the file, without others that it names, and its settings.
    #expect(
      Set(space.files.filter { $0.hasPrefix("model/") })
        == ["model/\(network.file)", "model/model.json"])
  }

  @Test func aggregates() throws {
    let space = try Workspace()
    let network = NetworkCase.all[2]
    _ = try network.importModel(into: space, "model", ["--aggregate", "max"])
    try network.writeClips(to: space)
    let outcome = try space.run(["classify", "--csv", "-m", "model", "a.wav"])
    let golden = try #require(try NetworkCase.goldens.get()["waveform-sigmoid.a.max"])
    let worst = zip(try #require(try table(outcome).first).probabilities, golden).map {
      abs($0 - Double($1))
    }.max()
    #expect(try #require(worst) < 2e-5)
  }

  /// Every command takes such a model.
  @Test(arguments: NetworkCase.all) func commands(network: NetworkCase) throws {
    let space = try Workspace()
    _ = try network.importModel(into: space)
    try network.writeClips(to: space, in: "in/")
    let model = ["-m", "model"]
    let info = try space.run(["model", "info", "model"])
    info.expectSuccess()
    for words in ["network", network.file, "windows of", "input", "output"] {
      #expect(info.output.contains(words), "\(words) is not in \(info.output)")
    }
    let classified = try space.run(["classify", "--json", "--top", "2", "in"] + model)
    classified.expectSuccess()
    #expect(try classified.objects().map { ($0["top"] as? [Any])?.count } == [2, 2])

    let windows = ["--window", "0.6", "--overlap", "0"]
    let windowed = try space.run(["classify", "--csv", "in"] + windows + model)
    windowed.expectSuccess()
    // Of 1.23 s.
    #expect(windowed.outputLines.count == 1 + 2 * 3)

    // By occlusion, which needs scores alone.
    let interpret = ["interpret", "in", "--patch", "0.3x1000"] + model
    try space.run(interpret + ["-o", "out"]).expectSuccess()
    #expect(space.files.filter { $0.hasPrefix("out/") }.count == 8)
    for name in ["a", "b"] {
      let sound = try Recording.read(path: space.file("out/\(name).interpretation.wav"))
      let own = try Recording.read(path: space.file("in/\(name).wav"))
      #expect(sound.sampleRate == network.rate && sound.samples.count == own.samples.count)
    }
    try space.run(interpret + windows + ["-o", "long", "--outputs", "timeline,json,audio"])
      .expectSuccess()
    try space.run(["report", "out"]).expectSuccess()
    try space.run(["spectrogram", "-o", "pictures", "in"] + model).expectSuccess()

    // Part by part, and going on with a run that is finished.
    for part in ["1/2", "2/2", "1/2"] {
      let outcome = try space.run(interpret + ["-o", "shards", "--shard", part, "--resume"])
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    for name in ["a.interpretation.wav", "b.interpretation.npz", "b.interpretation.wav"] {
      #expect(try space.bytes("shards/\(name)") == space.bytes("out/\(name)"), "\(name)")
    }
  }

  /// The same bytes whatever the threads and jobs.
  @Test func threads() throws {
    let space = try Workspace()
    _ = try Self.softmax.importModel(into: space)
    try Self.softmax.writeClips(to: space)
    let run = ["classify", "--csv", "-m", "model", "a.wav", "b.wav", "a.wav"]
    let one = try space.run(run + ["--jobs", "1", "--threads", "1"])
    let many = try space.run(run + ["--jobs", "3", "--threads", "2"])
    #expect(one.output == many.output && one.outputLines.count == 3)
  }

  /// Sound of another rate is resampled, and a clip shorter than a window padded.
  @Test func otherSounds() throws {
    let space = try Workspace()
    _ = try Self.softmax.importModel(into: space)
    let whole = try #require(try NetworkCase.goldens.get()["clip.8000.a"])
    var short = WAV.floats(Array(whole[..<1500]))
    short.sampleRate = 8000
    try space.write("short.wav", short.bytes)
    let outcome = try space.run(["classify", "--csv", "-m", "model", "short.wav"])
    let golden = try #require(try NetworkCase.goldens.get()["waveform-softmax.short.mean"])
    let worst = zip(try #require(try table(outcome).first).probabilities, golden).map {
      abs($0 - Double($1))
    }.max()
    #expect(try #require(worst) < 2e-5)
    try space.writeGoodClip("16k.wav")
    try space.run(["classify", "-m", "model", "16k.wav"]).expectSuccess()
  }

  /// The file that is run is the one that was imported.
  @Test func aFileThatChanged() throws {
    let space = try Workspace()
    _ = try Self.softmax.importModel(into: space)
    try space.writeGoodClip()
    var bytes = try space.bytes("model/waveform-softmax.onnx")
    bytes[bytes.count / 2] ^= 1
    try space.write("model/waveform-softmax.onnx", bytes)
    try space.run(["classify", "-m", "model", "good.wav"]).expectRefusal(
      naming: "model/waveform-softmax.onnx", "is not the file that was imported")
  }

  @Test func existingModel() throws {
    let space = try Workspace()
    #expect(try Self.softmax.importModel(into: space).status == 0)
    try Self.softmax.importModel(into: space).expectRefusal(
      naming: "model/model.json", "replace the model (--force)")
    #expect(try Self.softmax.importModel(into: space, "model", ["--force"]).status == 0)
  }

  /// Files beside the network say what it does not.
  @Test func filesBesideIt() throws {
    let space = try Workspace()
    for (name, own) in [
      ("model.onnx", "waveform-sigmoid.onnx"),
      ("preprocessor_config.json", "preprocessor_config-wav2vec2.json"),
    ] {
      let bytes = try Data(contentsOf: URL(filePath: Program.fixture("networks/\(own)")))
      try space.write("hub/\(name)", bytes)
    }
    let labels = (0..<6).map { "\"\($0)\": \"class \($0)\"" }.joined(separator: ", ")
    try space.write("hub/config.json", "{\"id2label\": {\(labels)}}".utf8)
    let outcome = try space.run([
      "model", "import", "hub/model.onnx", "-o", "model", "--window", "1", "--activation",
      "softmax",
    ])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("uses hub/preprocessor_config.json"))
    let settings = try space.json("model/model.json")
    #expect((settings["labels"] as? [String])?.last == "class 5")
    #expect((settings["stft"] as? [String: Int])?["sample_rate"] == 16_000)
    let network = try #require(settings["network"] as? [String: Any])
    #expect(network["gain"] as? String == "standardize")
    #expect(network["hop"] as? Double == 0.5)
  }
}
