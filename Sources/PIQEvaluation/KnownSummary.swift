import PIQAudio
import PIQDatasets

/// How well `known` tells the clips of a data set from sounds of no class.
public struct KnownSummary: Sendable {
  /// How many sounds of no class were measured.
  public let count: Int
  /// Their classes.
  public let classes: [String]
  /// The probability that a clip has a larger `known` than a sound of no class (ROC AUC).
  public let areaUnderROC: Estimate
  /// The share of the clips whose `known` is 0.5 or more.
  public let acceptedClips: Estimate
  /// The share of the sounds of no class whose `known` is 0.5 or more.
  public let acceptedOthers: Estimate

  /// The summary of what clips and other sounds got; some of either.
  init(clips: [Float], others: [Float], classes: [String], seed: UInt64) {
    let values = (clips + others).map(Double.init)
    func figures(_ indices: [Int]) -> [Double] {
      let chosen = indices.map { values[$0] }
      let areKnown = indices.map { $0 < clips.count }
      func accepted(_ isKnown: Bool) -> Double {
        let own = zip(chosen, areKnown).filter { $1 == isKnown }.map(\.0)
        return Double(own.count { $0 >= 0.5 }) / Double(max(1, own.count))
      }
      return [
        Statistics.areaUnderROC(chosen, isPositive: areKnown) ?? 0.5, accepted(true),
        accepted(false),
      ]
    }
    let found = figures(Array(values.indices))
    let intervals = Statistics.intervals(
      kinds: [clips.count, others.count], seed: seed, of: figures)
    func estimate(_ i: Int) -> Estimate { Estimate(value: found[i], interval: intervals[i]) }
    (count, self.classes) = (others.count, classes)
    (areaUnderROC, acceptedClips, acceptedOthers) = (estimate(0), estimate(1), estimate(2))
  }
}

extension Evaluator {
  /// The clips of a data set that are of none of the model's classes, and that it has not seen.
  ///
  /// - Throws: `Failure` where there are none, or of a model that does not say what is known.
  func clips(ofOtherClasses data: Dataset) throws(Failure) -> [Dataset.Clip] {
    guard saysWhatIsKnown else {
      throw Failure(
        .knownMissing, path: data.path,
        problem: "cannot be told from clips: "
          + (isMapped
            ? "the classes of a map are not those whose clips the model knows"
            : "the model does not say how likely a sound is of any class"),
        remedy: isMapped
          ? "name clips of the model's own classes" : "train it with a calibration of what is known"
      )
    }
    let labels = Set(interpreter.labels)
    let candidates = data.clips.filter { !labels.contains($0.category) }
    let uses = try uses(of: candidates)
    let clips = uses.isEmpty ? candidates : zip(candidates, uses).filter { $1 == nil }.map(\.0)
    guard !clips.isEmpty else {
      throw Failure(
        .noSounds, path: data.path, problem: "has no clips of classes that the model does not have",
        remedy: "name sounds of none of its classes")
    }
    return clips
  }

  /// Compares what the model says of clips with what it says of sounds of no class.
  ///
  /// - Parameter known: of the clips.
  /// - Throws: as `evaluate`.
  func tell(
    _ known: [Float], from others: [Dataset.Clip],
    _ progress: (_ finished: Int, _ total: Int, _ next: String) -> Void,
    doubtful: (Dataset.Clip, String) -> Void
  ) throws -> KnownSummary {
    let found = try others.enumerated().compactMap { index, clip in
      progress(index, others.count, clip.path)
      let recording = try load(clip)
      if let remark = recording.remark { doubtful(clip, remark) }
      return try Failure.naming(clip.path) {
        try interpreter.analyze(recording.samples).classification.known
      }
    }
    return KnownSummary(
      clips: known, others: found, classes: Set(others.map(\.category)).sorted(),
      seed: settings.explainer.seed)
  }
}
