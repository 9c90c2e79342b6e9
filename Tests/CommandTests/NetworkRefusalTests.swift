import Foundation
import Testing

/// What a user meets first: one line each, with what to do.
@Suite struct NetworkRefusalTests {
  /// An import that fails, and what its line says.
  struct Refusal: Sendable, CustomStringConvertible {
    let file: String
    let words: String
    var options = ["--sample-rate", "8000", "--labels", Program.fixture("networks/labels.txt")]
    /// The file that is named; the network's if nil.
    var named: String?

    var description: String { "\(file): \(words)" }
  }

  private static let labels = ["--labels", Program.fixture("networks/labels.txt")]

  static let refusals = [
    Refusal(file: "waveform-softmax.onnx", words: "(--sample-rate)", options: labels),
    Refusal(
      file: "waveform-softmax.onnx", words: "is not UTF-8 text",
      options: ["--sample-rate", "8000", "--labels", Program.fixture("networks/external.bin")],
      named: Program.fixture("networks/external.bin")),
    Refusal(
      file: "waveform-softmax.onnx",
      words: "no output has a column for each of the 4 labels: its outputs are \"scores\" [1, 5]",
      options: ["--sample-rate", "8000", "--labels", Program.fixture("networks/labels-4.txt")]),
    Refusal(
      file: "waveform-sigmoid.onnx", words: "(--window)",
      options: ["--sample-rate", "16000", "--labels", Program.fixture("networks/labels-6.txt")]),
    Refusal(
      file: "waveform-sigmoid.onnx", words: "(--activation)",
      options: [
        "--sample-rate", "16000", "--window", "1", "--labels",
        Program.fixture("networks/labels-6.txt"),
      ]),
    Refusal(
      file: "logmel-softmax.onnx", words: "(--front-end)",
      options: ["--sample-rate", "16000", "--input", "log-mel"] + labels),
    Refusal(file: "logmel-softmax.onnx", words: "(--input, --front-end"),
    Refusal(file: "logpower.onnx", words: "which is no waveform; say what it takes (--input"),
    Refusal(file: "scalar-input.onnx", words: "[3, 7, 11, 13]"),
    Refusal(file: "unknown-operator.onnx", words: "org.example.sound.Whiten"),
    Refusal(file: "cut.onnx", words: "is no whole ONNX file"),
    Refusal(file: "nan.onnx", words: "not finite"),
    Refusal(file: "hostile-absolute.onnx", words: "weights in /etc/passwd, outside its own folder"),
    Refusal(file: "hostile-parent.onnx", words: "outside its own folder"),
    Refusal(file: "subgraph-external.onnx", words: "outside its own folder"),
    Refusal(file: "waveform-int8.tflite", words: "whole numbers"),
    Refusal(
      file: "waveform-float.tflite", words: "convert",
      options: ["--sample-rate", "8000", "--embedding", "nothing"] + labels),
    Refusal(
      file: "waveform-softmax.onnx", words: "has no tensor \"nothing\"",
      options: ["--sample-rate", "8000", "--embedding", "nothing"] + labels),
    Refusal(
      file: "waveform-softmax.onnx", words: "does not fit",
      options: ["--sample-rate", "8000", "--window", "1"] + labels),
    Refusal(
      file: "waveform-softmax.onnx", words: "at most the window",
      options: ["--sample-rate", "8000", "--hop", "2"] + labels),
  ]

  @Test(arguments: refusals) func imports(refusal: Refusal) throws {
    let space = try Workspace()
    let path = Program.fixture("networks/\(refusal.file)")
    try space.run(["model", "import", path, "-o", "model"] + refusal.options)
      .expectRefusal(naming: refusal.named ?? path, refusal.words)
    #expect(space.files == [])
  }

