package import PIQOneDNN
package import PIQTensor

/// Rows and columns of a block of a product: enough work for one call, and operands that stay in the
/// caches.
private let blockSide = 256

/// The product of two matrices on all threads, with a term added to each column.
///
/// - Parameters:
///   - left: [M, K], or [K, M] when `transposingLeft`.
///   - right: [K, N], or [N, K] when `transposingRight`.
///   - bias: [N]; nothing is added if nil.
/// - Returns: [M, N].
/// - Throws: `OneDNNError` when they do not fit together.
package func parallelProduct(
  _ left: Tensor, _ right: Tensor, transposingLeft: Bool = false, transposingRight: Bool = false,
  bias: Tensor? = nil
) throws(OneDNNError) -> Tensor {
  let (m, n, k) = try productSize(left, right, transposingLeft, transposingRight)
  let bias = bias ?? Tensor(shape: [n])
  // Zeros, because a product over nothing writes nothing.
  var product = Tensor(shape: [m, n])
  let (lines, columns) = ((m + blockSide - 1) / blockSide, (n + blockSide - 1) / blockSide)
  let target = product.operands(of: Float.self)
  try withElements(of: left, right, bias) { (elements) throws(OneDNNError) in
    let (left, right, bias) = (elements[0], elements[1], elements[2])
    try parallelFor(blocks: lines * columns) { (block, _) throws(OneDNNError) in
      let (row, column) = (block / columns * blockSide, block % columns * blockSide)
      let size = (m: min(blockSide, m - row), n: min(blockSide, n - column), k: k)
      let sums = target + row * n + column
      try multiply(
        MatrixView(
          left + row * (transposingLeft ? 1 : k), stride: transposingLeft ? m : k,
          isTransposed: transposingLeft),
        MatrixView(
          right + column * (transposingRight ? k : 1), stride: transposingRight ? k : n,
          isTransposed: transposingRight),
        size: size, to: sums, stride: n, adding: true)
      for i in 0..<size.m {
        for j in 0..<size.n { sums[i * n + j] += bias[column + j] }
      }
    }
  }
  return product
}

/// The transpose of a matrix [M, N]: [N, M].
package func transposedMatrix(_ matrix: Tensor) -> Tensor {
  let (height, width, side) = (matrix.shape[0], matrix.shape[1], 16)
  return withElements(of: matrix) { elements in
    Tensor(shape: [width, height]) { transpose in
      guard let transpose = transpose.baseAddress else { return }
      nonisolated(unsafe) let (source, target) = (elements[0], transpose)
      // Squares, whose lines stay in the cache on both sides.
      inParallel(rows: (width + side - 1) / side) { range in
        for first in stride(from: 0, to: height, by: side) {
          for column in range.lowerBound * side..<min(range.upperBound * side, width) {
            for row in first..<min(first + side, height) {
              target[column * height + row] = source[row * width + column]
            }
          }
        }
      }
    }
  }
}

/// The work of a product of [M, K] and [K, N], for a `LayerClock`.
package func productWork(_ m: Int, _ n: Int, _ k: Int) -> LayerClock.Work {
  let multiplications = Double(m) * Double(n) * Double(k)
  return LayerClock.Work(
    method: "product (\(Float.kernel))", multiplications: multiplications,
    performed: multiplications)
}
