public import PIQNeuralNetwork

extension ViTEncoder {
  /// The sizes of a `ViTModel`, under the names of transformers' `ViTConfig`; what a file leaves out
  /// has that class's default.
  public struct Settings: EncoderSettings {
    public static let className = "ViTModel"
    public static let interpreterClassName: String? = "VectorQuantizedPSIViT_Audio"

    /// S, rows and columns of the image.
    public var imageSize = 224
    /// P, rows and columns of a patch.
    public var patchSize = 16
    /// The channels of the image.
    public var imageChannels = 3
    /// D, the channels of a token.
    public var hiddenSize = 768
    /// The number of layers.
    public var layerCount = 12
    /// The heads of each layer's attention.
    public var headCount = 12
    /// The hidden channels of each layer's MLP.
    public var intermediateSize = 3072
    /// The function within the MLP.
    public var activation = "gelu"
    /// The epsilon of layer norms.
    public var layerNormEpsilon = 1e-12
    /// Whether queries, keys and values have biases.
    public var hasQueryBias = true
    /// Whether spectrograms are resized to images with antialiasing, as torchvision has done since
    /// 0.17 (ours; transformers has no such setting).
    public var antialias = true

    public var channels: Int { hiddenSize }
    public var minimumTrainingFrames: Int { 1 }
    public var minimumParameterCount: Int {
      layerCount * (4 * hiddenSize * hiddenSize + 2 * hiddenSize * intermediateSize)
    }
    /// Rows and columns of the map.
    var gridSide: Int { imageSize / patchSize }

    /// The sizes of google/vit-base-patch16-224.
    public init() {}

    /// Settings from keyword arguments; throws what `arguments` throws for a value of another type.
    public init(_ arguments: some KeywordArguments) throws {
      imageSize = try arguments.int("image_size", default: imageSize)
      patchSize = try arguments.int("patch_size", default: patchSize)
      hiddenSize = try arguments.int("hidden_size", default: hiddenSize)
      layerCount = try arguments.int("num_hidden_layers", default: layerCount)
      headCount = try arguments.int("num_attention_heads", default: headCount)
      intermediateSize = try arguments.int("intermediate_size", default: intermediateSize)
      hasQueryBias = try arguments.bool("qkv_bias", default: hasQueryBias)
      antialias = try arguments.bool("antialias", default: antialias)
    }

    /// A ViT of D `channels` in heads of 64, with `depths[0]` layers; throws `PIQError.configuration`
    /// for more stages than one.
    public init(channels: Int, depths: [Int]) throws(PIQError) {
      guard depths.count < 2 else {
        throw .configuration("\(Self.className) has one stage, and depths are \(depths)")
      }
      hiddenSize = channels
      headCount = max(1, channels / 64)
      intermediateSize = 4 * channels
      layerCount = depths.first ?? layerCount
    }

    enum CodingKeys: String, CodingKey {
      case antialias
      case imageSize = "image_size"
      case patchSize = "patch_size"
      case imageChannels = "num_channels"
      case hiddenSize = "hidden_size"
      case layerCount = "num_hidden_layers"
      case headCount = "num_attention_heads"
      case intermediateSize = "intermediate_size"
      case activation = "hidden_act"
      case layerNormEpsilon = "layer_norm_eps"
      case hasQueryBias = "qkv_bias"
    }

    /// Settings from an object with the keys of transformers' `config.json`.
    ///
    /// - Throws: `DecodingError`.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      imageSize = try container.decode(.imageSize, default: imageSize)
      patchSize = try container.decode(.patchSize, default: patchSize)
      imageChannels = try container.decode(.imageChannels, default: imageChannels)
      hiddenSize = try container.decode(.hiddenSize, default: hiddenSize)
      layerCount = try container.decode(.layerCount, default: layerCount)
      headCount = try container.decode(.headCount, default: headCount)
      intermediateSize = try container.decode(.intermediateSize, default: intermediateSize)
      activation = try container.decode(.activation, default: activation)
      layerNormEpsilon = try container.decode(.layerNormEpsilon, default: layerNormEpsilon)
      hasQueryBias = try container.decode(.hasQueryBias, default: hasQueryBias)
      antialias = try container.decode(.antialias, default: antialias)
    }

    /// Checks the sizes, and whether spectrograms of F `bins` can be encoded.
    ///
    /// - Throws: `PIQError.configuration`.
    public func validate(bins: Int) throws(PIQError) {
      try checkCounts([
        ("image_size", imageSize), ("patch_size", patchSize), ("hidden_size", hiddenSize),
        ("num_hidden_layers", layerCount), ("num_attention_heads", headCount),
        ("intermediate_size", intermediateSize),
      ])
      try checkFixed("num_channels", imageChannels, is: SpectrogramImage.channels)
      try checkFixed("hidden_act", activation, is: "gelu")
      try checkFixed("qkv_bias", hasQueryBias, is: true)
      guard imageSize <= 4096, imageSize.isMultiple(of: patchSize) else {
        throw .configuration(
          "image_size \(imageSize) is no multiple of patch_size \(patchSize) up to 4096")
      }
      guard hiddenSize.isMultiple(of: headCount) else {
        throw .configuration(
          "hidden_size \(hiddenSize) is no multiple of num_attention_heads \(headCount)")
      }
      guard layerNormEpsilon > 0, Float(layerNormEpsilon).isFinite else {
        throw .configuration("layer_norm_eps is \(layerNormEpsilon)")
      }
    }

    /// Checks whether an interpreter can decode maps of spectrograms of F `bins`.
    ///
    /// - Throws: `PIQError.configuration`.
    public func validateDecoding(bins: Int) throws(PIQError) {
      try checkImageDecoding(side: gridSide, bins: bins)
    }

    /// An encoder of these sizes, with the initial weights that `initializer` draws.
    public func makeEncoder(using initializer: Initializer) -> any SpectrogramEncoder {
      ViTEncoder(self, using: initializer)
    }
  }
}
