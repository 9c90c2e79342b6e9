import PIQTensor

/// The convolution with kernel 4, stride 2 and padding 1: as products of matrices where the map is
/// large, for the kernel's transform takes four times the memory of the kernel.
final class HalvingPlan: ForwardPlan {
  private let windows: WindowPlan
  private let weights, bias: Tensor
  private let fusion: Fusion
  private let products = Lazy<DoublingProducts>()

  /// - Parameters:
  ///   - weights: [O, I, 4, 4].
  ///   - bias: [O].
  init(_ geometry: ConvolutionGeometry, weights: Tensor, bias: Tensor, fusing fusion: Fusion) {
    windows = WindowPlan(geometry, weights: weights, bias: bias, fusing: fusion)
    self.weights = weights
    self.bias = bias
    self.fusion = fusion
  }

  func work(on x: Tensor) -> LayerClock.Work {
    let windowWork = windows.work(on: x)
    let (height, width) = (x.shape[1] / 2, x.shape[2] / 2)
    guard DoublingProducts.paysFor(coarseHeight: height, width: width) else { return windowWork }
    return products { DoublingProducts(weights: weights, precision: .float32) }.work(
      positions: (height, width), batch: x.shape[0], definition: windowWork.multiplications)
  }

  func callAsFunction(_ x: Tensor, adding residual: Tensor?) throws -> Tensor {
    precondition(residual == nil, "no layer of this network adds to a halved map")
    let (height, width) = (x.shape[1] / 2, x.shape[2] / 2)
    guard DoublingProducts.paysFor(coarseHeight: height, width: width) else {
      return try windows(x)
    }
    let products = products { DoublingProducts(weights: weights, precision: .float32) }
    return try products.coarse(x, height: height, width: width, bias: bias, fusing: fusion)
  }
}
