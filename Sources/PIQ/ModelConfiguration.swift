public import PIQClassifiers
public import PIQSpectral

/// All of a model but its weights: the content of `model.json`, under the same names.
public struct ModelConfiguration: Sendable, Codable, Equatable {
  /// The model's display name.
  public var name: String
  /// The front end.
  public var stft: STFTConfiguration
  /// The divisor of a clip before its STFT.
  public var normalize: Normalization
  /// The classifier's body.
  public var embeddingModel: EncoderConfiguration
  /// The classifier's head.
  public var classifier: Head
  /// The interpreter; nil for a classifier whose interpreter has yet to be trained.
  public var psi: VectorQuantizedPSI.Settings?
  /// Whether representations are quantised before they are decoded.
  public var useVQ: Bool
  /// Whether the decoder's output is a mask; otherwise it is a spectrogram that is compared with a
  /// threshold.
  public var useMaskOutput: Bool
  /// The threshold, as a fraction of the decoder's largest output.
  public var maskThreshold: Double
  /// The names of the classes, by index.
  public var labels: [String]
  /// The factor of the cosines before softmax.
  public var logitScale: Double
  /// A description of the model's training.
  public var training: String?
  /// The model's licence.
  public var licence: String?

  /// The head's settings.
  public struct Head: Sendable, Codable, Equatable {
    package static let className = "Classifier"
    /// SpeechBrain's name for the class.
    public var `class` = Self.className
    /// D, the length of an embedding (`input_size`).
    public var inputSize: Int
    /// The number of blocks of normalisation and linear layer (`lin_blocks`).
    public var blockCount: Int
    /// The outputs of each block's linear layer (`lin_neurons`).
    public var blockSize: Int
    /// C, the number of classes (`out_neurons`).
    public var classCount: Int

    /// A `Classifier` with SpeechBrain's default arguments.
    public init(inputSize: Int, blockCount: Int = 0, blockSize: Int = 192, classCount: Int = 1211) {
      self.inputSize = inputSize
      self.blockCount = blockCount
      self.blockSize = blockSize
      self.classCount = classCount
    }

    enum CodingKeys: String, CodingKey {
      case `class`
      case inputSize = "input_size"
      case blockCount = "lin_blocks"
      case blockSize = "lin_neurons"
      case classCount = "out_neurons"
    }
  }

  /// A model's settings; those of inference have SpeechBrain's defaults.
  public init(
    name: String, stft: STFTConfiguration, normalize: Normalization,
    embeddingModel: EncoderConfiguration, classifier: Head, psi: VectorQuantizedPSI.Settings? = nil,
    useVQ: Bool = true, useMaskOutput: Bool = true, maskThreshold: Double = 0.35, labels: [String],
    logitScale: Double = 1, training: String? = nil, licence: String? = nil
  ) {
    self.name = name
    self.stft = stft
    self.normalize = normalize
    self.embeddingModel = embeddingModel
    self.classifier = classifier
    self.psi = psi
    self.useVQ = useVQ
    self.useMaskOutput = useMaskOutput
    self.maskThreshold = maskThreshold
    self.labels = labels
    self.logitScale = logitScale
    self.training = training
    self.licence = licence
  }

  enum CodingKeys: String, CodingKey {
    case name, stft, normalize, classifier, psi, labels, training, licence
    case embeddingModel = "embedding_model"
    case useVQ = "use_vq"
    case useMaskOutput = "use_mask_output"
    case maskThreshold = "mask_th"
    case logitScale = "logit_scale"
  }
}

extension ModelConfiguration {
  /// Checks that the parts fit together.
  ///
  /// - Throws: `PIQError.configuration` naming the first setting that does not.
  public func validate() throws(PIQError) {
    let encoder = try embeddingModel.known()
    guard classifier.class == Head.className else {
      throw .configuration("\(classifier.class) cannot be run; only \(Head.className) can")
    }
    let known = type(of: encoder).interpreterClassName
    if let psi, psi.className != known {
      throw .configuration(
        "\(psi.className) cannot be run on sound yet; \(embeddingModel.className) takes "
          + (known ?? "no interpreter"))
    }
    try encoder.validate(bins: stft.bins)
    try psi?.validate()
    if psi != nil { try encoder.validateDecoding(bins: stft.bins) }
    try checkCounts([
      ("classifier input_size", classifier.inputSize),
      ("classifier lin_neurons", classifier.blockSize),
      ("classifier out_neurons", classifier.classCount),
    ])
    if let psi {
      try checkCounts([
        ("psi dim", psi.dim), ("psi K", psi.keyCount), ("psi numclasses", psi.classCount),
      ])
    }
    guard (0...16).contains(classifier.blockCount) else {
      throw .configuration("classifier lin_blocks is \(classifier.blockCount)")
    }
    let dim = psi?.dim ?? encoder.channels
    guard encoder.channels == dim, encoder.channels == classifier.inputSize else {
      throw .configuration(
        "embedding_model dim \(encoder.channels), classifier input_size \(classifier.inputSize) "
          + "and psi dim \(dim) differ")
    }
    let classCount = psi?.classCount ?? labels.count
    guard labels.count == classifier.classCount, labels.count == classCount else {
      throw .configuration(
        "\(labels.count) labels, classifier out_neurons \(classifier.classCount) and "
          + "psi numclasses \(classCount) differ")
    }
    guard Float(logitScale).isFinite, Float(logitScale) > 0 else {
      throw .configuration("logit_scale is \(logitScale); it must be positive")
    }
    guard Float(maskThreshold).isFinite else { throw .configuration("mask_th is \(maskThreshold)") }
  }

  /// A lower bound of the number of weights, to compare with a file before the networks are
  /// allocated.
  ///
  /// - Precondition: the settings passed `validate()`.
  public var minimumParameterCount: Int {
    let innerBlocks =
      max(0, classifier.blockCount - 1) * classifier.blockSize * classifier.blockSize
    let firstBlock = classifier.blockCount > 0 ? classifier.inputSize * classifier.blockSize : 0
    let vectors =
      classifier.classCount
      * (classifier.blockCount > 0 ? classifier.blockSize : classifier.inputSize)
    let keys = psi.map { $0.keyCount * $0.dim } ?? 0
    let encoder = embeddingModel.settings?.minimumParameterCount ?? 0
    return encoder + firstBlock + innerBlocks + vectors + keys
  }
}
