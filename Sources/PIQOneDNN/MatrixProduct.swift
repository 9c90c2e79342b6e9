import CPIQOneDNN
import PIQPlatform
package import PIQTensor

/// Adds the product of `left` [M, K] and `right` [K, N] to `sums` [M, N], or overwrites `sums`. All
/// are contiguous in memory.
///
/// - Parameters:
///   - size: M, N and K.
///   - transposingLeft: whether `left` is stored as [K, M].
///   - transposingRight: whether `right` is stored as [N, K].
///   - adding: whether to add to the previous `sums`.
/// - Throws: `OneDNNError`.
package func multiply(
  _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, size: (m: Int, n: Int, k: Int),
  transposingLeft: Bool, transposingRight: Bool, to sums: UnsafeMutablePointer<Float>, adding: Bool
) throws(OneDNNError) {
  guard size.m > 0, size.n > 0, size.k > 0 else { return }
  let (m, n, k) = (dnnl_dim_t(size.m), dnnl_dim_t(size.n), dnnl_dim_t(size.k))
  func letter(_ transposed: Bool) -> CChar { CChar(UInt8(ascii: transposed ? "T" : "N")) }
  try check(
    dnnl_sgemm(
      letter(transposingLeft), letter(transposingRight), m, n, k, 1, left, transposingLeft ? m : k,
      right, transposingRight ? k : n, adding ? 1 : 0, sums, n),
    "a product of \(m) by \(k) and \(k) by \(n)")
}

/// A matrix in memory, which may be a part of a larger one.
package struct MatrixView {
  /// The first element.
  package let start: UnsafePointer<Float>
  /// How far one stored row is from the next, in elements.
  package let stride: Int
  /// Whether it is stored as its transpose.
  package let isTransposed: Bool

  /// A matrix whose stored rows lie `stride` elements apart.
  package init(_ start: UnsafePointer<Float>, stride: Int, isTransposed: Bool = false) {
    (self.start, self.stride, self.isTransposed) = (start, stride, isTransposed)
  }
}

/// Adds the product of `left` [M, K] and `right` [K, N], times `factor`, to `sums` [M, N], or
/// overwrites `sums`.
///
/// - Parameters:
///   - size: M, N and K.
///   - stride: how far one row of `sums` is from the next, in elements.
///   - adding: whether to add to the previous `sums`.
/// - Throws: `OneDNNError`.
package func multiply(
  _ left: MatrixView, _ right: MatrixView, size: (m: Int, n: Int, k: Int), factor: Float = 1,
  to sums: UnsafeMutablePointer<Float>, stride: Int, adding: Bool = false
) throws(OneDNNError) {
  guard size.m > 0, size.n > 0, size.k > 0 else { return }
  func letter(_ transposed: Bool) -> CChar { CChar(UInt8(ascii: transposed ? "T" : "N")) }
  try check(
    dnnl_sgemm(
      letter(left.isTransposed), letter(right.isTransposed), dnnl_dim_t(size.m),
      dnnl_dim_t(size.n), dnnl_dim_t(size.k), factor, left.start, dnnl_dim_t(left.stride),
      right.start, dnnl_dim_t(right.stride), adding ? 1 : 0, sums, dnnl_dim_t(stride)),
    "a product of \(size.m) by \(size.k) and \(size.k) by \(size.n)")
}

/// The sizes of a product: [M, K], or [K, M] when transposed, times [K, N], or [N, K] when transposed.
///
/// - Throws: `OneDNNError` when the matrices do not fit together.
package func productSize(
  _ left: Tensor, _ right: Tensor, _ transposingLeft: Bool, _ transposingRight: Bool
) throws(OneDNNError) -> (m: Int, n: Int, k: Int) {
  guard left.shape.count == 2, right.shape.count == 2,
    left.shape[transposingLeft ? 0 : 1] == right.shape[transposingRight ? 1 : 0]
  else {
    throw OneDNNError(
      operation: "the product of \(left.shape) and \(right.shape)",
      reason: "the shapes do not fit together")
  }
  return (
    left.shape[transposingLeft ? 1 : 0], right.shape[transposingRight ? 0 : 1],
    left.shape[transposingLeft ? 0 : 1]
  )
}

/// The product of two small matrices, on the calling thread alone: waking others takes longer.
///
/// - Parameters:
///   - left: [M, K], or [K, M] when `transposingLeft`.
///   - right: [K, N], or [N, K] when `transposingRight`.
/// - Returns: [M, N].
/// - Throws: `OneDNNError` when they do not fit together.
package func matrixProduct(
  _ left: Tensor, _ right: Tensor, transposingLeft: Bool = false, transposingRight: Bool = false
) throws(OneDNNError) -> Tensor {
  let (m, n, k) = try productSize(left, right, transposingLeft, transposingRight)
  var product = Tensor(shape: [m, n])
  try left.withUnsafeBuffer { (left) throws(OneDNNError) in
    try right.withUnsafeBuffer { (right) throws(OneDNNError) in
      try product.withUnsafeMutableBuffer { (product) throws(OneDNNError) in
        guard let left = left.baseAddress, let right = right.baseAddress,
          let product = product.baseAddress
        else { return }
        try Threads.with(1) { () throws(OneDNNError) in
          try multiply(
            left, right, size: (m, n, k), transposingLeft: transposingLeft,
            transposingRight: transposingRight, to: product, adding: true)
        }
      }
    }
  }
  return product
}
