import PIQKernels
public import PIQTensor

/// A factor for each channel (LayerScale, Touvron et al., arXiv 2103.17239).
public final class LayerScale: Layer {
  /// [C]; has no name of its own in the state dicts of transformers.
  public let weight: Parameter

  /// Factors for C channels that are all `value` at first.
  public init(_ channels: Int, value: Float) {
    weight = Parameter(Tensor(shape: [channels], repeating: value))
  }

  public var state: [(name: String, parameter: Parameter)] { [("weight", weight)] }

  /// Scales the channels of `x` [..., C].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    Epilogue(affine: (weight.value, Tensor(shape: weight.value.shape)))(x)
  }

  /// The layer with its pullback, which accumulates the gradient of the factors.
  public func differentiated(_ x: Tensor) -> Differentiated {
    Differentiated(self(x)) { [self] gradient in
      if weight.needsGradient { weight.accumulate(columnSums(product(gradient, x))) }
      return self(gradient)
    }
  }
}
