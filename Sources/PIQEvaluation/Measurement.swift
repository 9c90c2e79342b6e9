public import PIQAudio

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
