public import PIQClassifiers
public import PIQSpectral

/// All of a model but its weights: the content of `model.json`, under the same names.
public struct ModelConfiguration: Sendable, Equatable {
  /// The model's display name.
  public var name: String
  /// The front end.
  public var stft: STFTConfiguration
  /// The divisor of a clip before its STFT.
  public var normalize: Normalization
  /// The classifier's body; nil where `network` takes its place.
  public var embeddingModel: EncoderConfiguration?
  /// The classifier's head; nil of an imported network that gives scores itself.
  public var classifier: Head?
  /// An imported classifier, or the backbone below an own head.
  public var network: NetworkConfiguration?
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
  /// What turns the similarity of a sound to the classes into `known`; nil where nothing was calibrated.
  public var known: KnownScore.Settings?
  /// A description of the model's training.
  public var training: String?
  /// The model's licence.
  public var licence: String?
  /// The works that it was trained on and that ask for a mention: title, author, licence, source.
  public var attribution: [String] = []
  /// What was measured of each part of the model, of clips that it was not trained or chosen on.
  public var figures: [String: MeasuredFigures] = [:]
  /// The clips that it was trained and chosen on; nil where they are not known.
  public var clips: SeenClips?

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

    /// A lower bound of the number of weights.
    var minimumParameterCount: Int {
      let inner = max(0, blockCount - 1) * blockSize * blockSize
      let first = blockCount > 0 ? inputSize * blockSize : 0
      return first + inner + classCount * (blockCount > 0 ? blockSize : inputSize)
    }

    enum CodingKeys: String, CodingKey {
      case `class`
      case inputSize = "input_size"
      case blockCount = "lin_blocks"
      case blockSize = "lin_neurons"
      case classCount = "out_neurons"
    }
  }

  /// The settings of a model with an encoder; those of inference have SpeechBrain's defaults.
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

  /// The settings of a model with an imported network.
  ///
  /// - Parameter classifier: the head on the network's embedding; nil if it gives scores itself.
  public init(
    name: String, stft: STFTConfiguration, network: NetworkConfiguration, classifier: Head? = nil,
    labels: [String], logitScale: Double = 1, training: String? = nil, licence: String? = nil
  ) {
    self.name = name
    self.stft = stft
    normalize = .none
    self.network = network
    self.classifier = classifier
    (useVQ, useMaskOutput, maskThreshold) = (true, true, 0.35)
    self.labels = labels
    self.logitScale = logitScale
    self.training = training
    self.licence = licence
  }
}

extension ModelConfiguration {
  /// Checks that the parts fit together.
  ///
  /// - Throws: `PIQError.configuration` naming the first setting that does not.
  public func validate() throws(PIQError) {
    if let network {
      try validate(network)
    } else {
      try validateOwn()
    }
    guard Float(logitScale).isFinite, Float(logitScale) > 0 else {
      throw .configuration("logit_scale is \(logitScale); it must be positive")
    }
    guard known.map({ $0.weight.isFinite && $0.bias.isFinite }) ?? true else {
      throw .configuration("known is no number")
    }
    guard known == nil || classifier != nil else {
      throw .configuration("known needs a classifier, whose embedding it is of")
    }
    guard Float(maskThreshold).isFinite else { throw .configuration("mask_th is \(maskThreshold)") }
  }

  private func validate(_ network: NetworkConfiguration) throws(PIQError) {
    guard embeddingModel == nil, psi == nil else {
      throw .configuration("there is a network beside embedding_model or psi")
    }
    try network.validate(sampleRate: stft.sampleRate)
    guard !labels.isEmpty else { throw .configuration("there are no labels") }
    guard let classifier else { return }
    try validate(classifier)
    guard network.embedding != nil else {
      throw .configuration("there is a classifier on a network without embedding")
    }
  }

  private func validate(_ head: Head) throws(PIQError) {
    guard head.class == Head.className else {
      throw .configuration("\(head.class) cannot be run; only \(Head.className) can")
    }
    try checkCounts([
      ("classifier input_size", head.inputSize), ("classifier lin_neurons", head.blockSize),
      ("classifier out_neurons", head.classCount),
    ])
    guard (0...16).contains(head.blockCount) else {
      throw .configuration("classifier lin_blocks is \(head.blockCount)")
    }
    guard labels.count == head.classCount else {
      throw .configuration(
        "\(labels.count) labels and classifier out_neurons \(head.classCount) differ")
    }
  }

  private func validateOwn() throws(PIQError) {
    let (encoder, head) = try ownClassifier
    let known = type(of: encoder).interpreterClassName
    if let psi, psi.className != known {
      throw .configuration(
        "\(psi.className) cannot be run on sound yet; \(type(of: encoder).className) takes "
          + (known ?? "no interpreter"))
    }
    try encoder.validate(bins: stft.bins)
    try psi?.validate()
    if psi != nil { try encoder.validateDecoding(bins: stft.bins) }
    if let psi {
      try checkCounts([
        ("psi dim", psi.dim), ("psi K", psi.keyCount), ("psi numclasses", psi.classCount),
      ])
    }
    let dim = psi?.dim ?? encoder.channels
    guard encoder.channels == dim, encoder.channels == head.inputSize else {
      throw .configuration(
        "embedding_model dim \(encoder.channels), classifier input_size \(head.inputSize) "
          + "and psi dim \(dim) differ")
    }
    let classCount = psi?.classCount ?? labels.count
    guard labels.count == head.classCount, labels.count == classCount else {
      throw .configuration(
        "\(labels.count) labels, classifier out_neurons \(head.classCount) and "
          + "psi numclasses \(classCount) differ")
    }
    try validate(head)
  }

  /// The settings of the encoder and the head of a classifier of this package.
  ///
  /// - Throws: `PIQError.configuration` of an imported one, or an encoder that is not known.
  package var ownClassifier: (encoder: any EncoderSettings, head: Head) {
    get throws(PIQError) {
      guard network == nil else {
        throw .configuration("the classifier is an imported network, which stays as it is")
      }
      guard let embeddingModel, let classifier else {
        throw .configuration("there is neither a network nor embedding_model and classifier")
      }
      return (try embeddingModel.known(), classifier)
    }
  }

  /// A lower bound of the number of weights, to compare with a file before the networks are
  /// allocated.
  ///
  /// - Precondition: the settings passed `validate()`.
  public var minimumParameterCount: Int {
    let keys = psi.map { $0.keyCount * $0.dim } ?? 0
    let encoder = embeddingModel?.settings?.minimumParameterCount ?? 0
    return encoder + (classifier?.minimumParameterCount ?? 0) + keys
  }
}
