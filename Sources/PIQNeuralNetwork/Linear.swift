import PIQKernels
import PIQOneDNN
public import PIQTensor

/// A fully connected layer (`torch.nn.Linear`): x Wᵀ + b.
public final class Linear: Layer {
  /// [O, I], or [O, I, 1, 1]; `weight` in the state dict.
  public let weight: Parameter
  /// [O]; `bias` in the state dict.
  public let bias: Parameter
  private let packed = ParameterCache<Tensor>()

  /// A layer from I to O values with PyTorch's initial values: uniform within ±1/√I.
  ///
  /// - Parameter isConvolution: whether the state dict has it as a convolution of single pixels.
  public init(
    _ inputs: Int, _ outputs: Int, isConvolution: Bool = false, using initializer: Initializer
  ) {
    let bound = 1 / Float(inputs).squareRoot()
    let shape = isConvolution ? [outputs, inputs, 1, 1] : [outputs, inputs]
    weight = Parameter(initializer.uniform(shape, bound: bound), rowAxes: 1)
    bias = Parameter(initializer.uniform([outputs], bound: bound))
  }

  public var state: [(name: String, parameter: Parameter)] { [("weight", weight), ("bias", bias)] }

  /// Maps `x` [..., I] to [..., O].
  ///
  /// - Throws: `OneDNNError` when `x` does not fit.
  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    let shape = Array(x.shape.dropLast())
    let x = rows(x)
    let isPacked = isPacked(forRows: x.shape[0])
    let y = try parallelProduct(
      x, isPacked ? columns : matrix, transposingRight: !isPacked, bias: bias.value)
    return y.reshaped(shape + [y.shape[1]])
  }

  /// The same under the name that a `LayerClock` gives it.
  package func callAsFunction(_ x: Tensor, named name: String) throws -> Tensor {
    let shape = weight.source.shape
    return try LayerClock.step(name, productWork(x.count / max(shape[1], 1), shape[0], shape[1])) {
      try self(x)
    }
  }

  /// The layer with its pullback, which accumulates the gradients of weight and bias.
  ///
  /// - Throws: `OneDNNError` when `x` does not fit.
  public func differentiated(_ x: Tensor) throws -> Differentiated {
    Differentiated(try self(x)) { [self] gradient in
      let gradient = rows(gradient)
      if weight.needsGradient {
        weight.accumulate(try parallelProduct(gradient, rows(x), transposingLeft: true))
      }
      if bias.needsGradient { bias.accumulate(columnSums(gradient)) }
      let isPacked = isPacked(forRows: gradient.shape[0])
      return try parallelProduct(
        gradient, isPacked ? columns : matrix, transposingRight: isPacked
      ).reshaped(x.shape)
    }
  }

  /// From so many rows on products are faster with the weights' columns side by side.
  private static let rowsWorthPacking = 64

  private func isPacked(forRows count: Int) -> Bool {
    weight.columns != nil || count >= Self.rowsWorthPacking
  }

  /// The weights [I, O], made once.
  private var columns: Tensor {
    weight.columns ?? packed(from: [weight]) { transposedMatrix(matrix) }
  }

  /// The weights [O, I].
  private var matrix: Tensor {
    let weight = weight.value
    return weight.reshaped(Array(weight.shape.prefix(2)))
  }

  /// All rows of `x` [..., C] as a matrix.
  private func rows(_ x: Tensor) -> Tensor {
    let channels = x.shape.last ?? 1
    return x.reshaped([channels > 0 ? x.count / channels : 0, channels])
  }
}
