import PIQAudio
import PIQDatasets

/// An evaluation as JSON.
public struct EvaluationReport: Encodable {
  private let evaluation: Evaluation

  /// The report of `evaluation`.
  public init(_ evaluation: Evaluation) { self.evaluation = evaluation }

  /// Encodes one object, the sets under their own names.
  public func encode(to encoder: any Encoder) throws {
    let (e, c) = (evaluation, evaluation.classification)
    var report = encoder.container(keyedBy: Key.self)
    try report.encode(e.clips.count, forKey: "clips")
    if !e.uses.isEmpty {
      try report.encode(
        ["train": e.seenCount(.train), "valid": e.seenCount(.valid)], forKey: "seen")
    }
    try report.encode(c.accuracy.value, forKey: "accuracy")
    try report.encode(c.calibrationError.value, forKey: "calibration_error")
    try report.encode(c.crossEntropy.value, forKey: "cross_entropy")
    try report.encode(
      [
        "accuracy": c.accuracy.bounds, "calibration_error": c.calibrationError.bounds,
        "cross_entropy": c.crossEntropy.bounds,
      ], forKey: "intervals")
    try report.encode(e.classes, forKey: "labels")
    try report.encode(c.confusion, forKey: "confusion")
    try report.encodeIfPresent(e.settings.channel, forKey: "channel")
    if !e.sets.isEmpty { try report.encode(e.settings.method.rawValue, forKey: "method") }
    let (used, explainer) = (e.settings.method.settingsUsed, e.settings.explainer)
    if !e.sets.isEmpty {
      if used.contains(\.steps) { try report.encode(explainer.steps, forKey: "steps") }
      if used.contains(\.quantile) { try report.encode(explainer.quantile, forKey: "quantile") }
      if used.contains(\.samples) { try report.encode(explainer.samples, forKey: "samples") }
      if used.contains(\.patch) { try report.encode(explainer.patch, forKey: "patch") }
      if used.contains(\.baseline) { try report.encode(explainer.baseline, forKey: "baseline") }
    }
    if e.settings.shufflesMasks { try report.encode(true, forKey: "shuffled") }
    try report.encode(e.settings.explainer.seed, forKey: "seed")
    try report.encode(e.logitScale, forKey: "logit_scale")
    try report.encode(e.settings.softensAverageDrop, forKey: "upstream_ad")
    try report.encode(["name": e.modelName, "sha256": e.modelSHA256], forKey: "model")
    for (set, summary) in e.sets {
      let container = report.nestedContainer(
        keyedBy: Key.self, forKey: Key(stringValue: set.rawValue))
      try encode(summary, e.curves[set], to: container)
    }
    if let found = e.localisation {
      var own = report.nestedContainer(keyedBy: Key.self, forKey: "localisation")
      try own.encode(found.skipped, forKey: "skipped")
      if case .placements(let events, let backgrounds, let count) = e.settings.localisation {
        try own.encode(events, forKey: "events")
        try own.encode(backgrounds, forKey: "backgrounds")
        try own.encode(count, forKey: "placements")
      }
      try encode(
        [
          "auc": found.areaUnderROC, "auc_shuffled": found.shuffled, "auc_energy": found.energy,
          "pointing": found.pointing, "pointing_energy": found.energyPointing,
          "region_iou": found.region, "region_iou_shuffled": found.shuffledRegion,
        ], of: found.count, to: own)
    }
    if let known = e.known {
      var own = report.nestedContainer(keyedBy: Key.self, forKey: "known")
      try own.encode(known.classes, forKey: "classes")
      try encode(
        [
          "auc": known.areaUnderROC, "accepted_clips": known.acceptedClips,
          "accepted_others": known.acceptedOthers,
        ], of: known.count, to: own)
    }
    guard e.settings.sets.contains(.mixtures) else { return }
    let names = e.clips.map(\.name)
    try report.encode(
      zip(e.clips, e.contaminants).map { clip, others in
        Contaminants(clip: clip.name, with: others.map { names[$0] })
      }, forKey: "contaminants")
  }

  /// Encodes figures of `count` sounds, with their intervals.
  private func encode(
    _ estimates: KeyValuePairs<String, Estimate>, of count: Int,
    to container: KeyedEncodingContainer<Key>
  ) throws {
    var container = container
    try container.encode(count, forKey: "count")
    var intervals: [String: [Double]] = [:]
    for (key, estimate) in estimates {
      try container.encode(estimate.value, forKey: Key(stringValue: key))
      intervals[key] = estimate.bounds
    }
    try container.encode(intervals, forKey: "intervals")
  }

  private func encode(
    _ summary: MetricSummary, _ curves: CurveSummary?, to container: KeyedEncodingContainer<Key>
  ) throws {
    var container = container
    try container.encode(summary.count, forKey: "count")
    var intervals: [String: [Double]] = [:]
    for (metric, estimate) in summary.overall {
      try container.encode(estimate.value, forKey: Key(stringValue: metric.key))
      intervals[metric.key] = estimate.bounds
    }
    if let curves {
      for (key, area) in [
        ("deletion", curves.deletionArea), ("insertion", curves.insertionArea),
        ("deletion_shuffled", curves.shuffledDeletionArea),
        ("insertion_shuffled", curves.shuffledInsertionArea),
      ] {
        try container.encode(area.value, forKey: Key(stringValue: key))
        intervals[key] = area.bounds
      }
      try container.encode(
        ["deletion": curves.deletion, "insertion": curves.insertion], forKey: "curves")
    }
    try container.encode(intervals, forKey: "intervals")
    var classes = container.nestedContainer(keyedBy: Key.self, forKey: "per_class")
    for (label, count, values) in summary.perClass {
      var own = classes.nestedContainer(
        keyedBy: Key.self, forKey: Key(stringValue: evaluation.classes[label]))
      try own.encode(count, forKey: "count")
      for (metric, value) in values { try own.encode(value, forKey: Key(stringValue: metric.key)) }
    }
  }

  private struct Contaminants: Encodable {
    let clip: String
    let with: [String]
  }

  private struct Key: CodingKey, ExpressibleByStringLiteral {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
    init(stringLiteral: String) { stringValue = stringLiteral }
  }
}
