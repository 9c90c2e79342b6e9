public import PIQNeuralNetwork
public import PIQTensor

/// The networks that make up a model.
///
///     let networks = try Networks(configuration, using: Initializer(seed: 1))
public struct Networks {
  /// The classifier's body; `embedding_model` in the names of its weights.
  public let encoder: ConvolutionalEncoder
  /// The classifier's head; `classifier`.
  public let classifier: CosineClassifier
  /// The interpreter; `psi`. Nil in a model that only classifies.
  public let psi: VectorQuantizedPSI?

  /// Networks of the sizes that `configuration` asks for.
  ///
  /// - Throws: `PIQError.configuration`.
  public init(
    _ configuration: ModelConfiguration, using initializer: Initializer
  ) throws(PIQError) {
    try configuration.validate()
    let head = configuration.classifier
    encoder = ConvolutionalEncoder(dim: configuration.embeddingModel.dim, using: initializer)
    classifier = CosineClassifier(
      inputSize: head.inputSize, blockCount: head.blockCount, blockSize: head.blockSize,
      classCount: head.classCount, using: initializer)
    guard let settings = configuration.psi?.settings else {
      psi = nil
      return
    }
    psi = try VectorQuantizedPSI(settings, using: initializer)
  }

  /// Networks that were made apart from each other.
  ///
  /// - Precondition: their sizes fit together.
  public init(
    encoder: ConvolutionalEncoder, classifier: CosineClassifier, psi: VectorQuantizedPSI?
  ) {
    self.encoder = encoder
    self.classifier = classifier
    self.psi = psi
  }

  /// All weights and statistics under SpeechBrain's state-dict names, after the name of their part.
  public var state: [(name: String, parameter: Parameter)] {
    encoder.state(under: "embedding_model") + classifier.state(under: "classifier")
      + (psi?.state(under: "psi") ?? [])
  }

  /// Replaces every weight by what `weight` gives for its name; its shape must be the old one's.
  public func load(_ weight: (_ name: String, _ shape: [Int]) throws -> Tensor) rethrows {
    for (name, parameter) in state {
      parameter.value = try weight(name, parameter.value.shape)
    }
  }
}
