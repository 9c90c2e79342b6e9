import PIQAudio
import PIQPipeline

/// Prints the classes of clips, or of their windows, on standard output.
final class ClassPrinter {
  /// The form of what is printed.
  enum Form { case text, csv, json }

  private let terminal: Terminal
  private let form: Form
  private let labels: [String]
  private let showsKnown: Bool
  private let listsWindows: Bool
  private let listsChannels: Bool
  private let top: Int
  private let labelWidth: Int
  /// The probabilities of the clip whose windows were taken last, for a table of clips.
  private var probabilities: [Float] = []

  /// - Parameters:
  ///   - listsWindows: whether each window is printed, rather than each clip.
  ///   - listsChannels: whether tables have a column of channels.
  ///   - top: how many classes JSON lists.
  init(
    _ terminal: Terminal, _ form: Form, _ model: Model, listsWindows: Bool, listsChannels: Bool,
    top: Int
  ) {
    (self.terminal, self.form, self.top) = (terminal, form, top)
    self.listsChannels = listsChannels
    (labels, self.listsWindows) = (model.configuration.labels, listsWindows)
    showsKnown = model.configuration.known != nil
    labelWidth = Table.labelWidth(labels)
  }

  /// Prints the heading of a table of `count` clips.
  func begin(count: Int) throws {
    switch form {
    case .csv:
      let place = listsWindows ? ["start", "end"] : []
      try terminal.print(
        CSV.row(
          ["input"] + place + ["label", "index", "probability"]
            + (showsKnown ? ["known"] : []) + (listsChannels ? ["channel"] : []) + labels))
    case .text where Terminal.outputIsTerminal && (count > 1 || listsWindows):
      try terminal.say(Table.header(labelWidth: labelWidth, windows: listsWindows))
    case .text, .json: break
    }
  }

  /// Prints a window of a recording.
  func take(_ window: WindowClassification, of input: ClipInput) throws {
    guard listsWindows else { return }
    let place = window.window
    switch form {
    case .json: try terminal.print(JSON.line(WindowLine(window, of: input, labels, top: top)))
    case .csv:
      let fields = [
        input.path, "\(place.start)", "\(place.end)", place.label ?? "",
        window.classIndex.map { "\($0)" } ?? "", place.probability.map(Table.digits) ?? "",
      ]
      try terminal.print(row(fields, place.known, window.probabilities, of: input))
    case .text:
      try terminal.print(
        Table.row(
          label: place.label ?? "", probability: place.probability ?? 0, input.title,
          window: place.start...place.end, labelWidth: labelWidth)
          + Table.remark(known: place.known))
    }
  }

  /// Prints a clip whose windows were taken.
  func end(_ outcome: ClipOutcome, of input: ClipInput) throws {
    guard case .done(let report, _) = outcome else { return }
    if listsWindows {
      if form == .json, report.warning != nil || report.endFlag == false {
        try terminal.print(
          JSON.line(
            WarningLine(
              input: input.path, channel: input.channel, warning: report.warning,
              endFlag: report.endFlag)))
      }
      return
    }
    // None of its windows is selected.
    if report.windows?.isEmpty ?? false { return }
    switch form {
    case .json: try terminal.print(outcome.json(of: input))
    case .csv:
      let fields = [input.path, report.label, "\(report.index)", Table.digits(report.probability)]
      try terminal.print(row(fields, report.known, report.probabilities ?? [], of: input))
    case .text: try terminal.print(Table.row(report, labelWidth: labelWidth))
    }
  }

  /// A row of a table.
  ///
  /// - Parameter probabilities: of the classes; none where nothing was classified.
  private func row(
    _ fields: [String], _ known: Float?, _ probabilities: [Float], of input: ClipInput
  ) -> String {
    let fields = fields + (showsKnown ? [known.map(Table.digits) ?? ""] : [])
    let missing = Array(repeating: "", count: labels.count - probabilities.count)
    let channel = listsChannels ? [input.channel.map { "\($0)" } ?? ""] : []
    return CSV.row(fields + channel + probabilities.map(Table.digits) + missing)
  }
}

/// The line of JSON of what is doubtful about a recording, behind those of its windows.
private struct WarningLine: Encodable {
  let input: String
  let channel: Int?
  let warning: String?
  let endFlag: Bool?

  enum CodingKeys: String, CodingKey {
    case input, channel, warning
    case endFlag = "end_flag"
  }
}

/// A window's line of JSON.
private struct WindowLine: Encodable {
  let input: String
  let channel: Int?
  /// In seconds.
  let start, end: Double
  let time: String?
  let label: String?
  let index: Int?
  let probability, known: Float?
  /// True where nothing was recorded.
  let silent: Bool?
  let top: [ClipReport.Candidate]
  /// The probability of each class, by its name.
  let probabilities: [String: Float]

  init(_ window: WindowClassification, of input: ClipInput, _ labels: [String], top: Int) {
    (self.input, channel) = (input.path, input.channel)
    silent = window.window.silent
    (start, end) = (window.window.start, window.window.end)
    time = window.window.time
    (label, probability) = (window.window.label, window.window.probability)
    index = window.classIndex
    known = window.window.known
    self.top = window.top(top, of: labels)
    probabilities = Dictionary(zip(labels, window.probabilities)) { first, _ in first }
  }
}
