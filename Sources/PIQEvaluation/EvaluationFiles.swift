import PIQAudio
import PIQDatasets
import PIQPlotting

extension Evaluation {
  /// Writes `evaluation.json`, `clips.csv`, `confusion.csv` and, for up to
  /// `ConfusionFigure.mostClasses` classes, `confusion.png` to a folder, made if missing.
  ///
  /// - Returns: their paths.
  /// - Throws: `Failure`.
  public func write(to folder: String) throws -> [String] {
    try Folder.make(folder)
    var paths: [String] = []
    func path(_ name: String) -> String {
      paths.append(Folder.join(folder, name))
      return Folder.join(folder, name)
    }
    func write(_ rows: [[String]], _ name: String) throws {
      let text = rows.map { CSV.row($0) + "\n" }.joined()
      try AtomicFile.write(text.pathBytes, to: path(name))
    }
    let json = try JSON.indented(EvaluationReport(self)) + "\n"
    try AtomicFile.write(Array(json.utf8), to: path("evaluation.json"))
    try write(clipRows, "clips.csv")
    try write(confusionRows, "confusion.csv")
    if classes.count <= ConfusionFigure.mostClasses {
      let figure = try ConfusionFigure(
        counts: classification.confusion, labels: classes, title: modelName)
      try figure.write(toPNG: path("confusion.png"))
    }
    return paths
  }

  /// A row for each clip of each set.
  private var clipRows: [[String]] {
    let header = ["set", "filename", "contaminant", "category", "predicted", "probability"]
    return [header + Metric.allCases.map(\.key)]
      + measurements.map { m in
        [
          m.set.rawValue, clips[m.clip].name, m.contaminant.map { clips[$0].name } ?? "",
          classes[m.label], classes[m.predicted], "\(m.probabilities[m.predicted])",
        ] + Metric.allCases.map { "\(m.values[$0] ?? 0)" }
      }
  }

  /// A row for each class, a column for each predicted class.
  private var confusionRows: [[String]] {
    [["category"] + classes]
      + zip(classes, classification.confusion).map { [$0] + $1.map { "\($0)" } }
  }
}
