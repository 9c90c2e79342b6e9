import Foundation
import PIQAudioIO
import PIQCheckpoints
import PIQTensor
import Testing

/// `piq-audio train` as a user runs it, on sounds that are made here.
@Suite struct TrainTests {
  private static let recipe = """
    data: {crop_seconds: 0}
    optimization: {epochs: 3, batch_size: 4}
    network: {sample_rate: 4000, n_fft: 128, hop_length: 4, win_length: 16}
    """
  private static let tiny = ["--recipe", "recipe.yaml", "--dim", "8"]

  /// Two classes of six clips, two a fold.
  private func makeData(_ space: Workspace, classes: [String] = ["hum", "hiss"]) throws {
    var table = "filename,fold,category\n"
    for i in 0..<12 {
      let category = classes[i % 2]
      var state = UInt32(i)
      let samples = (0..<5000).map { t -> Float in
        state = state &* 1_664_525 &+ 1_013_904_223
        let noise = Float(state >> 8) / 8_388_608 - 1
        return i % 2 == 0 ? 0.5 * sin(Float(t) * (0.2 + 0.01 * Float(i))) : 0.2 * noise
      }
      try space.write("audio/\(i).wav", WAV.floats(samples).bytes)
      table += "\(i).wav,\(i / 4 + 1),\(category)\n"
    }
    try space.write("clips.csv", table.utf8)
    try space.write("recipe.yaml", Self.recipe.utf8)
    try space.write("interpreter.yaml", Self.interpreterRecipe.utf8)
  }

  private static let interpreterRecipe = """
    data: {crop_seconds: 0}
    optimization: {epochs: 2, batch_size: 4}
    """

