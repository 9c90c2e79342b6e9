import PIQAudio

/// What a placement measured.
struct LocalisationMeasurement: Sendable {
  /// The clip that the event is of, by its index in the data set.
  let clip: Int
  /// ROC AUC of the mask's mean a frame, of the same mask with its cells shuffled, and of the energy of the
  /// sound itself.
  let mask, shuffled, energy: Double
  /// Whether the largest frame of the mask, and of the energy, lies in the event.
  let maskPoints, energyPoints: Bool
  /// What the seconds of the mask's region share with the event's, over what either has; the same of the
  /// shuffled mask.
  let region, shuffledRegion: Double
}

/// How well masks find events whose place is known.
public struct LocalisationSummary: Sendable {
  /// How many events were measured.
  public let count: Int
  /// How many others have no frames, or leave none beside them.
  public let skipped: Int
  /// The ROC AUC of the mask's mean a frame against the event's frames.
  public let areaUnderROC: Estimate
  /// That of the same masks with their cells shuffled.
  public let shuffled: Estimate
  /// That of the energy of the sound, a frame.
  public let energy: Estimate
  /// The share of the events in which the mask's largest frame lies (the pointing game).
  public let pointing: Estimate
  /// The same of the energy.
  public let energyPointing: Estimate
  /// The intersection of the region's seconds with the event's over their union.
  public let region: Estimate
  /// The same of the masks with their cells shuffled.
  public let shuffledRegion: Estimate

  /// - Parameter all: what was measured of each event; nil of one that cannot be measured.
  init(_ all: [LocalisationMeasurement?], seed: UInt64) {
    let measurements = all.compactMap(\.self)
    (count, skipped) = (measurements.count, all.count - measurements.count)
    func figures(_ indices: [Int]) -> [Double] {
      let chosen = indices.map { measurements[$0] }
      func mean(_ value: (LocalisationMeasurement) -> Double) -> Double {
        chosen.reduce(0) { $0 + value($1) } / Double(max(1, chosen.count))
      }
      return [
        mean(\.mask), mean(\.shuffled), mean(\.energy), mean { $0.maskPoints ? 1 : 0 },
        mean { $0.energyPoints ? 1 : 0 }, mean(\.region), mean(\.shuffledRegion),
      ]
    }
    let values = figures(Array(measurements.indices))
    let intervals = Statistics.intervals(
      clips: measurements.map(\.clip), seed: seed, of: figures)
    func estimate(_ i: Int) -> Estimate { Estimate(value: values[i], interval: intervals[i]) }
    (areaUnderROC, shuffled, energy) = (estimate(0), estimate(1), estimate(2))
    (pointing, energyPointing) = (estimate(3), estimate(4))
    (region, shuffledRegion) = (estimate(5), estimate(6))
  }
}

/// The deletion and insertion curves of a set.
public struct CurveSummary: Sendable {
  /// The mean probabilities at each step.
  public let deletion, insertion: [Double]
  /// The areas under the curves.
  public let deletionArea, insertionArea: Estimate
  /// Those of the same masks with their cells shuffled.
  public let shuffledDeletionArea, shuffledInsertionArea: Estimate

  /// - Parameter clips: the clip that each of the curves is of.
  init(_ curves: [MaskCurves], shuffled: [MaskCurves], clips: [Int], seed: UInt64) {
    func mean(_ values: [[Double]]) -> [Double] {
      (0...MaskCurves.steps).map { step in
        values.reduce(0) { $0 + $1[step] } / Double(max(1, values.count))
      }
    }
    deletion = mean(curves.map(\.deletion))
    insertion = mean(curves.map(\.insertion))
    func figures(_ indices: [Int]) -> [Double] {
      func mean(_ curves: [MaskCurves], _ area: (MaskCurves) -> Double) -> Double {
        indices.reduce(0) { $0 + area(curves[$1]) } / Double(max(1, indices.count))
      }
      return [
        mean(curves, \.deletionArea), mean(curves, \.insertionArea),
        mean(shuffled, \.deletionArea), mean(shuffled, \.insertionArea),
      ]
    }
    let values = figures(Array(curves.indices))
    let intervals = Statistics.intervals(clips: clips, seed: seed, of: figures)
    deletionArea = Estimate(value: values[0], interval: intervals[0])
    insertionArea = Estimate(value: values[1], interval: intervals[1])
    shuffledDeletionArea = Estimate(value: values[2], interval: intervals[2])
    shuffledInsertionArea = Estimate(value: values[3], interval: intervals[3])
  }
}
