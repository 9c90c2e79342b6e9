public import PIQ
import PIQCheckpoints
import PIQClassifiers
import PIQNeuralNetwork
import PIQPlatform
import PIQTensor

/// What a model folder holds, read without its weights.
public struct ModelDescription: Sendable {
  /// The folder.
  public let path: String
  /// The settings.
  public let configuration: ModelConfiguration
  /// The SHA-256 of `model.safetensors`, in hexadecimal; of the network's file where there are no other
  /// weights.
  public let sha256: String
  /// The weights in `model.safetensors`; nil where there are none.
  public let weights: StoredWeights?
  /// The imported network; nil of another model.
  public let network: NetworkDescription?

  /// Reads the settings and the header of the weights in the folder `path`.
  ///
  /// - Throws: `Failure` when a file is missing or malformed, or the tensors are not those of the
  ///   settings.
  public init(path: String) throws {
    self.path = path
    let settingsPath = Folder.join(path, Model.configurationFile)
    let configuration = try Model.readConfiguration(settingsPath)
    self.configuration = configuration
    try Model.naming(settingsPath) { try configuration.validate() }
    let networkPath = configuration.network.map { Folder.join(path, $0.file) }
    network = try networkPath.map { try NetworkDescription(path: $0) }
    guard configuration.classifier != nil else {
      weights = nil
      sha256 = try FileHash.sha256(ofFileAt: networkPath ?? settingsPath)
      return
    }
    let weightsPath = Folder.join(path, Model.weightsFile)
    let header = try SafetensorsHeader(path: weightsPath)
    var count = 0
    try Model.naming(settingsPath) {
      try Model.Parts.checkSize(of: header, for: configuration, weightsPath)
      // Zeros take no memory until they are used.
      for (name, parameter) in try configuration.zeros() {
        try Model.Parts.checkShape(name, parameter.source.shape, in: header, weightsPath)
        count += parameter.source.shape.reduce(1, *)
      }
    }
    weights = StoredWeights(
      parameterCount: count, dtype: header.names.first.flatMap(header.dtype) ?? .float32)
    sha256 = try FileHash.sha256(ofFileAt: weightsPath)
  }
}

extension ModelConfiguration {
  /// All weights, as zeros.
  fileprivate func zeros() throws -> [(name: String, parameter: Parameter)] {
    guard network != nil else { return try Networks(self, using: .zeros).state }
    return classifier.map { headParts($0).state } ?? []
  }
}
