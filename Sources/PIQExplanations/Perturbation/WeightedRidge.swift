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
    return solve(&matrix, right)
  }

  /// The solution of a symmetric system by Cholesky's factors, which replace its lower half.
  private static func solve(_ a: inout [Double], _ right: [Double]) -> [Double] {
    let n = right.count
    for j in 0..<n {
      for i in j..<n {
        var sum = a[i * n + j]
        for k in 0..<j { sum -= a[i * n + k] * a[j * n + k] }
        // Positive, because of the ridge.
        a[i * n + j] = i == j ? sum.squareRoot() : sum / a[j * n + j]
      }
    }
    var x = right
    for i in 0..<n {
      for k in 0..<i { x[i] -= a[i * n + k] * x[k] }
      x[i] /= a[i * n + i]
    }
    for i in (0..<n).reversed() {
      for k in i + 1..<n { x[i] -= a[k * n + i] * x[k] }
      x[i] /= a[i * n + i]
    }
    return x
  }
}
