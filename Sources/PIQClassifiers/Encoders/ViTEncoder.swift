public import PIQKernels
public import PIQNeuralNetwork
public import PIQTensor

/// The body of SpeechBrain's ViT classifiers: a vision transformer (Dosovitskiy et al., arXiv
/// 2010.11929; `ViTModel` of transformers, without its pooler, which they do not use).
///
/// The map is that of the patches; the embedding is the mean of all tokens, the class's included.
/// There is no dropout: training and evaluation are the same, and all is in single precision.
///
///     let encoder = ViTEncoder(ViTEncoder.Settings(), using: Initializer(seed: 1))
///     let map = try encoder(logPower, mode: .evaluation)  // [3, 431, 513] to [3, 14, 14, 768]
public final class ViTEncoder: ImageEncoder {
  private let settings: Settings
  package let image: SpectrogramImage
  private let embeddings: ViTEmbeddings
  private let layers: [ViTLayer]
  private let norm: LayerNorm

  var channels: Int { settings.hiddenSize }

  /// An encoder of these sizes.
  ///
  /// - Precondition: the settings pass `validate(bins:)`.
  public init(_ settings: Settings, using initializer: Initializer) {
    self.settings = settings
    image = SpectrogramImage(size: settings.imageSize, antialias: settings.antialias)
    embeddings = ViTEmbeddings(settings, using: initializer)
    layers = (0..<settings.layerCount).map { _ in ViTLayer(settings, using: initializer) }
    norm = LayerNorm(settings.hiddenSize, epsilon: Float(settings.layerNormEpsilon))
  }

  /// Under the names of transformers 4.
  public var state: [(name: String, parameter: Parameter)] {
    embeddings.state(under: "embeddings")
      + layers.enumerated().flatMap { $1.state(under: "encoder.layer.\($0)") }
      + norm.state(under: "layernorm")
  }

  /// Maps log-power spectrograms [B, T, F] to the tokens of patches [B, n, n, D]: B clips, T frames,
  /// F bins, n rows (time) and columns (frequency) of patches, D channels.
  ///
  /// - Throws: `PIQError.mismatch` for an empty spectrogram; `OneDNNError`.
  public func callAsFunction(_ x: Tensor, mode: Mode) throws -> Tensor {
    try encoding(x, mode: mode).map
  }

  /// The map [B, H, W, D] and the embedding [B, D] of spectrograms [B, T, F]: B clips, T frames, F bins,
  /// H rows, W columns, D channels.
  ///
  /// - Throws: as `callAsFunction`.
  public func encoding(_ x: Tensor, mode: Mode) throws -> Encoding {
    try encoding(ofImage: LayerClock.step("image") { try image(x) })
  }

  /// The same for images [B, S, S, 3].
  package func encoding(ofImage image: Tensor) throws -> Encoding {
    let tokens = try norm(hiddenState(ofImage: image))
    return Encoding(
      map: tokens.patchTokens(shape: mapShape(of: tokens)),
      embedding: spatialMean(tokens.asColumn))
  }

  /// The tokens [B, N, D] before the final norm.
  ///
  /// - Parameters:
  ///   - layerCount: how many layers to run; all if nil.
  ///   - visit: is given the tokens before the first layer, and after each.
  package func hiddenState(
    ofImage image: Tensor, layers layerCount: Int? = nil, visit: (Tensor) -> Void = { _ in }
  ) throws -> Tensor {
    var tokens = try LayerClock.within("embeddings") { try embeddings(image) }
    visit(tokens)
    for (index, layer) in layers.prefix(layerCount ?? layers.count).enumerated() {
      tokens = try LayerClock.within("encoder.layer.\(index)") { try layer(tokens) }
      visit(tokens)
    }
    return tokens
  }

  /// The map [B, H, W, D] of spectrograms [B, T, F] with its pullback.
  ///
  /// - Throws: as `callAsFunction`.
  public func differentiated(
    _ x: Tensor, mode: Mode, precision: Precision, needsInputGradient: Bool = true
  ) throws -> Differentiated {
    try differentiatedTokens(x, needsInputGradient: needsInputGradient).then { tokens in
      Differentiated(tokens.patchTokens(shape: mapShape(of: tokens))) {
        $0.withoutClassGradient(tokens: tokens.shape)
      }
    }
  }

  /// The embedding [B, D] of spectrograms [B, T, F] with its pullback.
  ///
  /// - Throws: as `callAsFunction`.
  public func differentiatedEmbedding(
    _ x: Tensor, mode: Mode, precision: Precision, needsInputGradient: Bool
  ) throws -> Differentiated {
    try differentiatedTokens(x, needsInputGradient: needsInputGradient).then { tokens in
      let mean = differentiatedSpatialMean(tokens.asColumn)
      return Differentiated(mean.value) { try mean.pullback($0).reshaped(tokens.shape) }
    }
  }

  /// The share of the patches: the token of the class has its own.
  public func mapGradient(_ gradient: Tensor, shape: [Int]) throws -> Tensor {
    let tokens = [shape[0], 1 + shape[1] * shape[2], shape[3]]
    return spatialMeanGradient(gradient, shape: [tokens[0], tokens[1], 1, tokens[2]])
      .reshaped(tokens).patchTokens(shape: shape)
  }

  /// All tokens [B, N, D] after the final norm.
  private func differentiatedTokens(
    _ x: Tensor, needsInputGradient: Bool
  ) throws -> Differentiated {
    let image = try image.differentiated(x)
    let tokens = try embeddings.differentiated(
      image.value, needsInputGradient: needsInputGradient)
    let hidden = try layers.reduce(tokens) { try $0.then($1.differentiated) }
      .then(norm.differentiated)
    return Differentiated(hidden.value) { gradient in
      let toImage = try hidden.pullback(gradient)
      return needsInputGradient ? try image.pullback(toImage) : Tensor(shape: x.shape)
    }
  }

  private func mapShape(of tokens: Tensor) -> [Int] {
    [tokens.shape[0], settings.gridSide, settings.gridSide, channels]
  }
}

extension ViTEncoder: ActivationMapEncoder {
  /// What the token of the class attends to in the last layer [n, n], the mean over the heads.
  package func activationMap(_ x: Tensor) throws -> Tensor {
    let before = try hiddenState(ofImage: image(x), layers: layers.count - 1)
    guard let last = layers.last else { return Tensor(shape: [0, 0]) }
    let weights = try last.attentionWeights(before)
    let (heads, tokens) = (settings.headCount, weights.shape[3])
    return weights.withUnsafeBuffer { weights in
      Tensor(shape: [settings.gridSide, settings.gridSide]) { map in
        for patch in map.indices {
          let sum = (0..<heads).reduce(0) { $0 + weights[$1 * tokens * tokens + 1 + patch] }
          map[patch] = sum / Float(heads)
        }
      }
    }
  }
}

extension Tensor {
  /// Tokens [B, N, D] as maps of one column [B, N, 1, D].
  fileprivate var asColumn: Tensor { reshaped([shape[0], shape[1], 1, shape[2]]) }
}
