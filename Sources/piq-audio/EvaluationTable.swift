import Foundation
import PIQAudio
import PIQEvaluation

/// The tables of an evaluation as text.
enum EvaluationTable {
  static func text(_ evaluation: Evaluation) -> String {
    let c = evaluation.classification
    var lines = [
      "clips              \(evaluation.clips.count)",
      "accuracy           \(figure(c.accuracy))",
      "calibration error  \(figure(c.calibrationError))",
      "cross-entropy      \(figure(c.crossEntropy))",
    ]
    if let remark = evaluation.remark { lines.append("seen               \(remark)") }
    if !evaluation.sets.isEmpty {
      lines.append(
        "masks of           \(evaluation.settings.method.rawValue)"
          + (evaluation.settings.shufflesMasks ? ", shuffled" : ""))
    }
    for (set, summary) in evaluation.sets {
      let what = set == .mixtures ? "mixtures" : "clips"
      lines += ["", "\(title(of: set)), \(summary.count) \(what)"]
      lines += table(summary, evaluation.classes)
      if let curves = evaluation.curves[set] {
        lines += [
          "deletion area      \(figure(curves.deletionArea))",
          "  mask shuffled    \(figure(curves.shuffledDeletionArea))",
          "insertion area     \(figure(curves.insertionArea))",
          "  mask shuffled    \(figure(curves.shuffledInsertionArea))",
        ]
      }
    }
    if let found = evaluation.localisation {
      lines += [
        "",
        "Localisation, \(found.count) events"
          + (found.skipped > 0 ? ", \(found.skipped) more cannot be measured" : ""),
        "AUC                \(figure(found.areaUnderROC))",
        "  mask shuffled    \(figure(found.shuffled))",
        "  energy           \(figure(found.energy))",
        "pointing game      \(figure(found.pointing))",
        "  energy           \(figure(found.energyPointing))",
        "region IoU         \(figure(found.region))",
        "  mask shuffled    \(figure(found.shuffledRegion))",
      ]
    }
    if let known = evaluation.known {
      lines += [
        "",
        "Known against \(known.count) sounds of no class: "
          + known.classes.map(printable).joined(separator: ", "),
        "AUC                \(figure(known.areaUnderROC))",
        "clips at 0.5       \(figure(known.acceptedClips))",
        "  of no class      \(figure(known.acceptedOthers))",
      ]
    }
    lines += ["", "From, to: 95 % bootstrap intervals."]
    return lines.joined(separator: "\n")
  }

  /// A row for each class and for all.
  private static func table(_ summary: MetricSummary, _ classes: [String]) -> [String] {
    let names = summary.perClass.map { printable(classes[$0.label]) }
    let width = max(8, names.map(\.count).max() ?? 0)
    func row(_ name: String, _ values: [String]) -> String {
      name.aligned(left: width) + values.map { " " + $0.aligned(right: 8) }.joined()
    }
    func number(_ value: Double, _ metric: Metric) -> String {
      String(format: "%.\(metric.decimals)f", value)
    }
    var rows = [row("", ["clips"] + Metric.allCases.map(\.title))]
    for ((_, count, values), name) in zip(summary.perClass, names) {
      rows.append(row(name, ["\(count)"] + Metric.allCases.map { number(values[$0] ?? 0, $0) }))
    }
    func overall(_ name: String, _ value: (Estimate) -> Double) -> String {
      row(
        name,
        [name == "all" ? "\(summary.count)" : ""]
          + Metric.allCases.map { number(summary.overall[$0].map(value) ?? 0, $0) })
    }
    rows.append(overall("all") { $0.value })
    rows.append(overall("from") { $0.interval.lowerBound })
    rows.append(overall("to") { $0.interval.upperBound })
    return rows
  }

  private static func figure(_ estimate: Estimate) -> String {
    String(
      format: "%.3f  [%.3f, %.3f]", estimate.value, estimate.interval.lowerBound,
      estimate.interval.upperBound)
  }

  private static func title(of set: EvaluationSet) -> String {
    switch set {
    case .inDistribution: "In distribution"
    case .mixtures: "Mixtures"
    case .whiteNoise: "White noise"
    }
  }
}
