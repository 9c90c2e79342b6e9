import OneDNN
public import Tensor

extension Conv2d {
  /// The convolution with its pullback, which accumulates the gradients of weight and bias.
  ///
  /// - Throws: `OneDNNError` when `x` does not fit.
  public func differentiated(_ x: Tensor) throws -> Differentiated {
    Differentiated(try self(x)) { [self] gradient in
      let shape = geometry.shape(of: x)
      if weight.needsGradient {
        weight.accumulate(try ConvolutionWeightGradient(shape)(x, gradient: gradient))
      }
      if bias.needsGradient { bias.accumulate(columnSums(gradient)) }
      return try inputGradient(gradient, for: shape)
    }
  }

  /// A transposed convolution with the same weights; rows and columns at the end that no window
  /// reached are kept, with gradient zero.
  private func inputGradient(_ gradient: Tensor, for shape: ConvolutionShape) throws -> Tensor {
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
    let plan = transposedPlan(
      back, weights: weight.value, bias: Tensor(shape: [shape.inChannels]))
    return try plan(gradient)
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
