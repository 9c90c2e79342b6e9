import Glibc

/// Metrics of the mask alone.
extension Metric {
  /// SPS: the Gini index of the absolute values, 0 where all are equal and near 1 where one
  /// dominates.
  public static let sparseness = Metric("sps", "SPS", decimals: 3) {
    let sorted = $0.mask.map { abs(Double($0)) }.sorted()
    let total = sorted.reduce(0, +)
    guard total > 0 else { return 0 }
    let count = Double(sorted.count)
    let weighted = sorted.enumerated().reduce(0) { sum, element in
      sum + (2 * Double(element.offset + 1) - count - 1) * element.element
    }
    return weighted / (count * total)
  }

  /// COMP: the entropy, in nats, of the absolute values divided by their sum.
  public static let complexity = Metric("comp", "COMP", decimals: 2) {
    let magnitudes = $0.mask.map { abs(Double($0)) }
    let total = magnitudes.reduce(0, +)
    guard total > 0 else { return 0 }
    return magnitudes.reduce(0) { sum, value in
      value > 0 ? sum - value / total * log(value / total) : sum
    }
  }

  /// The mean of the mask.
  public static let meanMask = Metric("mean_mask", "mask", decimals: 3) {
    $0.mask.reduce(0) { $0 + Double($1) } / Double(max(1, $0.mask.count))
  }
}
