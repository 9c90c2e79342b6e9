/// Figures of a part of a model, and on what they were measured.
public struct MeasuredFigures: Sendable, Codable, Equatable {
  /// How they were measured, in words.
  public var method: String
  /// How many clips they are of.
  public var clips: Int
  /// The figures, under the names that `evaluate` gives them.
  public var values: [String: Double]
  /// The 95 % interval of each, from and to.
  public var intervals: [String: [Double]]

  /// Figures with their intervals.
  public init(
    method: String, clips: Int, values: [String: Double], intervals: [String: [Double]]
  ) {
    (self.method, self.clips, self.values, self.intervals) = (method, clips, values, intervals)
  }
}
