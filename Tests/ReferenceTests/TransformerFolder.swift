import Foundation
import PIQ
import PIQAudioIO
import PIQCheckpoints
import PIQClassifiers
import PIQExplanations
import PIQNeuralNetwork
import PIQSpectral
import PIQTensor
import TestSupport

/// A folder of Fixtures/transformers: networks in the layout of SpeechBrain's recipe, and what it
/// makes of clips.
struct TransformerFolder: CustomStringConvertible, Sendable {
  enum Family: String, Sendable { case focalnet, vit }

  let family: Family
  /// Whether it is of other sizes, with shared keys, layer scale and wider windows. What does not
  /// depend on those is not among its goldens.
  var isVariant = false
  var description: String { family.rawValue + (isVariant ? "-variant" : "") }

  static let usual = [TransformerFolder(family: .focalnet), TransformerFolder(family: .vit)]
  static let all =
    usual + usual.map { TransformerFolder(family: $0.family, isVariant: true) }

  /// All clips of all folders.
  static let clips = all.flatMap { folder in
    (0..<(folder.isVariant ? 2 : 4)).map { Clip(folder: folder, name: "c\($0)") }
  }

  /// A clip of a folder.
  struct Clip: CustomStringConvertible, Sendable {
    let folder: TransformerFolder
    let name: String
    var description: String { "\(folder) \(name)" }
  }

  var classCount: Int { isVariant ? 5 : 6 }

  func path(_ name: String) -> String { Fixtures.path("transformers/\(self)/\(name)") }

  func golden(_ clip: String) throws -> SafetensorsFile {
    try SafetensorsFile(path: path("golden/\(clip).safetensors"))
  }

  /// The encoder's settings as config.json has them.
  func settings() throws -> any EncoderSettings {
    let data = try Data(contentsOf: URL(filePath: path("config.json")))
    return switch family {
    case .focalnet: try JSONDecoder().decode(FocalNetEncoder.Settings.self, from: data)
    case .vit: try JSONDecoder().decode(ViTEncoder.Settings.self, from: data)
    }
  }

  func configuration() throws -> ModelConfiguration {
    let settings = try settings()
    let labels = (0..<classCount).map { "class \($0)" }
    return ModelConfiguration(
      name: description, stft: .speechBrainPIQ, normalize: .none,
      embeddingModel: EncoderConfiguration(settings),
      classifier: .init(inputSize: settings.channels, blockCount: 1, classCount: classCount),
      psi: .init(
        className: type(of: settings).interpreterClassName ?? "", dim: settings.channels,
        keyCount: isVariant ? 43 : 48, classCount: classCount, sharedKeys: isVariant ? 8 : 0),
      labels: labels)
  }

  func interpreter() throws -> Interpreter {
    let parts = try [
      "embedding_model": "embedding_model", "classifier": "classifier", "psi": "psi_model",
    ].mapValues { try PyTorchCheckpoint(path: path($0 + ".ckpt")).floats }
    return try Interpreter(configuration()) { name, shape in
      let part = String(name.prefix { $0 != "." })
      guard let tensor = parts[part]?[String(name.dropFirst(part.count + 1))],
        tensor.shape == shape
      else { throw Missing(name: name, shape: shape) }
      return tensor
    }
  }

  struct Missing: Error {
    let name: String
    let shape: [Int]
  }

  /// A clip's samples.
  func samples(_ clip: String) throws -> [Float] {
    try Recording.read(path: path("clips/\(clip).flac")).samples
  }
}
