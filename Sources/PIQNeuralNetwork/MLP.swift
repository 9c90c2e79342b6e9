public import PIQTensor

/// Two fully connected layers with GELU between them: the feed-forward part of a transformer.
public final class MLP: Layer {
  /// From C to H channels; `fc1` in the state dict.
  public let first: Linear
  /// From H to C channels; `fc2` in the state dict.
  public let second: Linear

  /// Layers from C channels to H hidden ones and back.
  public init(_ channels: Int, hidden: Int, using initializer: Initializer) {
    first = Linear(channels, hidden, using: initializer)
    second = Linear(hidden, channels, using: initializer)
  }

  public var state: [(name: String, parameter: Parameter)] {
    first.state(under: "fc1") + second.state(under: "fc2")
  }

  /// Maps `x` [..., C] to the same shape.
  ///
  /// - Throws: `OneDNNError` when `x` does not fit.
  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    try second(gelu(first(x, named: "fc1")), named: "fc2")
  }

  /// The layers with their pullback; the parameters' gradients accumulate.
  ///
  /// - Throws: as `callAsFunction`.
  public func differentiated(_ x: Tensor) throws -> Differentiated {
    try first.differentiated(x).then(differentiatedGelu).then(second.differentiated)
  }
}
