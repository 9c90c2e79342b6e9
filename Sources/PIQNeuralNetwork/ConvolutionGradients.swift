import PIQOneDNN
public import PIQTensor

extension Conv2d {
  /// The convolution with its pullback, which accumulates the gradients of weight and bias.
  ///
  /// - Parameter isFirst: whether nobody wants the gradient of `x`; the pullback then gives zeros.
  /// - Throws: `OneDNNError` when `x` does not fit.
  public func differentiated(_ x: Tensor, isFirst: Bool = false) throws -> Differentiated {
    let shape = geometry.shape(of: x)
    let output = shape.output
    let products = products(for: x)
    let precision = Autocast.precision
    let value =
      try products?.coarse(
        x, height: output[1], width: output[2], bias: bias.value) ?? self(x)
    return Differentiated(value) { [self] gradient in
      if weight.needsGradient {
        weight.accumulate(
          try products?.weightGradient(coarse: NormalizedMaps(gradient), fine: x)
            ?? ConvolutionWeightGradient(shape)(x, gradient: gradient))
      }
      if bias.needsGradient { bias.accumulate(columnSums(gradient)) }
      if isFirst { return Tensor(shape: shape.input) }
      return try products?.fine(
        NormalizedMaps(gradient), height: shape.height, width: shape.width)
        ?? inputGradient(gradient, for: shape, weights: weight.value, precision)
    }
  }

  /// The convolution, batch normalisation with fixed statistics and ReLU, all of them frozen: the
  /// normalisation is part of the weights, and only what the ReLU leaves is kept.
  ///
  /// - Throws: `OneDNNError` when `x` does not fit.
  package func differentiatedFrozen(_ x: Tensor, then norm: BatchNorm) throws -> Differentiated {
    let shape = geometry.shape(of: x)
    let output = shape.output
    let frozen = frozen(from: (state + norm.state).map(\.parameter)) {
      FrozenConvolution(self, norm)
    }
    let products = x.shape[3] == geometry.inChannels ? frozen.products : nil
    let precision = Autocast.precision
    let value =
      try products?.coarse(
        x, height: output[1], width: output[2], bias: frozen.bias, fusing: Fusion(relu: true))
      ?? frozen.plan(x)
    return Differentiated(value) { [self] gradient in
      let passed = passedByRelu(gradient, at: value)
      return try products?.fine(NormalizedMaps(passed), height: shape.height, width: shape.width)
        ?? inputGradient(passed, for: shape, weights: frozen.weights, precision)
    }
  }

  /// The layer as products of matrices, where that is the better way.
  private func products(for x: Tensor) -> DoublingProducts? {
    guard DoublingProducts.fits(geometry), x.shape[3] == geometry.inChannels else { return nil }
    return DoublingProducts(weights: weight.value, precision: Autocast.precision)
  }

  /// A transposed convolution with the same weights; rows and columns at the end that no window
  /// reached are kept, with gradient zero.
  private func inputGradient(
    _ gradient: Tensor, for shape: ConvolutionShape, weights: Tensor, _ precision: Precision
  ) throws -> Tensor {
    func cut(_ axis: KeyPath<ConvolutionShape.Extent, Int>, _ size: Int, _ out: Int) -> Int {
      let (k, s) = (shape.kernel[keyPath: axis], shape.stride[keyPath: axis])
      return (out - 1) * s + k - shape.padBefore[keyPath: axis] - size
    }
    let back = ConvolutionGeometry(
      inChannels: shape.outChannels, outChannels: shape.inChannels, kernel: shape.kernel,
      stride: shape.stride, padBefore: shape.padBefore,
      padAfter: .init(
        cut(\.height, shape.height, gradient.shape[1]),
        cut(\.width, shape.width, gradient.shape[2])),
      isTransposed: true)
    let bias = Tensor(shape: [shape.inChannels])
    if SingleChannelProduct.fits(back) {
      return try SingleChannelProduct(back, weights: weights, bias: bias, precision: precision)(
        NormalizedMaps(gradient))
    }
    let plan = transposedPlan(back, weights: weights, bias: bias)
    return try plan(gradient)
  }
}

/// A convolution with the batch normalisation after it in its weights.
final class FrozenConvolution {
  let weights, bias: Tensor
  let plan: any ForwardPlan
  /// The convolution as products of matrices, where that is the better way.
  let products: DoublingProducts?

  init(_ convolution: Conv2d, _ norm: BatchNorm) {
    (weights, bias) = convolution.folded(norm)
    plan = convolution.fused(with: norm, relu: true)
    products =
      DoublingProducts.fits(convolution.geometry)
      ? DoublingProducts(weights: weights, precision: Autocast.precision) : nil
  }
}

extension ConvTranspose2d {
  /// The transposed convolution with its pullback, which accumulates the gradients of weight and
  /// bias.
  ///
  /// The way back is a convolution: its input is the gradient, its output the input.
  ///
  /// - Throws: `OneDNNError` when `x` does not fit.
  public func differentiated(_ x: Tensor) throws -> Differentiated {
    let (value, pullback) = try differentiated(NormalizedMaps(x))
    return Differentiated(value) { try pullback($0) }
  }
}
