import Foundation
import PIQCheckpoints
import PIQTensor

/// One file of golden tensors; Fixtures/README.md says how they were made.
struct ReferenceCase: CustomStringConvertible {
  let name: String
  let config: [String: Any]
  let file: SafetensorsFile

  /// The folder of the cases: Fixtures/reference/cases, or what PIQ_REFERENCE_DIR names.
  static var folder: String {
    ProcessInfo.processInfo.environment["PIQ_REFERENCE_DIR"]
      ?? URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Fixtures/reference/cases").path
  }

  /// Every case file that lies in the folder.
  static let names: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.filter { $0.hasSuffix(".safetensors") }.map { String($0.dropLast(12)) }.sorted()
  }()

  init(_ name: String) throws {
    self.name = name
    file = try SafetensorsFile(path: "\(Self.folder)/\(name).safetensors")
    let text = file.metadata["config"] ?? "{}"
    config = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
  }

  var description: String { name }

  /// The case's kind: its name without what counts or varies the cases of a kind.
  var kind: String {
    let kinds = [
      "irrelevant_regions", "vq_embedding_straight_through", "vq_embedding_forward", "vq_part",
      "resblock", "encoder", "classifier", "psi_audio", "psi_focalnet", "psi_vit", "stft",
      "resample", "train_interpreter_3_steps", "metrics",
    ]
    return kinds.first { name.hasPrefix($0) } ?? "unknown"
  }

  func floats(_ name: String) throws -> Tensor { try file.floats(name) }

  func integers(_ name: String) throws -> [Int] { try file.integers(name).values.map(Int.init) }

  /// Labels are kept as floats in most cases.
  func labels() throws -> [Int] { try floats("input.labels").elements.map { Int($0) } }

  /// The names of the tensors in a group such as `output`, without the group.
  func names(in group: String) -> [String] {
    file.names.filter { $0.hasPrefix(group + ".") }.map { String($0.dropFirst(group.count + 1)) }
  }

  func int(_ key: String, default value: Int = 0) -> Int { config[key] as? Int ?? value }

  func double(_ key: String) -> Double { config[key] as? Double ?? .nan }

  func pair(_ key: String) -> (Double, Double) {
    let values = config[key] as? [Double] ?? []
    return values.count == 2 ? (values[0], values[1]) : (.nan, .nan)
  }

  func bool(_ key: String, default value: Bool) -> Bool { config[key] as? Bool ?? value }

  /// The relative tolerance for a tensor, or nil where single precision cannot reproduce it.
  func tolerance(for tensor: String) -> Double? {
    if (config["unstable"] as? [String])?.contains(tensor) == true { return nil }
    if let loose = (config["loose"] as? [String: Double])?[tensor] { return loose }
    return tensor.hasPrefix("grad.") ? 2e-4 : 1e-5
  }
}
