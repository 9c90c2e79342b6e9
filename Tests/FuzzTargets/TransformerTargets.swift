import Foundation
import PIQModels
import TestSupport

/// Beside what a recipe leaves, and beside the weights of classifiers of the hub, which have no other
/// labels.
func configurationTarget() throws -> FuzzTarget.Body {
  let weights: Set = ["embedding_model.ckpt", "classifier.ckpt"]
  let folders = try [("vit", nil), ("vit", weights), ("focalnet", weights)].map { family, kept in
    try FuzzFolder(
      "config.json", beside: Fixtures.path("transformers/\(family)"), keeping: kept)
  }
  return { bytes in
    let results = folders.map { folder in
      folder.replace(with: bytes)
      return Result { try SpeechBrainImport(path: folder.path, name: "fuzz") }
    }
    for result in results { _ = try result.get() }
  }
}

/// Lines of a name and the extents of its axes, as a file of zeros of the encoder of a classifier of the
/// hub.
func tensorsTarget() throws -> FuzzTarget.Body {
  let folder = try FuzzFolder(
    "embedding_model.safetensors", beside: Fixtures.path("transformers/vit"),
    keeping: ["classifier.ckpt", "label_encoder.txt"])
  return { bytes in
    guard let file = fileOfZeros(describedBy: bytes) else { return }
    folder.replace(with: file)
    _ = try SpeechBrainImport(path: folder.path, name: "fuzz")
  }
}

/// Safetensors in half precision; nil for more than a million values, which would take their time.
private func fileOfZeros(describedBy text: UnsafeRawBufferPointer) -> [UInt8]? {
  var (header, end): ([String: Any], Int) = ([:], 0)
  for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
    let words = line.split(separator: " ")
    let shape = words.dropFirst().compactMap { Int($0) }.filter { (0...65_536).contains($0) }
    guard let name = words.first.map(String.init), shape.count == words.count - 1,
      shape.count <= 4, header[name] == nil
    else { continue }
    let count = shape.reduce(1.0) { $0 * Double($1) }
    guard Double(end) + 2 * count <= 2e6 else { return nil }
    let next = end + 2 * Int(count)
    header[name] = ["dtype": "F16", "shape": shape, "data_offsets": [end, next]]
    end = next
  }
  guard let json = try? JSONSerialization.data(withJSONObject: header) else { return nil }
  let length = (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) }
  return length + json + [UInt8](repeating: 0, count: end)
}
