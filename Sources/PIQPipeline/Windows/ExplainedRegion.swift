public import PIQAudio

/// The part of a recording that carried a class.
public struct ExplainedRegion: Sendable, Codable, Equatable {
  /// In seconds, from the beginning of the recording.
  public var start: Double
  /// In seconds.
  public var end: Double
  /// In hertz.
  public var low: Double
  /// In hertz.
  public var high: Double
  /// The class that was explained.
  public var label: String
  /// Its index.
  public var index: Int
  /// Its probability.
  public var probability: Float

  /// The region of a class.
  public init(_ region: Region, label: String, index: Int, probability: Float) {
    (start, end, low, high) = (region.start, region.end, region.low, region.high)
    (self.label, self.index, self.probability) = (label, index, probability)
  }

  /// Its seconds and its band.
  public var region: Region { Region(start: start, end: end, low: low, high: high) }

  /// Regions of one class that overlap or touch in time as one, with the largest of their probabilities;
  /// by their starts.
  ///
  /// - Parameters:
  ///   - regions: in any order.
  ///   - gap: the seconds between regions that still touch.
  public static func joined(_ regions: [ExplainedRegion], gap: Double) -> [ExplainedRegion] {
    var joined: [ExplainedRegion] = []
    /// The last region of each class.
    var last: [Int: Int] = [:]
    for region in byStart(regions) {
      if let i = last[region.index], region.start <= joined[i].end + gap {
        joined[i] = ExplainedRegion(
          joined[i].region.union(region.region), label: region.label, index: region.index,
          probability: max(joined[i].probability, region.probability))
      } else {
        last[region.index] = joined.count
        joined.append(region)
      }
    }
    return joined
  }

  /// Regions in the order of their starts.
  package static func byStart(_ regions: [ExplainedRegion]) -> [ExplainedRegion] {
    regions.sorted { ($0.start, $0.end, $0.index) < ($1.start, $1.end, $1.index) }
  }

  /// The region as far as a recording with frequencies up to `top` hertz has it.
  package func limited(to top: Double) -> ExplainedRegion {
    var region = self
    (region.low, region.high) = (min(low, top), min(high, top))
    return region
  }
}
