import PIQKernels
import PIQNeuralNetwork
import PIQTensor

/// Patches of a map as vectors: a convolution whose stride is its kernel, and then, in FocalNet, a
/// layer norm (`ViTPatchEmbeddings`, `FocalNetPatchEmbeddings` of transformers).
final class PatchEmbedding: Layer {
  private let projection: Conv2d
  private let norm: LayerNorm?
  private let plans = ParameterCache<ConvolutionPlan>()

  /// Patches of P x P pixels with I channels, as vectors of D.
  init(
    _ inputs: Int, _ channels: Int, patch: Int, norm: LayerNorm? = nil,
    using initializer: Initializer
  ) {
    projection = Conv2d(inputs, channels, kernel: patch, stride: patch, using: initializer)
    self.norm = norm
  }

  var state: [(name: String, parameter: Parameter)] {
    projection.state(under: "projection") + (norm?.state(under: "norm") ?? [])
  }

  /// Maps [B, H, W, I] to [B, H / P, W / P, D].
  func callAsFunction(_ x: Tensor) throws -> Tensor {
    let plan = plans(from: projection.state.map(\.parameter)) {
      projection.plan(for: .inference)
    }
    let y = try plan(x, named: "projection")
    return try norm?(y) ?? y
  }

  /// The layer with its pullback; the parameters' gradients accumulate.
  func differentiated(_ x: Tensor, needsInputGradient: Bool = true) throws -> Differentiated {
    let y = try projection.differentiated(x, needsInputGradient: needsInputGradient)
    return try norm.map { try y.then($0.differentiated) } ?? y
  }
}
