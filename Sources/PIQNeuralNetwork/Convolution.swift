public import PIQKernels
public import PIQTensor

/// A two-dimensional convolution (`torch.nn.Conv2d`) with a bias.
///
/// Maps [B, H, W, I] to [B, H', W', O] with H' = (H + 2p - k) / s + 1, rounded down: B clips, H and
/// W extents, I and O channels, k kernel, s stride, p padding.
public final class Conv2d: Layer {
  /// [O, I, kH, kW]; `weight` in the state dict.
  public let weight: Parameter
  /// [O]; `bias` in the state dict.
  public let bias: Parameter
  private let geometry: ConvolutionGeometry
  private let frozen = ParameterCache<ConvolutionPlan>()

  /// A convolution with PyTorch's initial values: uniform within ±1/√(fan-in).
  public init(
    _ inChannels: Int, _ outChannels: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
    using initializer: Initializer
  ) {
    geometry = ConvolutionGeometry(
      inChannels: inChannels, outChannels: outChannels, kernel: Extent(kernel, kernel),
      stride: Extent(stride, stride), padding: Extent(padding, padding))
    let bound = 1 / Float(inChannels * kernel * kernel).squareRoot()
    weight = Parameter(
      initializer.uniform([outChannels, inChannels, kernel, kernel], bound: bound))
    bias = Parameter(initializer.uniform([outChannels], bound: bound))
  }

  public var state: [(name: String, parameter: Parameter)] { [("weight", weight), ("bias", bias)] }

  /// The convolution of `x` [B, H, W, I].
  ///
  /// - Throws: `OneDNNError` when `x` does not fit.
  public func callAsFunction(_ x: Tensor) throws -> Tensor { try plan(for: .inference)(x) }

  /// The convolution with the current weights, the batch normalisation that follows folded into
  /// them, and then ReLU.
  package func plan(
    for purpose: ConvolutionPlanner.Purpose, with norm: BatchNorm? = nil, relu: Bool = false,
    precision: Precision = .float32
  ) -> ConvolutionPlan {
    guard let norm else {
      return ConvolutionPlan(
        geometry, weights: ConvolutionWeights(weight.source),
        epilogue: Epilogue(bias: bias.value, relu: relu), for: purpose, precision: precision)
    }
    let (scale, shift) = norm.affine
    var folded = bias.value
    for o in 0..<folded.count {
      folded[flat: o] = folded[flat: o] * scale[flat: o] + shift[flat: o]
    }
    return ConvolutionPlan(
      geometry, weights: ConvolutionWeights(weight.source, scale: scale),
      epilogue: Epilogue(bias: folded, relu: relu), for: purpose, precision: precision)
  }

  /// The convolution with its pullback, which accumulates the gradients of weight and bias.
  ///
  /// - Parameters:
  ///   - precision: that of the operands of large products, in the backward pass as well.
  ///   - needsInputGradient: whether the gradient of `x` is needed; the pullback gives zeros if not.
  /// - Throws: `OneDNNError` when `x` does not fit.
  public func differentiated(
    _ x: Tensor, precision: Precision = .float32, needsInputGradient: Bool = true
  ) throws -> Differentiated {
    let plan = plan(for: .training, precision: precision)
    return Differentiated(try plan(x)) { [self] gradient in
      if bias.needsGradient { bias.accumulate(columnSums(gradient)) }
      let (input, weights) = try plan.gradients(
        gradient, at: NormalizedMaps(x), needsInput: needsInputGradient,
        needsWeights: weight.needsGradient)
      if let weights { weight.accumulate(weights) }
      return input ?? Tensor(shape: x.shape)
    }
  }

  /// The convolution, batch normalisation with fixed statistics and ReLU, all of them frozen: the
  /// normalisation is folded into the weights, and only the ReLU's output is kept.
  ///
  /// - Throws: `OneDNNError` when `x` does not fit.
  package func differentiatedFrozen(
    _ x: Tensor, then norm: BatchNorm, precision: Precision
  ) throws -> Differentiated {
    let plan = frozen(from: (state + norm.state).map(\.parameter), precision) {
      self.plan(for: .training, with: norm, relu: true, precision: precision)
    }
    let value = try plan(x)
    return Differentiated(value) { gradient in
      let passed = passedByRelu(gradient, at: value)
      let gradients = try plan.gradients(passed, at: NormalizedMaps(x), needsWeights: false)
      return gradients.input ?? Tensor(shape: x.shape)
    }
  }
}
