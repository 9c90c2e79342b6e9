public import PIQNeuralNetwork

extension FocalNetEncoder {
  /// The sizes of a `FocalNetBackbone`, under the names of transformers' `FocalNetConfig`; what a file
  /// leaves out has that class's default.
  public struct Settings: EncoderSettings {
    public static let className = "FocalNetBackbone"
    public static let interpreterClassName: String? = "VectorQuantizedPSIFocalNet_Audio"

    /// S, rows and columns of the image.
    public var imageSize = 224
    /// P, rows and columns of a patch.
    public var patchSize = 4
    /// The channels of the image.
    public var imageChannels = 3
    /// The channels of the first stage; each further one has twice as many.
    public var embeddingSize = 96
    /// The number of layers of each stage.
    public var depths = [2, 2, 6, 2]
    /// The levels of the modulation in each stage.
    public var focalLevels = [2, 2, 2, 2]
    /// The kernel of the first level in each stage; odd.
    public var focalWindows = [3, 3, 3, 3]
    /// The hidden channels of MLPs for each channel.
    public var mlpRatio = 4.0
    /// The function within MLPs.
    public var activation = "gelu"
    /// The epsilon of layer norms.
    public var layerNormEpsilon = 1e-5
    /// Whether modulation and MLP are scaled by a factor for each channel.
    public var usesLayerScale = false
    /// That factor at first, in training.
    public var layerScaleValue = 1e-4
    /// Whether patches overlap (`use_conv_embed`).
    public var usesConvolutionalEmbedding = false
    /// Whether norms follow modulation and MLP instead of preceding them.
    public var usesPostLayerNorm = false
    /// Whether a norm follows the product of query and modulator.
    public var usesPostLayerNormInModulation = false
    /// Whether the sum of contexts is divided by their number.
    public var normalizesModulator = false
    /// Whether spectrograms are resized to images with antialiasing, as torchvision has done since
    /// 0.17 (ours; transformers has no such setting).
    public var antialias = true

    public var channels: Int { channels(ofStage: max(0, depths.count - 1)) }
    public var minimumTrainingFrames: Int { 1 }
    public var minimumParameterCount: Int {
      depths.indices.reduce(0) { count, stage in
        let (channels, hidden) = (channels(ofStage: stage), hiddenChannels(ofStage: stage))
        return count + depths[stage] * channels * (4 * channels + 2 * hidden)
      }
    }

    /// The channels of the stage of this index.
    func channels(ofStage stage: Int) -> Int { embeddingSize << stage }

    /// The hidden channels of its MLPs.
    func hiddenChannels(ofStage stage: Int) -> Int {
      Int(mlpRatio * Double(channels(ofStage: stage)))
    }

    /// Rows and columns of the last stage's map.
    var gridSide: Int { imageSize / (patchSize << (depths.count - 1)) }

    /// The sizes of microsoft/focalnet-tiny.
    public init() {}

    /// A FocalNet whose last stage has D `channels`; throws `PIQError.configuration` where the stages
    /// cannot double them.
    public init(channels: Int, depths: [Int]) throws(PIQError) {
      if !depths.isEmpty {
        self.depths = depths
        focalLevels = depths.map { _ in 2 }
        focalWindows = depths.map { _ in 3 }
      }
      let stages = self.depths.count
      guard stages <= 8, channels > 0, channels.isMultiple(of: 1 << (stages - 1)) else {
        throw .configuration(
          "dim \(channels) is no multiple of \(1 << min(8, stages - 1)): \(Self.className) doubles "
            + "its channels with each of its stages")
      }
      embeddingSize = channels >> (stages - 1)
    }

    /// - Throws: `PIQError.configuration`: lists are not among the arguments.
    public init(_ arguments: some KeywordArguments) throws {
      throw PIQError.configuration(
        "the sizes of \(Self.className) are lists, which config.json has beside the checkpoint")
    }

    /// An encoder of these sizes, with the initial weights that `initializer` draws.
    public func makeEncoder(using initializer: Initializer) -> any SpectrogramEncoder {
      FocalNetEncoder(self, using: initializer)
    }
  }
}

// MARK: Checks

extension FocalNetEncoder.Settings {
  /// The most stages; hub models have 4.
  private static let maximumStages = 8

