import PIQKernels
import PIQNeuralNetwork
import PIQTensor

/// A layer of a vision transformer (`ViTLayer` of transformers): attention, then an MLP, each of
/// normalised tokens and added to them.
final class ViTLayer: Layer {
  private let attention: SelfAttention
  private let attentionNorm: LayerNorm
  private let mlp: MLP
  private let mlpNorm: LayerNorm

  /// A layer of the sizes that `settings` give.
  init(_ settings: ViTEncoder.Settings, using initializer: Initializer) {
    let (channels, epsilon) = (settings.hiddenSize, Float(settings.layerNormEpsilon))
    attention = SelfAttention(channels, heads: settings.headCount, using: initializer)
    attentionNorm = LayerNorm(channels, epsilon: epsilon)
    mlp = MLP(channels, hidden: settings.intermediateSize, using: initializer)
    mlpNorm = LayerNorm(channels, epsilon: epsilon)
  }

  var state: [(name: String, parameter: Parameter)] {
    attention.state(under: "attention") + mlp.first.state(under: "intermediate.dense")
      + mlp.second.state(under: "output.dense") + attentionNorm.state(under: "layernorm_before")
      + mlpNorm.state(under: "layernorm_after")
  }

  /// Maps tokens [B, N, D] to the same shape: B clips, N tokens, D channels.
  func callAsFunction(_ x: Tensor) throws -> Tensor {
    let attended = sum(
      x, try LayerClock.within("attention") { try attention(attentionNorm(x)) })
    return sum(attended, try LayerClock.within("mlp") { try mlp(mlpNorm(attended)) })
  }

  /// The layer with its pullback; the parameters' gradients accumulate.
  func differentiated(_ x: Tensor) throws -> Differentiated {
    let attended = try attentionNorm.differentiated(x).then(attention.differentiated)
    let middle = sum(x, attended.value)
    let transformed = try mlpNorm.differentiated(middle).then(mlp.differentiated)
    return Differentiated(sum(middle, transformed.value)) { gradient in
      let toMiddle = sum(gradient, try transformed.pullback(gradient))
      return sum(toMiddle, try attended.pullback(toMiddle))
    }
  }

  /// The weights [B, heads, N, N] with which each token attends to all others.
  func attentionWeights(_ x: Tensor) throws -> Tensor {
    try attention.weights(attentionNorm(x))
  }
}
