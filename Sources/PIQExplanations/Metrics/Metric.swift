import PIQTensor

/// A measure of how well a mask explains a decision.
public struct Metric: Sendable, Hashable, CaseIterable {
  /// All metrics, in the order of tables. To add one, add a file to `Metrics` and a name here.
  public static let allCases: [Metric] = [
    fidelity, averageIncrease, averageDrop, averageGain, faithfulness, sparseness, complexity,
    meanMask,
  ]

  /// Its key in JSON and CSV.
  public let key: String
  /// The heading of its column.
  public let title: String
  /// The decimal places shown in tables.
  public let decimals: Int
  /// Its value for a masked clip.
  public let value: @Sendable (MaskedOutcome) -> Double

  init(
    _ key: String, _ title: String, decimals: Int,
    value: @escaping @Sendable (MaskedOutcome) -> Double
  ) {
    (self.key, self.title, self.decimals, self.value) = (key, title, decimals, value)
  }

  public static func == (left: Metric, right: Metric) -> Bool { left.key == right.key }

  public func hash(into hasher: inout Hasher) { hasher.combine(key) }
}

/// A value for every metric.
public typealias MetricValues = [Metric: Double]

/// The input of metrics: the mask of a clip, and the probabilities of all C classes for the clip,
/// its masked-in and its masked-out part.
public struct MaskedOutcome: Sendable {
  /// The probabilities for the clip.
  public let whole: [Double]
  /// Those for the clip times its mask.
  public let maskedIn: [Double]
  /// Those for the clip times 1 minus its mask.
  public let maskedOut: [Double]
  /// The mask's values, frame by frame.
  public let mask: [Float]
  /// Whether AD goes through softmax a second time, as upstream's does.
  public let softensAverageDrop: Bool

  /// The likeliest class of the whole clip, whose probabilities are compared.
  public let classIndex: Int

  /// An outcome with these probabilities.
  public init(
    whole: [Double], maskedIn: [Double], maskedOut: [Double], mask: [Float],
    softensAverageDrop: Bool = false
  ) {
    (self.whole, self.maskedIn, self.maskedOut) = (whole, maskedIn, maskedOut)
    (self.mask, self.softensAverageDrop) = (mask, softensAverageDrop)
    classIndex = whole.indexOfMaximum ?? 0
  }

  /// All metrics of the outcome.
  public var metrics: MetricValues {
    Dictionary(uniqueKeysWithValues: Metric.allCases.map { ($0, $0.value(self)) })
  }
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
