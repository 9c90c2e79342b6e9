public import PIQKernels
public import PIQNeuralNetwork
public import PIQTensor

/// The body of SpeechBrain's FocalNet classifiers: focal modulation networks (Yang et al., arXiv
/// 2203.11926; `FocalNetBackbone` of transformers). The norm after the last stage is in checkpoints
/// and is not used.
///
/// The map is the last stage's, at twice its rows and columns, as SpeechBrain resizes it for PIQ.
/// The embedding is its mean, which is that of the last stage itself: the weights of a resize to
/// twice the size give every old cell the same share. There is no dropout or dropped path: training
/// and evaluation are the same, and all is in single precision.
///
///     let encoder = FocalNetEncoder(FocalNetEncoder.Settings(), using: Initializer(seed: 1))
///     let map = try encoder(logPower, mode: .evaluation)  // [3, 431, 513] to [3, 14, 14, 768]
public final class FocalNetEncoder: ImageEncoder {
  private let settings: Settings
  package let image: SpectrogramImage
  private let patches: PatchEmbedding
  private let norm: LayerNorm
  private let stages: [FocalNetStage]
  private let enlarge: BilinearResize

  var channels: Int { settings.channels }

  /// An encoder of these sizes.
  ///
  /// - Precondition: the settings pass `validate(bins:)`.
  public init(_ settings: Settings, using initializer: Initializer) {
    self.settings = settings
    image = SpectrogramImage(size: settings.imageSize, antialias: settings.antialias)
    patches = PatchEmbedding(
      SpectrogramImage.channels, settings.embeddingSize, patch: settings.patchSize,
      using: initializer)
    norm = LayerNorm(settings.embeddingSize, epsilon: Float(settings.layerNormEpsilon))
    stages = settings.depths.indices.map { FocalNetStage(settings, $0, using: initializer) }
    enlarge = BilinearResize(rows: 2 * settings.gridSide, columns: 2 * settings.gridSide)
  }

  public var state: [(name: String, parameter: Parameter)] {
    patches.state(under: "focalnet.embeddings.patch_embeddings")
      + norm.state(under: "focalnet.embeddings.norm")
      + stages.enumerated().flatMap { $1.state(under: "focalnet.encoder.stages.\($0)") }
  }

  /// Maps log-power spectrograms [B, T, F] to [B, 2 n, 2 n, D]: B clips, T frames, F bins, n rows
  /// (time) and columns (frequency) of the last stage, D channels.
  ///
  /// - Throws: `PIQError.mismatch` for an empty spectrogram; `OneDNNError`.
  public func callAsFunction(_ x: Tensor, mode: Mode) throws -> Tensor {
    try map(ofImage: LayerClock.step("image") { try image(x) })
  }

  /// The same for images [B, S, S, 3].
  package func map(ofImage image: Tensor) throws -> Tensor {
    enlarge(try hiddenState(ofImage: image))
  }

  /// The last stage's map [B, n, n, D].
  ///
  /// - Parameters:
  ///   - stageCount: how many stages to run; all if nil.
  ///   - visit: is given the map before the first stage, and after each with its step to half the
  ///     size.
  package func hiddenState(
    ofImage image: Tensor, stages stageCount: Int? = nil, visit: (Tensor) -> Void = { _ in }
  ) throws -> Tensor {
    var x = try LayerClock.within("focalnet.embeddings") { try norm(patches(image)) }
    visit(x)
    for (index, stage) in stages.prefix(stageCount ?? stages.count).enumerated() {
      x = try LayerClock.within("focalnet.encoder.stages.\(index)") { try stage(x) }
      visit(x)
    }
    return x
  }

  /// The map [B, H, W, D] of spectrograms [B, T, F] with its pullback.
  ///
  /// - Throws: as `callAsFunction`.
  public func differentiated(
    _ x: Tensor, mode: Mode, precision: Precision, needsInputGradient: Bool = true
  ) throws -> Differentiated {
    let image = try image.differentiated(x)
    let embedded = try patches.differentiated(
      image.value, needsInputGradient: needsInputGradient
    ).then(norm.differentiated)
    let map = try stages.reduce(embedded) { try $0.then($1.differentiated) }
      .then(enlarge.differentiated)
    return Differentiated(map.value) { gradient in
      let toImage = try map.pullback(gradient)
      return needsInputGradient ? try image.pullback(toImage) : Tensor(shape: x.shape)
    }
  }
}

extension FocalNetEncoder: ActivationMapEncoder {
  /// The length of what the last layer multiplies its query by, at each position [n, n].
  package func activationMap(_ x: Tensor) throws -> Tensor {
    let before = try hiddenState(ofImage: image(x), stages: stages.count - 1)
    guard let stage = stages.last, let layer = stage.layers.last else {
      return Tensor(shape: [0, 0])
    }
    let modulator = try layer.modulator(stage.run(before, layers: stage.layers.count - 1))
    return modulator.withUnsafeBuffer { values in
      Tensor(shape: [settings.gridSide, settings.gridSide]) { map in
        for position in map.indices {
          let pixel = values[position * channels..<(position + 1) * channels]
          map[position] = pixel.reduce(0) { $0 + $1 * $1 }.squareRoot()
        }
      }
    }
  }
}
