public import PIQKernels
public import PIQNeuralNetwork
public import PIQTensor

/// x plus two convolutions of it (`ResBlockAudio`): 3x3, batch normalisation, ReLU, 1x1, batch
/// normalisation.
///
///     let initializer = Initializer(seed: 1)
///     let block = ResidualBlock(dim: 128, using: initializer)
///     let y = try block(x, mode: .evaluation)  // the shape of x
public final class ResidualBlock: Layer {
  private let first: Conv2d
  private let firstNorm: BatchNorm
  private let second: Conv2d
  private let secondNorm: BatchNorm
  private let plans = ParameterCache<(first: ConvolutionPlan, second: ConvolutionPlan)>()

  /// A block for maps of `dim` channels.
  public init(dim: Int, using initializer: Initializer) {
    first = Conv2d(dim, dim, kernel: 3, padding: 1, using: initializer)
    firstNorm = BatchNorm(dim)
    second = Conv2d(dim, dim, kernel: 1, using: initializer)
    secondNorm = BatchNorm(dim)
  }

  public var state: [(name: String, parameter: Parameter)] {
    first.state(under: "block.0") + firstNorm.state(under: "block.1")
      + second.state(under: "block.3") + secondNorm.state(under: "block.4")
  }

  /// The convolutions that `weights_init` initialises.
  package var convolutionWeights: [Conv2d] { [first, second] }

  /// Maps `x` [B, H, W, C] to the same shape.
  ///
  /// - Throws: `OneDNNError` when `x` does not fit.
  public func callAsFunction(_ x: Tensor, mode: Mode) throws -> Tensor {
    switch mode {
    case .training:
      let hidden = try relu(firstNorm(first(x), mode: mode))
      return sum(x, try secondNorm(second(hidden), mode: mode))
    case .evaluation:
      let plans = plans(from: state.map(\.parameter)) {
        (
          first.plan(for: .inference, with: firstNorm, relu: true),
          second.plan(for: .inference, with: secondNorm)
        )
      }
      let hidden = try plans.first(x, named: "block.0")
      return try plans.second(hidden, adding: x, named: "block.3")
    }
  }

  /// The block with its pullback; the parameters' gradients accumulate.
  ///
  /// - Parameter precision: the precision of the operands of large products.
  /// - Throws: `OneDNNError` when `x` does not fit.
  public func differentiated(
    _ x: Tensor, mode: Mode, precision: Precision = .float32
  ) throws -> Differentiated {
    let block = try first.differentiated(x, precision: precision)
      .then { try firstNorm.differentiated($0, mode: mode) }.then(differentiatedRelu)
      .then { try second.differentiated($0, precision: precision) }
      .then { try secondNorm.differentiated($0, mode: mode) }
    return Differentiated(sum(x, block.value)) { sum($0, try block.pullback($0)) }
  }
}
