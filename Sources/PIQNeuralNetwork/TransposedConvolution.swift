public import PIQKernels
public import PIQTensor

/// A two-dimensional transposed convolution (`torch.nn.ConvTranspose2d`) with a bias.
///
/// Maps [B, H, W, I] to [B, H', W', O] with H' = (H - 1) s - 2p + k: B clips, H and W extents, I
/// and O channels, k kernel, s stride, p padding.
public final class ConvTranspose2d: Layer {
  /// [I, O, kH, kW]; `weight` in the state dict.
  public let weight: Parameter
  /// [O]; `bias` in the state dict.
  public let bias: Parameter
  private let geometry: ConvolutionGeometry

  /// A transposed convolution with PyTorch's initial values: uniform within ±1/√(O kH kW).
  ///
  /// - Parameters:
  ///   - kernel: height and width of the kernel.
  ///   - stride: rows and columns of output for each one of input.
  public convenience init(
    _ inChannels: Int, _ outChannels: Int, kernel: (Int, Int), stride: (Int, Int),
    padding: Int = 0, using initializer: Initializer
  ) {
    self.init(
      inChannels, outChannels, kernel: kernel, stride: stride, padding: padding, keepsTaps: false,
      using: initializer)
  }

  /// The same.
  ///
  /// - Parameter keepsTaps: whether frozen weights are kept as products with single taps take them
  ///   (`ActiveSitesPlan`).
  package init(
    _ inChannels: Int, _ outChannels: Int, kernel: (Int, Int), stride: (Int, Int), padding: Int,
    keepsTaps: Bool, using initializer: Initializer
  ) {
    geometry = ConvolutionGeometry(
      inChannels: inChannels, outChannels: outChannels, kernel: Extent(kernel.0, kernel.1),
      stride: Extent(stride.0, stride.1), padding: Extent(padding, padding), isTransposed: true)
    let bound = 1 / Float(outChannels * kernel.0 * kernel.1).squareRoot()
    weight = Parameter(
      initializer.uniform([inChannels, outChannels, kernel.0, kernel.1], bound: bound),
      rowAxes: keepsTaps ? 2 : nil)
    bias = Parameter(initializer.uniform([outChannels], bound: bound))
  }

  public var state: [(name: String, parameter: Parameter)] { [("weight", weight), ("bias", bias)] }

  /// The transposed convolution of `x` [B, H, W, I].
  ///
  /// - Throws: `OneDNNError` when `x` does not fit.
  public func callAsFunction(_ x: Tensor) throws -> Tensor { try plan(for: .inference)(x) }

  /// The layer with the current weights, followed by ReLU, and then by the batch normalisation
  /// `norm`.
  package func plan(
    for purpose: ConvolutionPlanner.Purpose, relu: Bool = false, then norm: BatchNorm? = nil,
    precision: Precision = .float32
  ) -> ConvolutionPlan {
    ConvolutionPlan(
      geometry, weights: ConvolutionWeights(weight.source, taps: weight.columns),
      epilogue: Epilogue(bias: bias.value, relu: relu, affine: norm?.affine), for: purpose,
      precision: precision)
  }

  /// The transposed convolution with its pullback, which accumulates the gradients of weight and
  /// bias.
  ///
  /// - Parameter precision: that of the operands of large products, in the backward pass as well.
  /// - Throws: `OneDNNError` when `x` does not fit.
  public func differentiated(
    _ x: Tensor, precision: Precision = .float32
  ) throws -> Differentiated {
    let (value, pullback) = try differentiated(NormalizedMaps(x), precision: precision)
    return Differentiated(value) { try pullback($0) }
  }

  /// The layer with its pullback, for maps that are still to be normalised.
  ///
  /// - Returns: the output, and a pullback to the gradient of the normalised input.
  /// - Throws: `OneDNNError` when `x` does not fit.
  package func differentiated(
    _ x: NormalizedMaps, precision: Precision
  ) throws -> (value: Tensor, pullback: (consuming Tensor) throws -> Tensor) {
    let plan = plan(for: .training, precision: precision)
    return (
      try plan(x),
      { [self] gradient in
        if bias.needsGradient { bias.accumulate(columnSums(gradient)) }
        return try inputGradient(gradient, at: x, plan)
      }
    )
  }

  /// The layer with ReLU and batch normalisation after it: only the ReLU's output is kept.
  ///
  /// - Returns: the maps, and a pullback from the gradient of the normalised maps, which it
  ///   overwrites, to that of the normalised input.
  /// - Throws: `OneDNNError` when `x` does not fit.
  package func differentiated(
    _ x: NormalizedMaps, then norm: BatchNorm, mode: Mode, precision: Precision
  ) throws -> (value: NormalizedMaps, pullback: (consuming Tensor) throws -> Tensor) {
    let plan = plan(for: .training, relu: true, precision: precision)
    let maps = try plan(x)
    let statistics = try norm.statistics(of: maps, mode: mode)
    return (
      NormalizedMaps(maps, affine: norm.affine(statistics)),
      { [self] (gradient: consuming Tensor) in
        let columns = norm.backward(&gradient, at: maps, statistics, mode: mode, throughRelu: true)
        if let columns { bias.accumulate(columns) }
        return try inputGradient(gradient, at: x, plan)
      }
    )
  }

  /// The gradient of the normalised input; that of the weights is accumulated.
  private func inputGradient(
    _ gradient: Tensor, at x: NormalizedMaps, _ plan: ConvolutionPlan
  ) throws -> Tensor {
    let (input, weights) = try plan.gradients(gradient, at: x, needsWeights: weight.needsGradient)
    if let weights { weight.accumulate(weights) }
    return input ?? Tensor(shape: x.maps.shape)
  }
}
