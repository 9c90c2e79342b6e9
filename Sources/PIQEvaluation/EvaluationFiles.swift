import PIQAudio
import PIQDatasets
import PIQPlotting

extension Evaluation {
  /// Writes `evaluation.json`, `clips.csv`, `confusion.csv` and, for up to
  /// `ConfusionFigure.mostClasses` classes, `confusion.png` to a folder, and `curves.csv` and `curves.png` where curves were measured, made if missing.
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
    if !curves.isEmpty {
      try write(curveRows, "curves.csv")
      try curvesFigure.write(toPNG: path("curves.png"))
    }
    if classes.count <= ConfusionFigure.mostClasses {
      let figure = try ConfusionFigure(
        counts: classification.confusion, labels: classes, title: modelName,
        remark: remark == nil ? nil : "on clips that it has seen")
      try figure.write(toPNG: path("confusion.png"))
    }
    return paths
  }

  /// A row for each step of each set's curves.
  private var curveRows: [[String]] {
    [["set", "fraction", "deletion", "insertion"]]
      + sets.flatMap { set, _ in
        guard let curve = curves[set] else { return [[String]]() }
        return (0...MaskCurves.steps).map { step in
          [
            set.rawValue, "\(Double(step) / Double(MaskCurves.steps))", "\(curve.deletion[step])",
            "\(curve.insertion[step])",
          ]
        }
      }
  }

  /// The same as a picture, a panel for each set.
  private var curvesFigure: CurvesFigure {
    get throws {
      func points(_ values: [Double]) -> [(x: Double, y: Double)] {
        values.enumerated().map { (Double($0) / Double(MaskCurves.steps), $1) }
      }
      let panels = sets.compactMap { set, _ in
        curves[set].map { curve -> CurvesFigure.Panel in
          (
            "Probability, \(set.rawValue)",
            [("deletion", points(curve.deletion)), ("insertion", points(curve.insertion))]
          )
        }
      }
      return try CurvesFigure(
        panels: panels, marked: nil,
        title:
          "\(modelName), \(settings.method.rawValue)\(remark == nil ? "" : ", on clips it has seen")",
        xTitle: "Part of the cells")
    }
  }

  /// A row for each clip of each set; without sets, for each clip, without metrics.
  private var clipRows: [[String]] {
    let header =
      ["set", "filename", "contaminant", "category", "predicted", "probability"]
      + (uses.isEmpty ? [] : ["seen"])
    guard !sets.isEmpty else {
      return [header]
        + zip(clips, outcomes).enumerated().map { index, pair in
          let (clip, outcome) = pair
          let predicted = outcome.probabilities.indexOfMaximum ?? 0
          return [
            "", clip.name, "", classes[outcome.label], classes[predicted],
            "\(outcome.probabilities[predicted])",
          ] + (uses.isEmpty ? [] : [uses[index]?.rawValue ?? ""])
        }
    }
    return [header + Metric.allCases.map(\.key)]
      + measurements.map { m in
        [
          m.set.rawValue, clips[m.clip].name, m.contaminant.map { clips[$0].name } ?? "",
          classes[m.label], classes[m.predicted], "\(m.probabilities[m.predicted])",
        ] + (uses.isEmpty ? [] : [uses[m.clip]?.rawValue ?? ""])
          + Metric.allCases.map { "\(m.values[$0] ?? 0)" }
      }
  }

  /// A row for each class, a column for each predicted class.
  private var confusionRows: [[String]] {
    [["category"] + classes]
      + zip(classes, classification.confusion).map { [$0] + $1.map { "\($0)" } }
  }
}
