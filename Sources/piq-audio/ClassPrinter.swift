import PIQAudio
import PIQPipeline

/// Prints the classes of clips, or of their windows, on standard output.
final class ClassPrinter {
  /// The form of what is printed.
  enum Form { case text, csv, json }

  private let terminal: Terminal
  private let form: Form
  private let labels: [String]
  private let listsWindows: Bool
  private let top: Int
  private let labelWidth: Int
  /// The probabilities of the clip whose windows were taken last, for a table of clips.
  private var probabilities: [Float] = []

  /// - Parameters:
  ///   - listsWindows: whether each window is printed, rather than each clip.
  ///   - top: how many classes JSON lists.
  init(_ terminal: Terminal, _ form: Form, _ model: Model, listsWindows: Bool, top: Int) {
    (self.terminal, self.form, self.top) = (terminal, form, top)
    (labels, self.listsWindows) = (model.configuration.labels, listsWindows)
    labelWidth = Table.labelWidth(labels)
  }

  /// Prints the heading of a table of `count` clips.
  func begin(count: Int) throws {
    switch form {
    case .csv:
      let place = listsWindows ? ["start", "end"] : []
      try terminal.print(CSV.row(["input"] + place + ["label", "index", "probability"] + labels))
    case .text where Terminal.outputIsTerminal && (count > 1 || listsWindows):
      try terminal.say(Table.header(labelWidth: labelWidth, windows: listsWindows))
    case .text, .json: break
    }
  }

  /// Prints a window of a recording.
  func take(_ window: WindowClassification, of path: String) throws {
    guard listsWindows else { return }
    let place = window.window
    switch form {
    case .json: try terminal.print(JSON.line(WindowLine(window, of: path, labels, top: top)))
    case .csv:
      let fields = [
        path, "\(place.start)", "\(place.end)", place.label ?? "",
        window.classIndex.map { "\($0)" } ?? "", place.probability.map { "\($0)" } ?? "",
      ]
      let missing = Array(repeating: "", count: window.probabilities.isEmpty ? labels.count : 0)
      try terminal.print(CSV.row(fields + window.probabilities.map { "\($0)" } + missing))
    case .text:
      try terminal.print(
        Table.row(
          label: place.label ?? "", probability: place.probability ?? 0, path,
          window: place.start...place.end, labelWidth: labelWidth))
    }
  }

  /// Prints a clip whose windows were taken.
  func end(_ outcome: ClipOutcome, of path: String) throws {
    guard case .done(let report, _) = outcome else { return }
    if listsWindows {
      if form == .json, let warning = report.warning {
        try terminal.print(JSON.line(["input": path, "warning": warning]))
      }
      return
    }
    // None of its windows is selected.
    if report.windows?.isEmpty ?? false { return }
    switch form {
    case .json: try terminal.print(outcome.json(of: path))
    case .csv:
      let fields = [path, report.label, "\(report.index)", "\(report.probability)"]
      let missing = Array(repeating: "", count: labels.count - (report.probabilities?.count ?? 0))
      try terminal.print(
        CSV.row(fields + (report.probabilities ?? []).map { "\($0)" } + missing))
    case .text: try terminal.print(Table.row(report, labelWidth: labelWidth))
    }
  }
}

/// A window's line of JSON.
private struct WindowLine: Encodable {
  let input: String
  /// In seconds.
  let start, end: Double
  let time: String?
  let label: String?
  let index: Int?
  let probability: Float?
  let top: [ClipReport.Candidate]
  /// The probability of each class, by its name.
  let probabilities: [String: Float]

  init(_ window: WindowClassification, of path: String, _ labels: [String], top: Int) {
    input = path
    (start, end) = (window.window.start, window.window.end)
    time = window.window.time
    (label, probability) = (window.window.label, window.window.probability)
    index = window.classIndex
    self.top = window.top(top, of: labels)
    probabilities = Dictionary(zip(labels, window.probabilities)) { first, _ in first }
  }
}
