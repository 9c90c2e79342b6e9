package import PIQAudio

/// The mean, the metric and the directions that tell the sounds of a classifier's classes from others.
package struct KnownFit {
  private let center: [Double]
  private let map: [Double]
  private let directions: [[Double]]

  /// How much of the spread within classes is taken to be independent from value to value. A few clips do
  /// not tell how the values of an embedding move together; from 0.02 to 0.7 the result is the same.
  private static let independence = 0.2

  /// The fit of embeddings of length D, several of each class.
  ///
  /// - Parameter embeddings: of the training clips.
  package init(_ embeddings: [(values: [Float], label: Int)], classCount: Int) {
    let length = embeddings.first?.values.count ?? 0
    let rows = embeddings.map { $0.values.map(Double.init) }
    let zeros = [Double](repeating: 0, count: length)
    func mean(_ rows: [[Double]]) -> [Double] {
      let sum = rows.reduce(into: zeros) { sum, row in
        for i in row.indices { sum[i] += row[i] }
      }
      return sum.map { $0 / Double(max(1, rows.count)) }
    }
    let center = mean(rows)
    let means = (0..<classCount).map { label in
      mean(zip(rows, embeddings).filter { $1.label == label }.map(\.0))
    }
    let residuals = zip(rows, embeddings).map { row, clip in
      zip(row, means[clip.label]).map { $0 - $1 }
    }
    let map = Self.whitening(residuals, length: length)
    (self.center, self.map) = (center, map)
    directions = means.map { mean in
      let offset = zip(mean, center).map { $0 - $1 }
      let mapped = (0..<length).map { row in
        (0..<length).reduce(0) { $0 + map[row * length + $1] * offset[$1] }
      }
      let size = mapped.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return mapped.map { size > 0 ? $0 / size : 0 }
    }
  }

  /// The score with these tensors.
  package func score(_ settings: KnownScore.Settings, classCount: Int) -> KnownScore {
    let score = KnownScore(settings, classCount: classCount, embeddingLength: center.count)
    let values = ["center": center, "map": map, "directions": directions.flatMap(\.self)]
    for (name, parameter) in score.state {
      parameter.value = Tensor(
        shape: parameter.value.shape, (values[name] ?? []).map { Float($0) })
    }
    return score
  }

  /// The inverse of the Cholesky factor of the covariance of rows whose mean is zero: the map [D, D] after
  /// which it is that of independent values.
  private static func whitening(_ rows: [[Double]], length: Int) -> [Double] {
    var covariance = [Double](repeating: 0, count: length * length)
    for row in rows {
      for i in 0..<length where row[i] != 0 {
        for j in 0...i { covariance[i * length + j] += row[i] * row[j] }
      }
    }
    let count = Double(max(1, rows.count))
    for i in covariance.indices { covariance[i] /= count }
    let variances = (0..<length).map { covariance[$0 * length + $0] }
    // A value that hardly ever moves would count as much as any other.
    let least = max(1e-12, 0.01 * (variances.sorted().dropFirst(length / 2).first ?? 0))
    for i in 0..<length {
      for j in 0..<i { covariance[i * length + j] *= 1 - independence }
      covariance[i * length + i] = max(variances[i], least)
    }
    return CholeskyFactor(ofLowerTriangle: covariance, size: length).inverse
  }
}

extension KnownScore.Settings {
  /// The function that says of a sound what its similarity says, as long as the sounds of classes are as
  /// many as others.
  ///
  /// - Parameter sounds: their similarity to the classes, and whether they are of one of them; some are and
  ///   some are not.
  package init(fitting sounds: [(similarity: Double, isKnown: Bool)]) {
    let known = Double(sounds.count(where: \.isKnown))
    let others = Double(sounds.count) - known
    var (weight, bias) = (1.0, 0.0)
    // Newton's steps; with a little less than certain targets (Platt, 1999) they have an end.
    for _ in 0..<50 {
      var (gradient, curvature) = ((0.0, 0.0), (1e-9, 0.0, 1e-9))
      for sound in sounds {
        let count = sound.isKnown ? known : others
        let share = 0.5 / count
        let certainty = (count + 1) / (count + 2)
        let target = sound.isKnown ? certainty : 1 - certainty
        let x = sound.similarity
        let p = Self(weight: weight, bias: bias)(x)
        gradient.0 += share * (p - target) * x
        gradient.1 += share * (p - target)
        let slope = share * p * (1 - p)
        curvature.0 += slope * x * x
        curvature.1 += slope * x
        curvature.2 += slope
      }
      let determinant = curvature.0 * curvature.2 - curvature.1 * curvature.1
      guard determinant > 1e-18 else { break }
      weight -= (curvature.2 * gradient.0 - curvature.1 * gradient.1) / determinant
      bias -= (curvature.0 * gradient.1 - curvature.1 * gradient.0) / determinant
    }
    self.init(weight: weight, bias: bias)
  }
}
