public import PIQClassifiers
public import PIQNeuralNetwork
import PIQSpectral
public import PIQTensor

/// The networks that make up a model, with weights that can be trained.
///
///     let networks = try Networks(configuration, using: Initializer(seed: 1))
public struct Networks {
  /// The classifier's body; `embedding_model` in the names of its weights.
  public let encoder: any SpectrogramEncoder
  /// The classifier's head; `classifier`.
  public let classifier: CosineClassifier
  /// The interpreter; `psi`. Nil in a model that only classifies.
  public let psi: VectorQuantizedPSI?
  /// What tells sounds of the classes from others; `known`. Nil where nothing was calibrated for it.
  public let known: KnownScore?

  /// Networks of the sizes that `configuration` asks for.
  ///
  /// - Throws: `PIQError.configuration`.
  public init(
    _ configuration: ModelConfiguration, using initializer: Initializer
  ) throws(PIQError) {
    try configuration.validate()
    let (settings, head) = try configuration.ownClassifier
    encoder = settings.makeEncoder(using: initializer)
    classifier = head.makeClassifier(using: initializer)
    psi = try configuration.psi.map { settings throws(PIQError) in
      try VectorQuantizedPSI(settings, using: initializer)
    }
    known = configuration.known.map {
      KnownScore($0, classCount: head.classCount, embeddingLength: head.inputSize)
    }
  }

  /// Networks from separately built parts.
  ///
  /// - Precondition: their sizes fit together.
  package init(
    encoder: any SpectrogramEncoder, classifier: CosineClassifier, psi: VectorQuantizedPSI?,
    known: KnownScore?
  ) {
    self.known = known
    self.encoder = encoder
    self.classifier = classifier
    self.psi = psi
  }

  /// Networks of the same sizes with the same weights, independent of the old ones and without
  /// gradients.
  ///
  /// - Throws: `PIQError.configuration` when these networks are not of `configuration`'s sizes.
  package func frozenCopy(of configuration: ModelConfiguration) throws -> Networks {
    let copy = try Networks(configuration, using: .zeros)
    let values = Dictionary(
      state.map { ($0.name, $0.parameter.value) }, uniquingKeysWith: { first, _ in first })
    try copy.load { name, shape in
      guard let value = values[name], value.shape == shape else {
        throw PIQError.configuration("the networks have no \(name) of shape \(shape)")
      }
      return TensorSource(value)
    }
    copy.freeze()
    return copy
  }

  /// Excludes all parameters from gradients, and keeps matrices as products take them.
  package func freeze() {
    for (_, parameter) in state { parameter.freeze() }
  }

  /// Encoder and head as one classifier, which always uses their current weights.
  package func encoderClassifier(_ configuration: ModelConfiguration) -> EncoderClassifier {
    EncoderClassifier(
      encoder: encoder, head: classifier, bins: configuration.stft.bins,
      logitScale: configuration.logitScale, known: known)
  }

  /// All weights and statistics under SpeechBrain's state-dict names, after the name of their part.
  public var state: [(name: String, parameter: Parameter)] {
    encoder.state(under: "embedding_model") + classifier.state(under: "classifier")
      + (psi?.state(under: "psi") ?? []) + (known?.state(under: "known") ?? [])
  }

  /// Replaces every weight by what `weight` gives for its name; its shape must be the old one's.
  public func load(_ weight: (_ name: String, _ shape: [Int]) throws -> TensorSource) rethrows {
    for (name, parameter) in state { parameter.source = try weight(name, parameter.source.shape) }
  }
}

extension ModelConfiguration.Head {
  /// A head of these sizes.
  package func makeClassifier(using initializer: Initializer) -> CosineClassifier {
    CosineClassifier(
      inputSize: inputSize, blockCount: blockCount, blockSize: blockSize, classCount: classCount,
      using: initializer)
  }
}
