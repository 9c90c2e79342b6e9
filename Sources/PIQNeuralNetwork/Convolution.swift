import PIQOneDNN
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
  let geometry: ConvolutionGeometry
  private let plan = Derived<ConvolutionPlan>()
  let frozen = Derived<FrozenConvolution>()

  /// A convolution with PyTorch's initial values: uniform within ±1/√(fan-in).
  public init(
    _ inChannels: Int, _ outChannels: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
    using initializer: Initializer
  ) {
    geometry = ConvolutionGeometry(
      inChannels: inChannels, outChannels: outChannels, kernel: .init(kernel, kernel),
      stride: .init(stride, stride), padBefore: .init(padding, padding),
      padAfter: .init(padding, padding))
    let bound = 1 / Float(inChannels * kernel * kernel).squareRoot()
    weight = Parameter(
      initializer.uniform([outChannels, inChannels, kernel, kernel], bound: bound))
    bias = Parameter(initializer.uniform([outChannels], bound: bound))
  }

  public var state: [(name: String, parameter: Parameter)] {
    [("weight", weight), ("bias", bias)]
  }

  /// The convolution of `x` [B, H, W, I].
  ///
  /// - Throws: `OneDNNError` when `x` does not fit.
  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    let plan = plan(from: [weight, bias]) {
      ConvolutionPlan(geometry, weights: weight.value, bias: bias.value, isTraining: true)
    }
    return try plan(x)
  }

  /// The convolution as inference runs it, with the batch normalisation that follows folded into
  /// its weights, and then ReLU.
  package func fused(with norm: BatchNorm? = nil, relu: Bool = false) -> any ForwardPlan {
    let fusion = Fusion(relu: relu)
    guard let norm else {
      return WindowPlan(geometry, weights: weight.value, bias: bias.value, fusing: fusion)
    }
    let (weights, bias) = folded(norm)
    if DoublingProducts.fits(geometry) {
      return HalvingPlan(geometry, weights: weights, bias: bias, fusing: fusion)
    }
    return WindowPlan(geometry, weights: weights, bias: bias, fusing: fusion)
  }

  /// Weights and bias with which the convolution alone does what it and `norm` do.
  func folded(_ norm: BatchNorm) -> (weights: Tensor, bias: Tensor) {
    let (scale, shift) = (norm.affine.scale.elements, norm.affine.shift.elements)
    var (weights, bias) = (weight.value, bias.value)
    let row = weights.count / geometry.outChannels
    weights.withUnsafeMutableBuffer { weights in
      for o in scale.indices {
        for i in o * row..<(o + 1) * row { weights[i] *= scale[o] }
      }
    }
    bias.withUnsafeMutableBuffer { bias in
      for o in bias.indices { bias[o] = bias[o] * scale[o] + shift[o] }
    }
    return (weights, bias)
  }
}
