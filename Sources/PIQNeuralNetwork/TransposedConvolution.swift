import PIQOneDNN
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
  let geometry: ConvolutionGeometry
  private let plan = Derived<any ForwardPlan>()

  /// A transposed convolution with PyTorch's initial values: uniform within ±1/√(O kH kW).
  ///
  /// - Parameters:
  ///   - kernel: height and width of the kernel.
  ///   - stride: rows and columns of output for each one of input.
  public init(
    _ inChannels: Int, _ outChannels: Int, kernel: (Int, Int), stride: (Int, Int),
    padding: Int = 0, using initializer: Initializer
  ) {
    geometry = ConvolutionGeometry(
      inChannels: inChannels, outChannels: outChannels, kernel: .init(kernel.0, kernel.1),
      stride: .init(stride.0, stride.1), padBefore: .init(padding, padding),
      padAfter: .init(padding, padding), isTransposed: true)
    let bound = 1 / Float(outChannels * kernel.0 * kernel.1).squareRoot()
    weight = Parameter(
      initializer.uniform([inChannels, outChannels, kernel.0, kernel.1], bound: bound))
    bias = Parameter(initializer.uniform([outChannels], bound: bound))
  }

  public var state: [(name: String, parameter: Parameter)] {
    [("weight", weight), ("bias", bias)]
  }

  /// The transposed convolution of `x` [B, H, W, I].
  ///
  /// - Throws: `OneDNNError` when `x` does not fit.
  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    let plan = plan(from: [weight, bias]) { fused() }
    return try plan(x)
  }

  /// The layer as inference runs it: followed by ReLU, and then by the batch normalisation `norm`.
  package func fused(relu: Bool = false, then norm: BatchNorm? = nil) -> any ForwardPlan {
    let fusion = Fusion(relu: relu, affine: norm?.affine)
    return transposedPlan(
      geometry, weights: weight.value, bias: bias.value, fusing: fusion)
  }

  /// This layer, ReLU, batch normalisation and then the layer `last`, in one plan that saves the
  /// map between them; nil where the sizes do not allow it.
  package func fusedInStrips(
    then norm: BatchNorm, then last: ConvTranspose2d
  ) -> (any ForwardPlan)? {
    guard DoublingProducts.fits(geometry), SingleChannelTiles.fits(last.geometry) else {
      return nil
    }
    return StripPlan(
      DoublingKernels(weights: weight.value, precision: Autocast.precision), bias: bias.value,
      fusing: Fusion(relu: true, affine: norm.affine), then: last)
  }
}

/// The fastest way known here for a transposed convolution.
///
/// - Parameters:
///   - weights: [I, O, kH, kW].
///   - bias: [O].
func transposedPlan(
  _ geometry: ConvolutionGeometry, weights: Tensor, bias: Tensor, fusing fusion: Fusion = Fusion()
) -> any ForwardPlan {
  if DoublingPlan.fits(geometry) {
    return DoublingPlan(geometry, weights: weights, bias: bias, fusing: fusion)
  }
  if SingleChannelProduct.fits(geometry), !fusion.relu, fusion.affine == nil {
    return SingleChannelProduct(
      geometry, weights: weights, bias: bias, precision: Autocast.precision)
  }
  return ConvolutionPlan(geometry, weights: weights, bias: bias, fusing: fusion)
}
