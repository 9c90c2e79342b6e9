public import PIQSpectral

/// What a clip is divided by before its STFT.
public enum Normalization: String, Sendable, Codable, CaseIterable {
  /// Nothing, as SpeechBrain's inference does.
  case none
  /// The largest absolute sample.
  case peak
  /// The largest sample, as SpeechBrain's training does.
  case max
}

/// Everything about a model but its weights: what `model.json` holds, under the same names.
public struct ModelConfiguration: Sendable, Codable, Equatable {
  /// What people call the model.
  public var name: String
  /// The front end.
  public var stft: STFTConfiguration
  /// What a clip is divided by before its STFT.
  public var normalize: Normalization
  /// The classifier's body.
  public var embeddingModel: EmbeddingModel
  /// The classifier's head.
  public var classifier: Classifier
  /// The interpreter; nil for a classifier whose interpreter has yet to be trained.
  public var psi: PSI?
  /// Whether representations are quantised before they are decoded.
  public var useVQ: Bool
  /// Whether the decoder's output is a mask; otherwise it is a spectrogram that is compared with a
  /// threshold.
  public var useMaskOutput: Bool
  /// The threshold, as a part of the decoder's largest output.
  public var maskThreshold: Double
  /// The names of the classes, by index.
  public var labels: [String]
  /// What cosines are multiplied by before softmax.
  public var logitScale: Double
  /// How the model came about, in words.
  public var training: String?
  /// Under which terms it may be used.
  public var licence: String?

  /// The body's settings; `class` is SpeechBrain's name for it.
  public struct EmbeddingModel: Sendable, Codable, Equatable {
    public var `class` = "Conv2dEncoder_v2"
    public var dim = 256

    /// A `Conv2dEncoder_v2` of `dim` channels.
    public init(dim: Int = 256) { self.dim = dim }
  }

  /// The head's settings.
  public struct Classifier: Sendable, Codable, Equatable {
    public var `class` = "Classifier"
    public var inputSize: Int
    public var blockCount: Int
    public var blockSize: Int
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

  /// The interpreter's settings.
  public struct PSI: Sendable, Codable, Equatable {
    public var `class` = "VectorQuantizedPSI_Audio"
    public var dim: Int
    public var keyCount: Int
    public var classCount: Int
    public var classPartitioning: Bool
    public var sharedKeys: Int
    public var usesAdapter: Bool
    public var reducesDim: Bool

    /// A `VectorQuantizedPSI_Audio` with these settings.
    public init(_ settings: VectorQuantizedPSI.Settings) {
      dim = settings.dim
      keyCount = settings.keyCount
      classCount = settings.classCount
      classPartitioning = settings.classPartitioning
      sharedKeys = settings.sharedKeys
      usesAdapter = settings.usesAdapter
      reducesDim = settings.reducesDim
    }

    /// The settings in the network's own form.
    public var settings: VectorQuantizedPSI.Settings {
      VectorQuantizedPSI.Settings(
        dim: dim, keyCount: keyCount, classCount: classCount, classPartitioning: classPartitioning,
        sharedKeys: sharedKeys, usesAdapter: usesAdapter, reducesDim: reducesDim)
    }

    enum CodingKeys: String, CodingKey {
      case `class`, dim
      case keyCount = "K"
      case classCount = "numclasses"
      case classPartitioning = "activate_class_partitioning"
      case sharedKeys = "shared_keys"
      case usesAdapter = "use_adapter"
      case reducesDim = "adapter_reduce_dim"
    }
  }

  /// A model's settings; those of inference have SpeechBrain's defaults.
  public init(
    name: String, stft: STFTConfiguration, normalize: Normalization,
    embeddingModel: EmbeddingModel, classifier: Classifier, psi: PSI? = nil, useVQ: Bool = true,
    useMaskOutput: Bool = true, maskThreshold: Double = 0.35, labels: [String],
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
  /// The largest value that is believed for a count, far beyond any real model.
  private static let largestCount = 65_536

  /// Checks that the parts fit together.
  ///
  /// - Throws: `PIQError.configuration` naming the first setting that does not.
  public func validate() throws(PIQError) {
    let supported = ["Conv2dEncoder_v2", "Classifier", "VectorQuantizedPSI_Audio"]
    let names = [embeddingModel.class, classifier.class] + (psi.map { [$0.class] } ?? [])
    for name in names where !supported.contains(name) {
      throw .configuration(
        "\(name) cannot be run on sound yet; only Conv2dEncoder_v2 with VectorQuantizedPSI_Audio can"
      )
    }
    var counts = [
      ("embedding_model dim", embeddingModel.dim), ("classifier input_size", classifier.inputSize),
      ("classifier lin_neurons", classifier.blockSize),
      ("classifier out_neurons", classifier.classCount),
    ]
    if let psi {
      counts += [
        ("psi dim", psi.dim), ("psi K", psi.keyCount), ("psi numclasses", psi.classCount),
      ]
    }
    for (name, count) in counts where !(1...Self.largestCount).contains(count) {
      throw .configuration("\(name) is \(count)")
    }
    guard (0...16).contains(classifier.blockCount) else {
      throw .configuration("classifier lin_blocks is \(classifier.blockCount)")
    }
    let dim = psi?.dim ?? embeddingModel.dim
    guard embeddingModel.dim == dim, embeddingModel.dim == classifier.inputSize else {
      throw .configuration(
        "embedding_model dim \(embeddingModel.dim), classifier input_size \(classifier.inputSize) "
          + "and psi dim \(dim) differ")
    }
    let classCount = psi?.classCount ?? labels.count
    guard labels.count == classifier.classCount, labels.count == classCount else {
      throw .configuration(
        "\(labels.count) labels, classifier out_neurons \(classifier.classCount) and "
          + "psi numclasses \(classCount) differ")
    }
    guard stft.bins >= 33, (stft.bins - 1).isMultiple(of: 32) else {
      throw .configuration(
        "n_fft \(stft.nFFT) gives \(stft.bins) bins; the decoder needs a multiple of 32 and one more"
      )
    }
    guard Float(logitScale).isFinite, Float(logitScale) > 0 else {
      throw .configuration("logit_scale is \(logitScale); it must be positive")
    }
    guard Float(maskThreshold).isFinite else { throw .configuration("mask_th is \(maskThreshold)") }
  }

  /// A number of values that the weights have at least: those of the layers whose sizes the
  /// settings decide. Whoever reads weights compares it with what there is before networks are
  /// built, which takes memory for as many values as the settings ask for.
  ///
  /// - Precondition: the settings passed `validate()`.
  public var leastParameterCount: Int {
    let convolutions = 3 * 16 * embeddingModel.dim * embeddingModel.dim
    let innerBlocks =
      max(0, classifier.blockCount - 1) * classifier.blockSize * classifier.blockSize
    let firstBlock = classifier.blockCount > 0 ? classifier.inputSize * classifier.blockSize : 0
    let vectors =
      classifier.classCount
      * (classifier.blockCount > 0 ? classifier.blockSize : classifier.inputSize)
    let keys = psi.map { $0.keyCount * $0.dim } ?? 0
    return convolutions + firstBlock + innerBlocks + vectors + keys
  }
}
