public import PIQ
public import PIQCheckpoints
import PIQNeuralNetwork
import PIQPlatform
import PIQTensor

/// What a model folder holds, read without its weights.
public struct ModelDescription: Sendable {
  /// The folder.
  public let path: String
  /// The settings.
  public let configuration: ModelConfiguration
  /// The SHA-256 of `model.safetensors`, in hexadecimal.
  public let sha256: String
  /// The number of values among the weights.
  public let parameterCount: Int
  /// How the weights are stored.
  public let dtype: TensorDType

  /// Reads the settings and the header of the weights in the folder `path`.
  ///
  /// - Throws: `Failure` when a file is missing or malformed, or the tensors are not those of the
  ///   settings.
  public init(path: String) throws {
    self.path = path
    let settingsPath = Folder.join(path, Model.configurationFile)
    let configuration = try Model.readConfiguration(settingsPath)
    let weightsPath = Folder.join(path, Model.weightsFile)
    let header = try SafetensorsHeader(path: weightsPath)
    var count = 0
    try Model.naming(settingsPath) {
      try Model.checkSize(of: header, for: configuration, weightsPath)
      // Zeros take no memory until they are used.
      for (name, parameter) in try Networks(configuration, using: .zeros).state {
        try Model.checkShape(name, parameter.source.shape, in: header, weightsPath)
        count += parameter.source.shape.reduce(1, *)
      }
    }
    self.configuration = configuration
    parameterCount = count
    dtype = header.names.first.flatMap(header.dtype) ?? .float32
    sha256 = try FileHash.sha256(ofFileAt: weightsPath)
  }
}
