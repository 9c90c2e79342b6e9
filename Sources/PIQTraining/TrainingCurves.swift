import PIQPlotting

/// The log of a training as curves.
enum TrainingCurves {
  /// Loss, learning rate and the figures of the validations, epoch by epoch; nil before the first
  /// one has ended.
  static func figure(
    _ records: [TrainingRecord], figures: [String], title: String
  ) throws -> CurvesFigure? {
    guard !records.isEmpty else { return nil }
    func series(_ name: String, _ value: (TrainingRecord) -> Double?) -> CurvesFigure.Series {
      (name, records.compactMap { record in value(record).map { (Double(record.epoch), $0) } })
    }
    let terms = Set(records.flatMap(\.terms.keys)).sorted()
    let losses = terms.map { name in series(name) { $0.terms[name] } }
    var panels = [(title: "training loss", series: [series("loss") { $0.loss }] + losses)]
    // Percentages and fractions have separate axes.
    for (title, inPercent) in [("validation", false), ("validation, %", true)] {
      let group = figures.filter { isPercent($0) == inPercent }
      if group.isEmpty { continue }
      panels.append((title, group.map { name in series(name) { $0.valid?.figures[name] } }))
    }
    panels.append(("learning rate", [series("rate") { $0.learningRate }]))
    return try CurvesFigure(
      panels: panels, marked: records.last(where: \.isBest).map { Double($0.epoch) },
      title: "Training of the \(title)")
  }

  private static func isPercent(_ figure: String) -> Bool { ["ai", "ad", "ag"].contains(figure) }
}
