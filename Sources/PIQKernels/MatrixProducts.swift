package import PIQOneDNN
package import PIQTensor

/// Rows and columns of a block of a product: enough work for one call, and operands that stay in the
/// caches.
private let blockSide = 256
/// Few blocks are made a multiple of this many, so that two or four cores share them evenly.
private let fewBlocks = 4

/// The parts of an axis of a product: of about equal length.
private func parts(of count: Int, multipleOf multiple: Int = 1) -> (count: Int, length: Int) {
  let needed = (count + blockSide - 1) / blockSide
  let parts = (needed + multiple - 1) / multiple * multiple
  return (parts, max(1, (count + parts - 1) / max(1, parts)))
}

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
  let lines = parts(of: m)
  let columns = parts(of: n, multipleOf: lines.count < fewBlocks && n > blockSide ? fewBlocks : 1)
  let target = product.operands(of: Float.self)
  try withElements(of: left, right, bias) { (elements) throws(OneDNNError) in
    let (left, right, bias) = (elements[0], elements[1], elements[2])
    try parallelFor(blocks: lines.count * columns.count) { (block, _) throws(OneDNNError) in
      let (line, part) = block.quotientAndRemainder(dividingBy: columns.count)
      let (row, column) = (line * lines.length, part * columns.length)
      let size = (m: min(lines.length, m - row), n: min(columns.length, n - column), k: k)
      guard size.m > 0, size.n > 0 else { return }
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