  /// Checks the sizes, and whether spectrograms of F `bins` can be encoded.
  ///
  /// - Throws: `PIQError.configuration`.
  public func validate(bins: Int) throws(PIQError) {
    try checkVariants()
    guard (1...Self.maximumStages).contains(depths.count) else {
      throw .configuration("depths has \(depths.count) stages")
    }
    for (name, list) in [
      ("depths", depths), ("focal_levels", focalLevels), ("focal_windows", focalWindows),
    ] {
      guard list.count == depths.count, list.allSatisfy({ (1...1024).contains($0) }) else {
        throw .configuration("\(name) is \(list), not \(depths.count) numbers from 1 to 1024")
      }
    }
    guard focalWindows.allSatisfy({ !$0.isMultiple(of: 2) }) else {
      throw .configuration("focal_windows is \(focalWindows); a window without a centre")
    }
    guard zip(focalLevels, focalWindows).allSatisfy({ $0 <= 16 && $1 <= 63 }) else {
      throw .configuration(
        "focal_levels \(focalLevels) go up to 16, focal_windows \(focalWindows) to 63")
    }
    try checkCounts([("embed_dim", embeddingSize)])
    guard (0.01...64).contains(mlpRatio) else { throw .configuration("mlp_ratio is \(mlpRatio)") }
    try checkCounts([
      ("image_size", imageSize), ("patch_size", patchSize),
      ("embed_dim of the last stage", channels),
      ("mlp_ratio times embed_dim", hiddenChannels(ofStage: 0)),
    ])
    let multiple = patchSize << (depths.count - 1)
    guard imageSize <= 4096, imageSize.isMultiple(of: multiple) else {
      throw .configuration("image_size \(imageSize) is no multiple of \(multiple) up to 4096")
    }
    guard layerNormEpsilon > 0, Float(layerNormEpsilon).isFinite, layerScaleValue.isFinite else {
      throw .configuration(
        "layer_norm_eps is \(layerNormEpsilon), layerscale_value \(layerScaleValue)")
    }
  }

  private func checkVariants() throws(PIQError) {
    try checkFixed("num_channels", imageChannels, is: SpectrogramImage.channels)
    try checkFixed("hidden_act", activation, is: "gelu")
    try checkFixed("use_conv_embed", usesConvolutionalEmbedding, is: false)
    try checkFixed("use_post_layernorm", usesPostLayerNorm, is: false)
    try checkFixed("use_post_layernorm_in_modulation", usesPostLayerNormInModulation, is: false)
    try checkFixed("normalize_modulator", normalizesModulator, is: false)
  }

  /// The map is resized to twice its rows and columns.
  public func validateDecoding(bins: Int) throws(PIQError) {
    try checkImageDecoding(side: 2 * gridSide, bins: bins)
  }
}

// MARK: Names in files

extension FocalNetEncoder.Settings {
  enum CodingKeys: String, CodingKey {
    case depths, antialias
    case imageSize = "image_size"
    case patchSize = "patch_size"
    case imageChannels = "num_channels"
    case embeddingSize = "embed_dim"
    case focalLevels = "focal_levels"
    case focalWindows = "focal_windows"
    case mlpRatio = "mlp_ratio"
    case activation = "hidden_act"
    case layerNormEpsilon = "layer_norm_eps"
    case usesLayerScale = "use_layerscale"
    case layerScaleValue = "layerscale_value"
    case usesConvolutionalEmbedding = "use_conv_embed"
    case usesPostLayerNorm = "use_post_layernorm"
    case usesPostLayerNormInModulation = "use_post_layernorm_in_modulation"
    case normalizesModulator = "normalize_modulator"
  }

  /// Settings from an object with the keys of transformers' `config.json`.
  ///
  /// - Throws: `DecodingError`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    imageSize = try container.decode(.imageSize, default: imageSize)
    patchSize = try container.decode(.patchSize, default: patchSize)
    imageChannels = try container.decode(.imageChannels, default: imageChannels)
    embeddingSize = try container.decode(.embeddingSize, default: embeddingSize)
    depths = try container.decode(.depths, default: depths)
    focalLevels = try container.decode(.focalLevels, default: focalLevels)
    focalWindows = try container.decode(.focalWindows, default: focalWindows)
    mlpRatio = try container.decode(.mlpRatio, default: mlpRatio)
    activation = try container.decode(.activation, default: activation)
    layerNormEpsilon = try container.decode(.layerNormEpsilon, default: layerNormEpsilon)
    usesLayerScale = try container.decode(.usesLayerScale, default: usesLayerScale)
    layerScaleValue = try container.decode(.layerScaleValue, default: layerScaleValue)
    usesConvolutionalEmbedding = try container.decode(
      .usesConvolutionalEmbedding, default: usesConvolutionalEmbedding)
    usesPostLayerNorm = try container.decode(.usesPostLayerNorm, default: usesPostLayerNorm)
    usesPostLayerNormInModulation = try container.decode(
      .usesPostLayerNormInModulation, default: usesPostLayerNormInModulation)
    normalizesModulator = try container.decode(
      .normalizesModulator, default: normalizesModulator)
    antialias = try container.decode(.antialias, default: antialias)
  }
}