  /// Labels that are asked for, and options that are for models of another kind.
  @Test func options() throws {
    let space = try Workspace()
    let file = Program.fixture("networks/waveform-softmax.onnx")
    try space.write("own.onnx", Data(contentsOf: URL(filePath: file)))
    try space.run(["model", "import", "own.onnx", "-o", "model", "--sample-rate", "8000"])
      .expectRefusal(naming: "own.onnx", "name a file of labels (--labels)")
    for options in [["--normalize", "peak"], ["--heads", "3"], ["--dtype", "f16"]] {
      let outcome = try space.run(["model", "import", file, "-o", "model"] + options)
      #expect(outcome.status == 64)
      #expect(outcome.errors.contains("\(options[0]) is for SpeechBrain's models"))
    }
    let folder = try space.run([
      "model", "import", Program.fixture("small-speechbrain"), "-o", "model", "--window", "1",
    ])
    #expect(folder.status == 64 && folder.errors.contains("--window is for ONNX and TFLite files"))
    #expect(space.files == ["own.onnx"])
  }

  /// Files that describe no front end.
  @Test func frontEnds() throws {
    let space = try Workspace()
    let run = [
      "model", "import", Program.fixture("networks/logmel-softmax.onnx"), "-o", "model",
      "--sample-rate", "16000", "--labels", Program.fixture("networks/labels.txt"), "--front-end",
    ]
    for (text, words) in [
      ("[1]", "is no JSON object"), (#"{"n_ffts": 512}"#, #"has the unknown key "n_ffts""#),
      (#"{"n_fft": "many"}"#, "n_fft"),
      (#"{"feature_extractor_type": "WhisperFeatureExtractor"}"#, "WhisperFeatureExtractor"),
    ] {
      try space.write("front.json", text.utf8)
      try space.run(run + ["front.json"]).expectRefusal(naming: "front.json", words)
    }
  }

  /// Without OpenVINO all else goes on, and one line says what is missing.
  @Test func noEngine() throws {
    let space = try Workspace()
    let file = Program.fixture("networks/waveform-softmax.onnx")
    let none = ["PIQ_AUDIO_OPENVINO": "/nowhere"]
    let labels = ["--sample-rate", "8000"] + Self.labels
    try space.run(["model", "import", file, "-o", "model"] + labels, environment: none)
      .expectRefusal(naming: "/nowhere", "PIQ_AUDIO_OPENVINO")
    let info = try space.run(["model", "info", file], environment: none)
    info.expectSuccess()
    #expect(info.output.contains("embedding") && info.output.contains("no shapes"))
    try space.run(["model", "import", file, "-o", "model", "-q"] + labels).expectSuccess()
    try space.writeGoodClip()
    try space.run(["classify", "-m", "model", "good.wav"], environment: none)
      .expectRefusal(naming: "/nowhere", "PIQ_AUDIO_OPENVINO")
    try space.run(["classify", "good.wav"], environment: none).expectSuccess()
  }

  /// A method that needs more than scores.
  @Test func methods() throws {
    let space = try Workspace()
    _ = try NetworkCase.all[0].importModel(into: space)
    try space.writeGoodClip()
    for method in ["saliency", "grad-cam", "interpreter", "amt"] {
      let outcome = try space.run(["interpret", "-m", "model", "--method", method, "good.wav"])
      #expect(outcome.status == 1 && outcome.errorLines.count == 1, "\(outcome.errors)")
      #expect(outcome.errors.contains("--method"), "\(outcome.errors)")
    }
  }

  @Test func trainingNeedsAnEmbedding() throws {
    let space = try Workspace()
    _ = try NetworkCase.all[0].importModel(into: space)
    for (name, i) in [("x", 0), ("x", 1), ("y", 2), ("y", 3)] {
      try space.writeGoodClip("data/\(name)/\(i).wav")
    }
    try space.run(["train", "classifier", "--backbone", "model", "data", "-o", "head"])
      .expectRefusal(naming: "model/waveform-softmax.onnx", "--embedding")
    try space.run(["train", "interpreter", "--model", "model", "data", "-o", "head"])
      .expectRefusal(naming: "model", "imported network")
    let pretrained = try space.run([
      "train", "classifier", "--pretrained", "model", "data", "-o", "head",
    ])
    #expect(pretrained.status == 1 && pretrained.errors.contains("imported network"))
  }
}
