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
  enum Family: String, CaseIterable, Sendable { case focalnet, vit }

  let family: Family
  var description: String { family.rawValue }

  static let clips = ["c0", "c1", "c2", "c3"]

  func path(_ name: String) -> String { Fixtures.path("transformers/\(family.rawValue)/\(name)") }

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
    let labels = (0..<6).map { "class \($0)" }
    return ModelConfiguration(
      name: family.rawValue,
      stft: .speechBrainPIQ,
      normalize: .none, embeddingModel: EncoderConfiguration(settings),
      classifier: .init(inputSize: settings.channels, blockCount: 1, classCount: 6),
      psi: .init(
        className: type(of: settings).interpreterClassName ?? "", dim: settings.channels,
        keyCount: 48, classCount: 6), labels: labels)
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
