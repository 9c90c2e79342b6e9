import Glibc
import PIQAudio

/// Fits what tells sounds of a classifier's classes from others.
struct KnownFit {
  /// The mean embedding of each class [C, D].
  let means: Tensor
  /// The metric of the spread that all classes share [D, D].
  let metric: Tensor

  /// The part of the shared spread that counts as equal in all directions: few clips do not say more.
  private static let shrinkage = 0.1

  /// The means and the spread of embeddings.
  ///
  /// - Parameters:
  ///   - embeddings: of the clips of the training, each [D].
  ///   - labels: the class of each.
  init(_ embeddings: [[Float]], labels: [Int], classCount: Int) {
    let length = embeddings.first?.count ?? 0
    var sums = [Double](repeating: 0, count: classCount * length)
    var counts = [Double](repeating: 0, count: classCount)
    for (embedding, label) in zip(embeddings, labels) {
      counts[label] += 1
      for i in 0..<length { sums[label * length + i] += Double(embedding[i]) }
    }
    for label in 0..<classCount {
      for i in 0..<length { sums[label * length + i] /= max(1, counts[label]) }
    }
    var spread = [Double](repeating: 0, count: length * length)
    for (embedding, label) in zip(embeddings, labels) {
      let difference = (0..<length).map { Double(embedding[$0]) - sums[label * length + $0] }
      for i in 0..<length {
        for j in 0...i { spread[i * length + j] += difference[i] * difference[j] }
      }
    }
    let total = Double(max(1, embeddings.count))
    let trace = (0..<length).reduce(0) { $0 + spread[$1 * length + $1] / total }
    let even = max(trace / Double(max(1, length)), 1e-12)
    for i in 0..<length {
      for j in 0...i {
        spread[i * length + j] *= (1 - Self.shrinkage) / total
        if i == j { spread[i * length + j] += Self.shrinkage * even }
      }
    }
    means = Tensor(shape: [classCount, length], sums.map { Float($0) })
    metric = Tensor(shape: [length, length], Self.inverseFactor(spread, length).map { Float($0) })
  }

  /// The inverse of the lower Cholesky factor L of a positive matrix [n, n], of which the lower half is
  /// given: the length of its product with a vector is that of the vector in the inverse's metric.
  private static func inverseFactor(_ matrix: [Double], _ n: Int) -> [Double] {
    var l = matrix
    for j in 0..<n {
      for i in j..<n {
        var sum = l[i * n + j]
        for k in 0..<j { sum -= l[i * n + k] * l[j * n + k] }
        l[i * n + j] = i == j ? sum.squareRoot() : sum / l[j * n + j]
      }
    }
    var inverse = [Double](repeating: 0, count: n * n)
    for column in 0..<n {
      inverse[column * n + column] = 1 / l[column * n + column]
      for row in column + 1..<max(n, column + 1) {
        var sum = 0.0
        for k in column..<row { sum += l[row * n + k] * inverse[k * n + column] }
        inverse[row * n + column] = -sum / l[row * n + row]
      }
    }
    return inverse
  }
}

/// Logistic regression on one value.
enum LogisticFit {
  /// The function of a value that tells cases from others, each side counting one half; the maximum of the
  /// likelihood by Newton's method, with a weak penalty that keeps it finite.
  static func fit(_ known: [Double], _ unknown: [Double]) -> KnownScore.Settings {
    let values = known + unknown
    let weights =
      known.map { _ in 0.5 / Double(max(1, known.count)) }
      + unknown.map { _ in 0.5 / Double(max(1, unknown.count)) }
    let targets = known.map { _ in 1.0 } + unknown.map { _ in 0.0 }
    let mean = zip(values, weights).reduce(0) { $0 + $1.0 * $1.1 }
    let variance = zip(values, weights).reduce(0) { $0 + $1.1 * ($1.0 - mean) * ($1.0 - mean) }
    let deviation = max(variance.squareRoot(), 1e-9)
    let penalty = 1e-3
    var (slope, term) = (0.0, 0.0)
    for _ in 0..<50 {
      var (gradient, second) = ((-penalty * slope, 0.0), (penalty, 0.0, 1e-9))
      for i in values.indices {
        let x = (values[i] - mean) / deviation
        let p = 1 / (1 + exp(-(slope * x + term)))
        gradient.0 += weights[i] * (targets[i] - p) * x
        gradient.1 += weights[i] * (targets[i] - p)
        let curvature = weights[i] * p * (1 - p)
        second.0 += curvature * x * x
        second.1 += curvature * x
        second.2 += curvature
      }
      let determinant = second.0 * second.2 - second.1 * second.1
      guard determinant > 1e-15 else { break }
      let step = (
        (second.2 * gradient.0 - second.1 * gradient.1) / determinant,
        (second.0 * gradient.1 - second.1 * gradient.0) / determinant
      )
      slope += max(-2, min(2, step.0))
      term += max(-2, min(2, step.1))
      if abs(step.0) + abs(step.1) < 1e-10 { break }
    }
    return KnownScore.Settings(weight: slope / deviation, bias: term - slope * mean / deviation)
  }
}
