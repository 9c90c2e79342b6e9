/// The lower triangle L [N, N] with L Lᵀ = A, of a symmetric and positive definite matrix A [N, N].
package struct CholeskyFactor {
  private let values: [Double]
  private let size: Int

  /// The factor of a matrix of `size` rows, of which the lower triangle is read.
  package init(ofLowerTriangle matrix: [Double], size: Int) {
    self.size = size
    var factor = matrix
    factor.withUnsafeMutableBufferPointer { l in
      for i in 0..<size {
        for j in 0...i {
          var sum = l[i * size + j]
          for k in 0..<j { sum -= l[i * size + k] * l[j * size + k] }
          // Rounding may take the last bit of what is hardly positive.
          l[i * size + j] = i == j ? max(sum, 1e-24).squareRoot() : sum / l[j * size + j]
        }
      }
    }
    values = factor
  }

  /// The solution x of L x = `right`.
  private func forward(_ right: [Double]) -> [Double] {
    var x = right
    for i in 0..<size {
      for k in 0..<i { x[i] -= values[i * size + k] * x[k] }
      x[i] /= values[i * size + i]
    }
    return x
  }

  /// The solution x of A x = `right`.
  package func solve(_ right: [Double]) -> [Double] {
    var x = forward(right)
    for i in (0..<size).reversed() {
      for k in i + 1..<size { x[i] -= values[k * size + i] * x[k] }
      x[i] /= values[i * size + i]
    }
    return x
  }

  /// The inverse of L [N, N].
  package var inverse: [Double] {
    var inverse = [Double](repeating: 0, count: size * size)
    for column in 0..<size {
      let x = forward((0..<size).map { $0 == column ? 1 : 0 })
      for row in column..<size { inverse[row * size + column] = x[row] }
    }
    return inverse
  }
}
