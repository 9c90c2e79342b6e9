import PIQOneDNN
public import PIQTensor

/// A fully connected layer (`torch.nn.Linear`): x Wᵀ + b.
public final class Linear: Layer {
  /// [O, I]; `weight` in the state dict.
  public let weight: Parameter
  /// [O]; `bias` in the state dict.
  public let bias: Parameter

  /// A layer from I to O values with PyTorch's initial values: uniform within ±1/√I.
  public init(_ inputs: Int, _ outputs: Int, using initializer: Initializer) {
    let bound = 1 / Float(inputs).squareRoot()
    weight = Parameter(initializer.uniform([outputs, inputs], bound: bound))
    bias = Parameter(initializer.uniform([outputs], bound: bound))
  }

  public var state: [(name: String, parameter: Parameter)] { [("weight", weight), ("bias", bias)] }

  /// Maps `x` [B, I] to [B, O].
  ///
  /// - Throws: `OneDNNError` when `x` does not fit.
  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    var y = try matrixProduct(x, weight.value, transposingRight: true)
    let bias = bias.value.elements
    y.withUnsafeMutableBuffer { y in
      for i in y.indices { y[i] += bias[i % bias.count] }
    }
    return y
  }

  /// The layer with its pullback, which accumulates the gradients of weight and bias.
  ///
  /// - Throws: `OneDNNError` when `x` does not fit.
  public func differentiated(_ x: Tensor) throws -> Differentiated {
    Differentiated(try self(x)) { [self] gradient in
      weight.accumulate(try matrixProduct(gradient, x, transposingLeft: true))
      bias.accumulate(columnSums(gradient))
      return try matrixProduct(gradient, weight.value)
    }
  }
}
