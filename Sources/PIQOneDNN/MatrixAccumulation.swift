import CPIQOneDNN

/// A matrix inside a larger one: its first element, and the distance of its rows.
package struct MatrixView {
  let base: UnsafePointer<Float>
  let rowStride: Int

  /// A matrix that begins at `base`, with `rowStride` elements from one row to the next.
  package init(_ base: UnsafePointer<Float>, rowStride: Int) {
    self.base = base
    self.rowStride = rowStride
  }
}

/// Adds the product of `left` [M, K] and `right` [K, N] to `sums` [M, N], or overwrites `sums`.
///
/// - Parameters:
///   - size: M, N and K.
///   - transposingLeft: whether `left` is stored as [K, M].
///   - transposingRight: whether `right` is stored as [N, K].
///   - sums: the first element of the result.
///   - sumStride: the distance of its rows.
///   - overwriting: whether the previous `sums` are discarded.
/// - Throws: `OneDNNError`.
package func addProduct(
  _ left: MatrixView, _ right: MatrixView, size: (m: Int, n: Int, k: Int),
  transposingLeft: Bool = false, transposingRight: Bool = false,
  to sums: UnsafeMutablePointer<Float>, sumStride: Int, overwriting: Bool = false
) throws(OneDNNError) {
  guard size.m > 0, size.n > 0, size.k > 0 else { return }
  func letter(_ transposed: Bool) -> CChar { CChar(UInt8(ascii: transposed ? "T" : "N")) }
  try check(
    dnnl_sgemm(
      letter(transposingLeft), letter(transposingRight), dnnl_dim_t(size.m), dnnl_dim_t(size.n),
      dnnl_dim_t(size.k), 1, left.base, dnnl_dim_t(left.rowStride), right.base,
      dnnl_dim_t(right.rowStride), overwriting ? 0 : 1, sums, dnnl_dim_t(sumStride)),
    "a product of \(size.m) by \(size.k) and \(size.k) by \(size.n)")
}
