import PIQKernels
import PIQNeuralNetwork
import PIQTensor

/// A layer of a FocalNet (`FocalNetLayer` of transformers): focal modulation, then an MLP, each of
/// the normalised map and added to it, with a factor for each channel in some networks.
final class FocalNetLayer: Layer {
  private let modulation: FocalModulation
  private let modulationNorm: LayerNorm
  private let mlp: MLP
  private let mlpNorm: LayerNorm
  /// The factors of modulation and MLP; nil where there are none.
  private let scales: (modulation: LayerScale, mlp: LayerScale)?

  /// A layer of the stage of this index.
  init(_ settings: FocalNetEncoder.Settings, stage: Int, using initializer: Initializer) {
    let (channels, epsilon) = (settings.channels(ofStage: stage), Float(settings.layerNormEpsilon))
    modulation = FocalModulation(
      channels, levels: settings.focalLevels[stage], window: settings.focalWindows[stage],
      using: initializer)
    modulationNorm = LayerNorm(channels, epsilon: epsilon)
    mlp = MLP(channels, hidden: settings.hiddenChannels(ofStage: stage), using: initializer)
    mlpNorm = LayerNorm(channels, epsilon: epsilon)
    scales =
      settings.usesLayerScale
      ? (
        LayerScale(channels, value: Float(settings.layerScaleValue)),
        LayerScale(channels, value: Float(settings.layerScaleValue))
      ) : nil
  }

  var state: [(name: String, parameter: Parameter)] {
    let parameters =
      modulationNorm.state(under: "norm1") + modulation.state(under: "modulation")
      + mlpNorm.state(under: "norm2") + mlp.state(under: "mlp")
    guard let scales else { return parameters }
    return parameters + [("gamma_1", scales.modulation.weight), ("gamma_2", scales.mlp.weight)]
  }

  /// Maps [B, H, W, D] to the same shape.
  func callAsFunction(_ x: Tensor) throws -> Tensor {
    let modulated = try LayerClock.within("modulation") { try modulation(modulationNorm(x)) }
    let middle = sum(x, scales?.modulation(modulated) ?? modulated)
    let transformed = try LayerClock.within("mlp") { try mlp(mlpNorm(middle)) }
    return sum(middle, scales?.mlp(transformed) ?? transformed)
  }

  /// The layer with its pullback; the parameters' gradients accumulate.
  func differentiated(_ x: Tensor) throws -> Differentiated {
    func scaled(_ branch: Differentiated, by scale: LayerScale?) -> Differentiated {
      scale.map { branch.then($0.differentiated) } ?? branch
    }
    let modulated = scaled(
      try modulationNorm.differentiated(x).then(modulation.differentiated),
      by: scales?.modulation)
    let middle = sum(x, modulated.value)
    let transformed = scaled(
      try mlpNorm.differentiated(middle).then(mlp.differentiated), by: scales?.mlp)
    return Differentiated(sum(middle, transformed.value)) { gradient in
      let toMiddle = sum(gradient, try transformed.pullback(gradient))
      return sum(toMiddle, try modulated.pullback(toMiddle))
    }
  }

  /// The output of the modulation's `projection_context` [B, H, W, D].
  func modulator(_ x: Tensor) throws -> Tensor {
    try modulation.modulator(modulationNorm(x)).modulator
  }
}

/// Some layers at one size of the map, and then the step to half of it, but after the last stage
/// (`FocalNetStage` of transformers).
final class FocalNetStage: Layer {
  let layers: [FocalNetLayer]
  private let downsample: PatchEmbedding?

  /// The stage of this index.
  init(_ settings: FocalNetEncoder.Settings, _ stage: Int, using initializer: Initializer) {
    layers = (0..<settings.depths[stage]).map { _ in
      FocalNetLayer(settings, stage: stage, using: initializer)
    }
    let (channels, next) = (
      settings.channels(ofStage: stage), settings.channels(ofStage: stage + 1)
    )
    downsample =
      stage + 1 < settings.depths.count
      ? PatchEmbedding(
        channels, next, patch: 2,
        norm: LayerNorm(next, epsilon: Float(settings.layerNormEpsilon)), using: initializer) : nil
  }

  var state: [(name: String, parameter: Parameter)] {
    layers.enumerated().flatMap { $1.state(under: "layers.\($0)") }
      + (downsample?.state(under: "downsample") ?? [])
  }

  /// Maps [B, H, W, D] to [B, H / 2, W / 2, 2 D], or in the last stage to the same shape.
  func callAsFunction(_ x: Tensor) throws -> Tensor {
    let y = try run(x, layers: layers.count)
    return try LayerClock.within("downsample") { try downsample?(y) } ?? y
  }

  /// The map after so many layers.
  func run(_ x: Tensor, layers count: Int) throws -> Tensor {
    try layers.prefix(count).enumerated().reduce(x) { x, layer in
      try LayerClock.within("layers.\(layer.offset)") { try layer.element(x) }
    }
  }

  /// The stage with its pullback; the parameters' gradients accumulate.
  func differentiated(_ x: Tensor) throws -> Differentiated {
    let y = try layers.reduce(Differentiated(x) { $0 }) { try $0.then($1.differentiated) }
    return try downsample.map { layer in try y.then { try layer.differentiated($0) } } ?? y
  }
}
