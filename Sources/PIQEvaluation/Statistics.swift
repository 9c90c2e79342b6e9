import Glibc
import PIQAudio

/// Statistics of a classifier's probabilities, and their confidence intervals.
package enum Statistics {
  /// The probabilities of all classes, and the index of the right one.
  package typealias Outcome = (probabilities: [Double], label: Int)

  /// How many bins of equal width `calibrationError` has.
  package static let calibrationBins = 15
  /// How many times `interval` resamples.
  package static let resamples = 1000

  /// The share of clips whose predicted class is correct.
  package static func accuracy(_ outcomes: [Outcome]) -> Double {
    let right = outcomes.count { $0.probabilities.indexOfMaximum == $0.label }
    return Double(right) / Double(max(1, outcomes.count))
  }

  /// The expected calibration error (Guo et al., 2017): the mean distance, over the clips, of the
  /// accuracy from the probability of the likeliest class, in bins of that probability.
  package static func calibrationError(_ outcomes: [Outcome])
    -> Double
  {
    var differences = [Double](repeating: 0, count: calibrationBins)
    for outcome in outcomes {
      let predicted = outcome.probabilities.indexOfMaximum ?? 0
      let confidence = outcome.probabilities[predicted]
      // Bins hold their upper edge, and the first one zero as well.
      let bin = Int((confidence * Double(calibrationBins)).rounded(.up)) - 1
      differences[min(max(bin, 0), calibrationBins - 1)] +=
        confidence - (predicted == outcome.label ? 1 : 0)
    }
    return differences.reduce(0) { $0 + abs($1) } / Double(max(1, outcomes.count))
  }

  /// The mean of -log of the probability of a clip's own class, in nats.
  package static func crossEntropy(_ outcomes: [Outcome]) -> Double {
    outcomes.reduce(0) { $0 - log(max($1.probabilities[$1.label], 1e-300)) }
      / Double(max(1, outcomes.count))
  }

  /// The probability that a positive one of `values` is larger than a negative one (ROC AUC), ties counting
  /// half; nil where all are of one kind.
  package static func areaUnderROC(_ values: [Double], isPositive: [Bool]) -> Double? {
    let positives = values.indices.filter { isPositive[$0] }
    let negativeCount = values.count - positives.count
    guard !positives.isEmpty, negativeCount > 0 else { return nil }
    // By ranks (Mann and Whitney), equal values sharing theirs.
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var first = 0
    while first < order.count {
      var last = first
      while last + 1 < order.count, values[order[last + 1]] == values[order[first]] { last += 1 }
      for i in first...last { ranks[order[i]] = Double(first + last) / 2 + 1 }
      first = last + 1
    }
    let sum = positives.reduce(0) { $0 + ranks[$1] }
    let count = Double(positives.count)
    return (sum - count * (count + 1) / 2) / (count * Double(negativeCount))
  }

  /// The 95 % percentile bootstrap interval of statistics of `count` clips (Efron, 1979).
  ///
  /// - Parameter statistics: the figures for the clips with the given indices.
  /// - Returns: an interval for each figure.
  package static func intervals(
    count: Int, seed: UInt64, of statistics: ([Int]) -> [Double]
  ) -> [ClosedRange<Double>] {
    intervals(seed: seed, of: statistics) { stream in
      (0..<count).map { _ in stream.index(below: count) }
    }
  }

  /// The same of measurements of which some are of one clip: clips are resampled, as what is of one clip is
  /// not independent.
  ///
  /// - Parameter clips: the clip that each measurement is of.
  package static func intervals(
    clips: [Int], seed: UInt64, of statistics: ([Int]) -> [Double]
  ) -> [ClosedRange<Double>] {
    let groups = Dictionary(grouping: clips.indices) { clips[$0] }
    let ordered = groups.keys.sorted().map { groups[$0] ?? [] }
    return intervals(seed: seed, of: statistics) { stream in
      ordered.indices.flatMap { _ in ordered[stream.index(below: ordered.count)] }
    }
  }

  /// The same of clips of several kinds, of which as many are drawn as there are.
  ///
  /// - Parameter kinds: how many there are of each kind; their indices follow one another.
  package static func intervals(
    kinds: [Int], seed: UInt64, of statistics: ([Int]) -> [Double]
  ) -> [ClosedRange<Double>] {
    intervals(seed: seed, of: statistics) { stream in
      var first = 0
      return kinds.flatMap { count in
        defer { first += count }
        return (0..<count).map { _ in first + stream.index(below: count) }
      }
    }
  }

  private static func intervals(
    seed: UInt64, of statistics: ([Int]) -> [Double], draw: (inout RandomStream) -> [Int]
  ) -> [ClosedRange<Double>] {
    var stream = RandomStream(seed: seed, .resampling)
    let drawn = (0..<resamples).map { _ in statistics(draw(&stream)) }
    return (drawn.first ?? []).indices.map { i in
      let sorted = drawn.map { $0[i] }.sorted()
      return quantile(0.025, of: sorted)...quantile(0.975, of: sorted)
    }
  }

  /// A quantile, interpolated linearly.
  private static func quantile(_ share: Double, of sorted: [Double]) -> Double {
    let position = share * Double(sorted.count - 1)
    let (below, above) = (Int(position), min(Int(position) + 1, sorted.count - 1))
    return sorted[below] + (position - Double(below)) * (sorted[above] - sorted[below])
  }
}
