import Foundation
import PIQCheckpoints
import PIQTensor
import Testing

/// A network in Fixtures/networks, and how it is imported.
struct NetworkCase: Sendable, CustomStringConvertible {
  /// The file's name.
  let file: String
  /// The name of its results among the goldens.
  let golden: String
  let rate: Int
  let labels: String
  var options: [String] = []
  /// The largest difference of probabilities; larger where numbers have 8 bits.
  var tolerance = 2e-5

  var description: String { file }

  static let all = [
    NetworkCase(
      file: "waveform-softmax.onnx", golden: "waveform-softmax", rate: 8000, labels: "labels.txt"),
    NetworkCase(
      file: "external.onnx", golden: "waveform-softmax", rate: 8000, labels: "class_map.csv"),
    NetworkCase(
      file: "waveform-sigmoid.onnx", golden: "waveform-sigmoid", rate: 16_000,
      labels: "labels-6.txt", options: ["--window", "0.5", "--activation", "sigmoid"]),
    NetworkCase(
      file: "logmel-softmax.onnx", golden: "logmel-softmax", rate: 16_000, labels: "config.json",
      options: [
        "--front-end", Program.fixture("networks/logmel-softmax.json"), "--activation", "softmax",
        // The input has 96 frames, those of 0.95 s.
        "--window", "0.95",
      ]),
    NetworkCase(
      file: "waveform-float.tflite", golden: "waveform-float.tflite", rate: 8000,
      labels: "label_encoder.txt"),
    NetworkCase(
      file: "waveform-quantised.tflite", golden: "waveform-quantised.tflite", rate: 8000,
      labels: "labels.txt", tolerance: 0.05),
  ]

  /// Imports it as `model` with more options.
  func importModel(
    into space: Workspace, _ folder: String = "model", _ more: [String] = []
  ) throws -> Outcome {
    try space.run(
      [
        "model", "import", Program.fixture("networks/\(file)"), "-o", folder, "--sample-rate",
        "\(rate)", "--labels", Program.fixture("networks/\(labels)"),
      ] + options + more)
  }

  /// The results of Fixtures/scripts/make_networks.py.
  static let goldens = Result {
    try NPZ.read(path: Program.fixture("networks/goldens.npz")).compactMapValues {
      if case .float32(let tensor) = $0 { tensor.elements } else { nil }
    }
  }

  /// Writes the two clips, `a.wav` and `b.wav`, at the network's rate.
  func writeClips(to space: Workspace, in folder: String = "") throws {
    for name in ["a", "b"] {
      let samples = try #require(try Self.goldens.get()["clip.\(rate).\(name)"])
      var wav = WAV.floats(samples)
      wav.sampleRate = UInt32(rate)
      try space.write("\(folder)\(name).wav", wav.bytes)
    }
  }
}
