import Tensor

/// The convolution with kernel 4, stride 2 and padding 1 as products of matrices.
final class HalvingPlan: ForwardPlan {
  private let products: DoublingProducts
  private let bias: Tensor
  private let relu: Bool

  /// - Parameter bias: [O].
  init(_ products: DoublingProducts, bias: Tensor, relu: Bool) {
    self.products = products
    self.bias = bias
    self.relu = relu
  }

  func callAsFunction(_ x: Tensor, adding residual: Tensor?) throws -> Tensor {
    precondition(residual == nil, "no layer of this network adds to a halved map")
    return try products.coarse(x, bias: bias, relu: relu)
  }
}