  @Test func classifierThenInterpreter() throws {
    let space = try Workspace()
    try makeData(space)
    let classifier = try space.run(
      ["train", "classifier", "clips.csv", "-o", "ears", "--test-folds", "1"] + Self.tiny)
    classifier.expectSuccess()
    let lines = classifier.outputLines
    #expect(
      lines.first
        == "4 clips to train, 4 to choose the best epoch, 4 to test, 2 classes", "\(lines)")
    #expect(lines.count { $0.hasPrefix("epoch ") } == 3)
    #expect(lines.contains { $0.hasPrefix("test: accuracy ") })
    let training = ["checkpoint.safetensors", "jsonl", "png", "yaml"]
    #expect(
      space.files.filter { $0.hasPrefix("ears/") }
        == ["ears/model.json", "ears/model.safetensors"]
        + training.map { "ears/training/classifier." + $0 })
    let settings = try space.json("ears/model.json")
    #expect(settings["labels"] as? [String] == ["hiss", "hum"])
    #expect(settings["psi"] == nil)

    // A classifier classifies, and is explained by its scores; what it cannot do it says.
    try space.run(["classify", "--model", "ears", "audio/0.wav"]).expectSuccess()
    let early = ["interpret", "--model", "ears", "audio/0.wav"]
    try space.run(early + ["--method", "interpreter"])
      .expectRefusal(naming: "audio/0.wav", "no interpreter yet")
    try space.run(early + ["-o", "early", "--outputs", "json"]).expectSuccess()
    #expect(try space.json("early/0.interpretation.json")["method"] as? String == "occlusion")
    let info = try space.run(["model", "info", "ears"])
    #expect(info.output.contains("none yet"))

    let interpreter = try space.run([
      "train", "interpreter", "clips.csv", "--model", "ears", "-o", "both", "--recipe",
      "interpreter.yaml", "--keys", "6", "--json",
    ])
    interpreter.expectSuccess()
    let records = try interpreter.objects()
    #expect(records.map { $0["epoch"] as? Int } == [1, 2])
    let valid = try #require(records.last?["valid"] as? [String: Any])
    #expect((valid["figures"] as? [String: Double])?["fid_in"] != nil)
    let log = String(decoding: try space.bytes("both/training/interpreter.jsonl"), as: UTF8.self)
    #expect(log == interpreter.output)
    try space.run(["interpret", "--model", "both", "-o", "out", "audio/0.wav"]).expectSuccess()
  }

  /// A FocalNet and a ViT from nothing, their interpreters on clips of other lengths than five seconds,
  /// and a classifier tuned further on other classes.
  @Test(arguments: [("FocalNetBackbone", "[1, 1, 1, 1]"), ("ViTModel", "[2]")])
  func transformers(encoder: String, depths: String) throws {
    let space = try Workspace()
    try makeData(space)
    let recipe = "data: {crop_seconds: 0}\noptimization: {epochs: 1, batch_size: 4}\n"
    try space.write("recipe.yaml", recipe.utf8)
    let train = ["train", "classifier", "clips.csv", "--recipe", "recipe.yaml"]
    let classifier = try space.run(
      train + [
        "-o", "ears", "--encoder", encoder, "--dim", "8", "--set", "network.depths=\(depths)",
      ])
    #expect(classifier.status == 0, "\(classifier.errors)")
    let settings = try space.json("ears/model.json")
    #expect((settings["embedding_model"] as? [String: Any])?["class"] as? String == encoder)
    let interpreter = try space.run([
      "train", "interpreter", "clips.csv", "--recipe", "recipe.yaml", "--model", "ears", "--keys",
      "4", "-o", "model",
    ])
    #expect(interpreter.status == 0, "\(interpreter.errors)")
    let run = try space.run(["interpret", "--model", "model", "--json", "audio/0.wav"])
    #expect(run.status == 0, "\(run.errors)")
    // The mask is stretched over the clip: the sound is whole.
    let sound = try Recording.read(path: space.file("0.interpretation.wav"))
    #expect(sound.samples.count == 5000)
    let cropped = try space.run(["interpret", "--model", "model", "--tail", "crop", "audio/0.wav"])
    cropped.expectRefusal(naming: "audio/0.wav", "cropping needs at least 431")
    #expect(try space.run(["evaluate", "--model", "model", "clips.csv"]).status == 0)
    // The encoder goes on to other classes.
    let tuned = try space.run(
      train + ["-o", "tuned", "--pretrained", "model", "--learning-rate", "1e-9"])
    #expect(tuned.status == 0, "\(tuned.errors)")
    let weights = try ["model", "tuned"].map {
      try SafetensorsFile(path: space.file("\($0)/model.safetensors"))
    }
    let name = try #require(weights[1].names.first { $0.hasSuffix("projection.weight") })
    let (before, after) = (try weights[0].floats(name), try weights[1].floats(name))
    #expect(zip(before.elements, after.elements).allSatisfy { abs($0 - $1) < 1e-5 })
    #expect(weights[1].names.allSatisfy { !$0.hasPrefix("psi.") })
  }

  @Test(arguments: [
    (["--encoder", "Cnn14"], "there is no encoder Cnn14"),
    (["--encoder", "FocalNetBackbone", "--dim", "100"], "dim 100 is no multiple of 8"),
    (["--encoder", "ViTModel", "--set", "network.depths=[1, 2]"], "has one stage"),
    (["--set", "network.depths=[1]"], "Conv2dEncoder_v2 has no depths"),
    (["--pretrained", "nowhere"], "nowhere/model.json: "),
  ])
  func encodersThatCannotBe(options: [String], words: String) throws {
    let space = try Workspace()
    try makeData(space)
    let outcome = try space.run(["train", "classifier", "clips.csv", "-o", "m"] + options)
    #expect(outcome.status == 1 && outcome.errorLines.count == 1)
    #expect(outcome.errors.contains(words), "\(outcome.errors)")
  }

  @Test func aFolderOfClasses() throws {
    let space = try Workspace()
    try makeData(space)
    for i in 0..<12 {
      try space.write(
        "data/\(i % 2 == 0 ? "hum" : "hiss")/\(i).wav", try space.bytes("audio/\(i).wav"))
    }
    let outcome = try space.run(
      ["train", "classifier", "data", "-o", "model", "--epochs", "1", "--valid-fraction", "0.3"]
        + Self.tiny)
    outcome.expectSuccess()
    #expect(outcome.output.hasPrefix("8 clips to train, 4 to choose the best epoch, 2 classes\n"))
  }

  /// Folders in the folders of classes, and files that are damaged or cut.
  @Test func clipsAsTheyAreFound() throws {
    let space = try Workspace()
    try makeData(space)
    for i in 0..<12 {
      let place = i < 6 ? "2024/" : ""
      try space.write(
        "data/\(i % 2 == 0 ? "hum" : "hiss")/\(place)\(i).wav", try space.bytes("audio/\(i).wav"))
    }
    try space.write("data/hum/bad.wav", Array("RIFF".utf8))
    try space.write("data/hum/cut.wav", try space.bytes("audio/0.wav").dropLast(4000))
    try space.write("data/hum/silent.wav", WAV.floats([Float](repeating: 0, count: 8000)).bytes)
    try space.write("data/outside.wav", [])
    let train = ["train", "classifier", "data", "-o", "model", "--epochs", "1"] + Self.tiny
    let outcome = try space.run(train)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let counts = outcome.output.split(separator: " ").compactMap { Int($0) }.prefix(2)
    #expect(counts.reduce(0, +) == 14, "\(outcome.output)")
    #expect(outcome.errors.contains("warning: data/hum/bad.wav: "))
    #expect(outcome.errors.contains("warning: data/hum/cut.wav: "))
    #expect(outcome.errors.contains("warning: data/hum/silent.wav: is silent\n"))
    #expect(outcome.errors.contains("warning: data: 1 sound is left out, the first outside.wav"))
    #expect(
      outcome.errors.contains("warning: data: 1 of 15 clips cannot be read, and are left out\n"))
    #expect(outcome.errorLines.count == 5, "\(outcome.errors)")

    for i in stride(from: 0, to: 12, by: 2) {
      try space.write("data/hum/\(i < 6 ? "2024/" : "")\(i).wav", Array("RIFF".utf8))
    }
    for name in ["cut", "silent"] { try space.write("data/hum/\(name).wav", []) }
    let lost = try space.run(train + ["--force"])
    #expect(lost.status == 1)
    #expect(lost.errors.contains("the class \"hum\" has no clips to train on"), "\(lost.errors)")
  }

  /// Killed at any moment and resumed, a training ends with the weights of an undisturbed one.
  @Test(arguments: [SIGKILL, SIGINT]) func endedAndResumed(signal: Int32) throws {
    let space = try Workspace()
    try makeData(space)
    let arguments = ["train", "classifier", "clips.csv", "--epochs", "40"] + Self.tiny
    try space.run(arguments + ["-o", "whole"]).expectSuccess()
    let program = try space.start(Program.path, arguments + ["-o", "parts"])
    for _ in 0..<6000 where !program.output.contains("epoch 2/40") { usleep(2000) }
    kill(program.identifier, signal)
    let ended = program.wait()
    if signal == SIGINT {
      #expect(ended.status == 130)
      #expect(ended.errors.contains("--resume"))
    } else {
      #expect(ended.status == nil)
    }
    #expect(!ended.output.contains("the best of 40"), "it ended before it was to")
    let taken = try space.run(arguments + ["-o", "parts"])
    taken.expectRefusal(naming: "parts", "has begun")
    let resumed = try space.run(arguments + ["-o", "parts", "--resume"])
    resumed.expectSuccess()
    #expect(resumed.output.contains("going on after epoch"))
    #expect(try space.bytes("whole/model.safetensors") == space.bytes("parts/model.safetensors"))
  }

  @Test func printedRecipeIsReadAgain() throws {
    let space = try Workspace()
    let printed = try space.run(
      ["train", "interpreter", "--print-recipe", "--objective", "upstream", "--epochs", "7"])
    printed.expectSuccess()
    try space.write("recipe.yaml", printed.output.utf8)
    let again = try space.run(
      ["train", "interpreter", "--print-recipe", "--recipe", "recipe.yaml"])
    #expect(again.output == printed.output)
    #expect(again.output.contains("masked_in: 0"))
    #expect(again.output.contains("epochs: 7"))
  }

  // MARK: Refusals

  @Test func refusals() throws {
    let space = try Workspace()
    try makeData(space)
    let train = ["train", "classifier", "clips.csv", "-o", "model"] + Self.tiny
    func refused(_ options: [String], _ path: String, _ words: String) throws {
      try space.run(train + options).expectRefusal(naming: path, words)
      #expect(!space.files.contains { $0.hasPrefix("model/") })
    }
    try refused(["--train-folds", "7"], "clips.csv", "no clips in fold 7")
    try refused(["--train-folds", "1", "--valid-folds", "1"], "clips.csv", "serve twice")
    try refused(["--train-folds", "1,2,3"], "clips.csv", "no clips to choose the best epoch on")
    try refused(
      ["--resume"], "model/training/classifier.checkpoint.safetensors", "nothing to resume")
    try refused(["--audio-dir", "nowhere"], "clips.csv", "0.wav is not in nowhere")
    let epochs = try space.run(train + ["--epochs", "0"])
    #expect(epochs.status == 1)
    #expect(epochs.errors.hasPrefix("piq-audio: error: epochs is 0"))
    let wild = try space.run(
      train + [
        "--learning-rate", "1e30", "--set", "optimization.schedule=constant",
        "--set", "optimization.gradient_norm=0",
      ])
    #expect(wild.status == 1)
    #expect(wild.errors.contains("the training diverged in epoch 1"), "\(wild.errors)")
    try space.write("bad.yaml", "epochs: 3".utf8)
    try space.run(["train", "classifier", "clips.csv", "-o", "x", "--recipe", "bad.yaml"])
      .expectRefusal(naming: "bad.yaml", "no setting epochs")
  }

  @Test func interpreterRefusals() throws {
    let space = try Workspace()
    try makeData(space)
    let train = [
      "train", "interpreter", "clips.csv", "-o", "model", "--recipe", "interpreter.yaml",
    ]
    try space.run(train).expectRefusal(naming: "clips.csv", "the classifier does not know")
    try makeData(space, classes: ["dog_bark", "rain"])
    let keys = try space.run(train + ["--keys", "9"])
    #expect(keys.status == 1)
    #expect(keys.errors.contains("9 keys leave the class"), "\(keys.errors)")
    #expect(!space.files.contains { $0.hasPrefix("model/") })
  }

  @Test func existingModelIsKept() throws {
    let space = try Workspace()
    try makeData(space)
    try space.write("model/model.json", "{}".utf8)
    let arguments =
      ["train", "classifier", "clips.csv", "-o", "model", "--epochs", "1"] + Self.tiny
    try space.run(arguments).expectRefusal(naming: "model/model.json", "exists already")
    #expect(try space.bytes("model/model.json") == Array("{}".utf8))
    try space.run(arguments + ["--force"]).expectSuccess()
  }

  @Test(arguments: [
    [], ["clips.csv"], ["-o", "x"], ["clips.csv", "-o", ""],
    ["clips.csv", "-o", "x", "--resume", "--force"], ["clips.csv", "-o", "x", "--epochs", "many"],
    ["clips.csv", "-o", "x", "--train-folds", "one"],
  ])
  func usage(arguments: [String]) throws {
    for training in ["classifier", "interpreter"] {
      #expect(try Workspace().run(["train", training] + arguments).status == 64)
    }
  }
}
