import PIQ
public import PIQCheckpoints
import PIQClassifiers
import PIQExplanations
import PIQKernels
import PIQNeuralNetwork
import PIQPlatform
import PIQTensor

/// The weights that a file holds.
public struct StoredWeights: Sendable {
  /// How many values there are.
  public let parameterCount: Int
  /// How they are stored.
  public let dtype: TensorDType
}

extension Model {
  /// What is loaded of a model besides its settings.
  struct Parts {
    let interpreter: Interpreter
    let sha256: String
    let weights: StoredWeights?
  }
}

extension Model.Parts {
  /// Loads the networks of a model whose classifier is its own.
  ///
  /// - Throws: as `Model.init`.
  init(_ folder: String, _ configuration: ModelConfiguration, _ precision: PrecisionChoice) throws {
    let path = Folder.join(folder, Model.weightsFile)
    try Self.checkMemory(for: path)
    let file = try SafetensorsFile(path: path)
    // First: networks discard what they keep in another form.
    sha256 = try file.sha256()
    try Self.checkSize(of: file.header, for: configuration, path)
    let precision = try precision.resolved(
      for: .inference, channels: configuration.ownClassifier.head.inputSize)
    let weights = Weights(file, path)
    interpreter = try Interpreter(configuration, precision: precision, sources: weights.source)
    self.weights = weights.stored
  }

  /// Loads an imported network, and its head if it has one.
  ///
  /// - Throws: as `Model.init`.
  init(
    _ folder: String, _ configuration: ModelConfiguration, _ network: NetworkConfiguration
  ) throws {
    let networkPath = Folder.join(folder, network.file)
    try Self.checkMemory(for: networkPath)
    let file = try NetworkFile(path: networkPath)
    let networkHash = try file.sha256()
    guard network.sha256 == networkHash else {
      throw Failure(
        .fileMalformed, path: networkPath, problem: "is not the file that was imported",
        remedy: "import the model again")
    }
    var (head, known): (CosineClassifier?, KnownScore?) = (nil, nil)
    if let settings = configuration.classifier {
      let path = Folder.join(folder, Model.weightsFile)
      let file = try SafetensorsFile(path: path)
      sha256 = try file.sha256()
      try Self.checkSize(of: file.header, for: configuration, path)
      let weights = Weights(file, path)
      let parts = configuration.headParts(settings)
      for (name, parameter) in parts.state {
        parameter.source = try weights.source(name, parameter.source.shape)
        parameter.freeze()
      }
      self.weights = weights.stored
      (head, known) = (parts.classifier, parts.known)
    } else {
      (sha256, weights) = (networkHash, nil)
    }
    interpreter = Interpreter(
      frontEnd: FrontEnd(configuration.stft, normalize: configuration.normalize),
      classifier: try file.classifier(configuration, network, head: head, known: known),
      labels: configuration.labels)
  }

  /// The weights in a file, counted as they are taken.
  final class Weights {
    private let file: SafetensorsFile
    private let path: String
    private var count = 0

    init(_ file: SafetensorsFile, _ path: String) { (self.file, self.path) = (file, path) }

    var stored: StoredWeights {
      StoredWeights(
        parameterCount: count, dtype: file.names.first.flatMap(file.dtype) ?? .float32)
    }

    func source(_ name: String, _ shape: [Int]) throws -> TensorSource {
      try Model.Parts.checkShape(name, shape, in: file.header, path)
      let source = try file.source(of: name)
      try Model.check(source.value, named: name, path: path)
      count += shape.reduce(1, *)
      return source
    }
  }

  /// Checks that a model fits into memory before it is loaded.
  private static func checkMemory(for path: String) throws(Failure) {
    guard let status = FileStatus(path) else { return }
    // The file, its weights, and what the networks derive from them.
    let needed = 4 * Double(status.size)
    let available = Memory.available
    guard needed <= available else {
      throw Failure(
        .outOfMemory, path: path,
        problem: "needs about \(Int(needed / 1e6) + 1) MB of memory, where "
          + "\(Int(available / 1e6)) MB are left",
        remedy: Memory.remedy)
    }
  }

  private static func incomplete(_ path: String, _ problem: String) -> Failure {
    Failure(.modelMalformed, path: path, problem: problem, remedy: "import the model again")
  }

  /// Checks that there are enough values for the settings before networks are allocated.
  static func checkSize(
    of header: SafetensorsHeader, for configuration: ModelConfiguration, _ path: String
  ) throws(Failure) {
    guard header.valueCount >= configuration.minimumParameterCount else {
      throw incomplete(
        path, "holds \(header.valueCount) values, too few for what model.json describes")
    }
  }

  /// Checks that there is a tensor of this name and shape.
  static func checkShape(
    _ name: String, _ shape: [Int], in header: SafetensorsHeader, _ path: String
  ) throws(Failure) {
    guard let found = header.shape(of: name) else {
      throw incomplete(path, "lacks the tensor \(printable(name))")
    }
    guard found == shape else {
      throw incomplete(
        path, "\(printable(name)) has shape \(found) where model.json needs \(shape)")
    }
  }
}

extension ModelConfiguration {
  /// The layers of a head on an imported network, with the names of their weights.
  func headParts(
    _ settings: Head
  ) -> (
    classifier: CosineClassifier, known: KnownScore?, state: [(name: String, parameter: Parameter)]
  ) {
    let classifier = settings.makeClassifier(using: .zeros)
    let score = known.map {
      KnownScore($0, classCount: settings.classCount, embeddingLength: settings.inputSize)
    }
    return (
      classifier, score,
      classifier.state(under: "classifier") + (score?.state(under: "known") ?? [])
    )
  }
}
