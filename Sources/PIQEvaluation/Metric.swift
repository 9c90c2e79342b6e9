/// What is measured of an interpretation; the raw value is its key in JSON.
public enum Metric: String, Sendable, CaseIterable {
  case fidelity = "fid_in"
  case averageIncrease = "ai"
  case averageDrop = "ad"
  case averageGain = "ag"
  case faithfulness = "ff"
  case sparseness = "sps"
  case complexity = "comp"
  /// The mean of the mask.
  case meanMask = "mean_mask"
}

/// A value for every metric.
public typealias MetricValues = [Metric: Double]

/// What was measured of one clip, mixture or noisy clip.
public struct Measurement: Sendable {
  public let set: EvaluationSet
  /// The clip's index in the data set.
  public let clip: Int
  /// The clip that was mixed in.
  public let contaminant: Int?
  /// The index of the clip's class.
  public let label: Int
  /// The probabilities of all classes for the whole clip.
  public let probabilities: [Double]
  /// The class that is explained: the likeliest.
  public let predicted: Int
  public let values: MetricValues
}

extension [MetricValues] {
  /// The mean of each metric, added up in order.
  package func means() -> MetricValues {
    var means: MetricValues = [:]
    for metric in Metric.allCases {
      means[metric] = compactMap { $0[metric] }.reduce(0, +) / Double(Swift.max(1, count))
    }
    return means
  }
}
