import PIQKernels

/// Linear regression with weights, an intercept, and a penalty on squared slopes.
enum WeightedRidge {
  /// The slopes of `values` over the columns of `rows`.
  ///
  /// - Parameters:
  ///   - weights: of each row.
  ///   - ridge: the penalty; above 0.
  static func slopes(
    of values: [Double], over rows: [[Double]], _ weights: [Double], ridge: Double
  ) -> [Double] {
    let count = rows.first?.count ?? 0
    let total = weights.reduce(0, +)
    guard count > 0, total > 0 else { return Array(repeating: 0, count: count) }
    // Without their means neither needs an intercept.
    var means = [Double](repeating: 0, count: count)
    for (row, weight) in zip(rows, weights) {
      for i in 0..<count { means[i] += weight * row[i] / total }
    }
    let mean = zip(values, weights).reduce(0) { $0 + $1.0 * $1.1 / total }
    var matrix = [Double](repeating: 0, count: count * count)
    var right = [Double](repeating: 0, count: count)
    for (index, row) in rows.enumerated() {
      let centred = (0..<count).map { row[$0] - means[$0] }
      for i in 0..<count {
        let factor = weights[index] * centred[i]
        right[i] += factor * (values[index] - mean)
        for j in 0...i { matrix[i * count + j] += factor * centred[j] }
      }
    }
    for i in 0..<count { matrix[i * count + i] += ridge }
    return CholeskyFactor(ofLowerTriangle: matrix, size: count).solve(right)
  }
}
