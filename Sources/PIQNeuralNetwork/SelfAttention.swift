import PIQKernels
import PIQOneDNN
public import PIQTensor

/// Multi-head attention of tokens to each other (Vaswani et al., arXiv 1706.03762; transformers'
/// `ViTAttention`): W softmax(Q Kᵀ / √d) V, with d channels a head.
public final class SelfAttention: Layer {
  private let query, key, value, output: Linear
  private let heads: Int

  /// Attention of `heads` heads among tokens of D channels.
  ///
  /// - Precondition: `heads` divides D.
  public init(_ channels: Int, heads: Int, using initializer: Initializer) {
    precondition(channels.isMultiple(of: heads), "\(heads) heads do not divide \(channels)")
    self.heads = heads
    query = Linear(channels, channels, using: initializer)
    key = Linear(channels, channels, using: initializer)
    value = Linear(channels, channels, using: initializer)
    output = Linear(channels, channels, using: initializer)
  }

  /// Under the names of transformers 4.
  public var state: [(name: String, parameter: Parameter)] {
    query.state(under: "attention.query") + key.state(under: "attention.key")
      + value.state(under: "attention.value") + output.state(under: "output.dense")
  }

  /// Maps tokens `x` [B, N, D] to the same shape: B clips, N tokens, D channels.
  ///
  /// - Throws: `OneDNNError` when `x` does not fit.
  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    let (q, k, v) = (
      try query(x, named: "query"), try key(x, named: "key"), try value(x, named: "value")
    )
    let attended = try LayerClock.step("weights") {
      try AttentionKernel(shape: x.shape, heads: heads)(q, k, v).output
    }
    return try output(attended, named: "output")
  }

  /// The weights [B, heads, N, N] with which each token attends to all others.
  ///
  /// - Throws: as `callAsFunction`.
  public func weights(_ x: Tensor) throws -> Tensor {
    let queries = try query(x)
    return try AttentionKernel(shape: x.shape, heads: heads)(queries, key(x), queries).weights
  }

  /// The layer with its pullback; the parameters' gradients accumulate.
  ///
  /// - Throws: as `callAsFunction`.
  public func differentiated(_ x: Tensor) throws -> Differentiated {
    let (q, k, v) = (
      try query.differentiated(x), try key.differentiated(x), try value.differentiated(x)
    )
    let kernel = AttentionKernel(shape: x.shape, heads: heads)
    let (attended, weights) = try kernel(q.value, k.value, v.value)
    let projected = try output.differentiated(attended)
    return Differentiated(projected.value) { gradient in
      let gradients = try kernel.gradients(
        projected.pullback(gradient), query: q.value, key: k.value, value: v.value,
        weights: weights)
      return sum(
        sum(try q.pullback(gradients.query), try k.pullback(gradients.key)),
        try v.pullback(gradients.value))
    }
  }
}
