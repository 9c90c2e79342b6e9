import Foundation
import PIQCheckpoints
import PIQPlatform
import PIQTensor
import Testing

private let yamnet = ProcessInfo.processInfo.environment["PIQ_AUDIO_YAMNET"]

/// A classifier that nobody here made, against scores that OpenVINO's own Python gave for 320 clips:
/// `make test-yamnet YAMNET=DIR ESC10=DIR`.
@Suite(.enabled(if: yamnet != nil, "make test-yamnet YAMNET=DIR"))
struct YAMNetTests {
  private static let esc10 = ProcessInfo.processInfo.environment["PIQ_AUDIO_ESC10"] ?? ""
  private static let embedding = "yamnet_frames/global_average_pooling2d/Mean_Squeeze__273:0"

  private func importModel(_ space: Workspace, _ file: String, _ options: [String] = []) throws {
    let folder = try #require(yamnet)
    let outcome = try space.run(
      [
        "model", "import", "\(folder)/\(file)", "-o", "model", "--force", "-q", "--labels",
        "\(folder)/yamnet_class_map.csv", "--sample-rate", "16000",
      ] + options)
    outcome.expectSuccess()
  }

  /// The scores of all clips by the names of their files.
  private func scores(_ space: Workspace) throws -> [String: [Double]] {
    let outcome = try space.run(["classify", "--csv", "-q", "-m", "model", "\(Self.esc10)/audio"])
    outcome.expectSuccess()
    let rows = try CSV.rows(of: outcome.output.utf8).dropFirst()
    return Dictionary(
      uniqueKeysWithValues: try rows.map { row in
        (
          row.fields[0].split(separator: "/").last.map(String.init) ?? "",
          try row.fields[4...].map { try #require(Double($0)) }
        )
      })
  }

  /// The largest difference of each clip, sorted.
  private func differences(_ a: [String: [Double]], _ b: [String: [Double]]) -> [Double] {
    a.map { name, own in
      zip(own, b[name] ?? []).map { abs($0 - $1) }.max() ?? .infinity
    }.sorted()
  }

  private func goldens() throws -> [String: [Double]] {
    let path = "\(try #require(yamnet))/scores-folds1-4.npz"
    guard case .float32(let scores) = try NPZ.read(path: path, only: ["scores"])["scores"] else {
      return [:]
    }
    // The names beside them are text, which is not read: they are those of clips.csv.
    let table = try CSV.rows(of: Data(contentsOf: URL(filePath: "\(Self.esc10)/clips.csv")))
    let names = table.dropFirst().map { $0.fields[0] }
    let (values, count) = (scores.elements, scores.shape[1])
    return Dictionary(
      uniqueKeysWithValues: names.enumerated().map { index, name in
        (name, values[index * count..<(index + 1) * count].map(Double.init))
      })
  }

  /// Where the CPU multiplies bytes, OpenVINO rounds activations to 8 bits, in its own way on each kind of
  /// CPU: 1e-3 cannot hold for all clips on all machines.
  @Test func scoresAreThoseOfPython() throws {
    let (space, goldens) = (try Workspace(), try goldens())
    for file in ["yamnet.onnx", "yamnet.tflite"] {
      try importModel(space, file)
      let found = differences(try scores(space), goldens)
      let within = found.filter { $0 <= 1e-3 }.count
      print(
        "\(file): \(within) of \(found.count) within 1e-3, median \(found[found.count / 2]),"
          + " largest \(found.last ?? 0)")
      #expect(found.count == 320 && found[found.count / 2] < 1e-3 && (found.last ?? 1) < 0.02)
    }
  }

  /// In single precision both files give the same.
  @Test func accuracy() throws {
    let space = try Workspace()
    try importModel(space, "yamnet.onnx", ["--execution", "accuracy"])
    let one = try scores(space)
    try importModel(space, "yamnet.tflite", ["--execution", "accuracy"])
    let found = differences(try scores(space), one)
    print("accuracy, TFLite against ONNX: \(found.last ?? 1)")
    #expect(found.count == 320 && (found.last ?? 1) < 1e-5)
  }

  @Test(arguments: ["performance", "accuracy"]) func classes(execution: String) throws {
    let space = try Workspace()
    try importModel(space, "yamnet.onnx", ["--execution", execution])
    let outcome = try space.run([
      "evaluate", "--json", "-q", "--sets", "none", "-m", "model", "--map",
      Program.fixture("networks/audioset-esc10.csv"), "\(Self.esc10)/clips.csv",
    ])
    let accuracy = try #require(try outcome.objects().first?["accuracy"] as? Double)
    print("\(execution): \(accuracy) right")
    #expect(accuracy > 0.94)
  }

  /// Each fold measured by a head that was trained on two others and chosen on the third.
  @Test(arguments: ["performance", "accuracy"]) func heads(execution: String) throws {
    let space = try Workspace()
    try importModel(
      space, "yamnet.onnx", ["--execution", execution, "--embedding", Self.embedding])
    var sum = 0.0
    for test in 1...4 {
      let valid = test % 4 + 1
      let train = (1...4).filter { $0 != test && $0 != valid }.map(String.init)
      let start = ContinuousClock.now
      let outcome = try space.run([
        "train", "classifier", "--backbone", "model", "\(Self.esc10)/clips.csv", "-o", "head",
        "--force", "--train-folds", train.joined(separator: ","), "--valid-folds", "\(valid)",
        "--test-folds", "\(test)",
      ])
      outcome.expectSuccess()
      let line = try #require(outcome.outputLines.first { $0.hasPrefix("test: accuracy ") })
      print("\(execution), fold \(test): \(line), \(ContinuousClock.now - start)")
      sum += try #require(Double(line.split(separator: " ")[2]))
    }
    print("\(execution), pooled: \(sum / 4)")
    #expect(sum / 4 >= 0.93)
  }
}
