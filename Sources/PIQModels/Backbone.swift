import PIQ
import PIQClassifiers
import PIQExplanations
import PIQPlatform
import PIQSpectral

/// An imported network that gives embeddings, for heads on it.
public struct Backbone: Sendable {
  private let network: NetworkClassifier
  private let frontEnd: FrontEnd
  /// D, the length of an embedding.
  public let embeddingLength: Int

  /// The network of a model.
  ///
  /// - Throws: `Failure` of a model without a network, or whose network names no embedding.
  public init(_ model: Model) throws {
    guard let network = model.configuration.network else {
      throw Failure(
        .networkUnusable, path: model.path, problem: "is no imported network",
        remedy: "import an ONNX or TFLite file, or go on with the encoder of this model")
    }
    let path = Folder.join(model.path, network.file)
    guard let embedding = network.embedding else {
      throw Failure(
        .embeddingNeeded, path: path, problem: "has no tensor that is known as its embedding",
        remedy: "import it again and name one")
    }
    var settings = network
    settings.scores = embedding
    self.network = try Model.naming(path) {
      try NetworkFile(path: path).classifier(model.configuration, settings, head: nil)
    }
    frontEnd = model.interpreter.frontEnd
    let window = [Float](
      repeating: 0, count: network.windowLength(at: model.configuration.stft.sampleRate))
    embeddingLength = try self.network.embedding(of: frontEnd.clip(window)).count
  }

  /// The mean of the embeddings of a clip's windows [D].
  ///
  /// - Parameter samples: mono, at the model's rate; at least one.
  /// - Throws: `PIQError.notFinite`; `Failure`.
  public func embedding(of samples: [Float]) throws -> [Float] {
    try network.embedding(of: frontEnd.clip(samples))
  }
}

extension Model {
  /// Copies the file of this model's network to another folder, made if missing.
  ///
  /// - Throws: `Failure`.
  public func copyNetwork(to folder: String) throws {
    guard let network = configuration.network else { return }
    try Folder.make(folder)
    let file = try NetworkFile(path: Folder.join(path, network.file))
    try file.withWholeBytes { bytes in
      Result { try AtomicFile.write([bytes], to: Folder.join(folder, network.file)) }
    }.get()
  }
}
