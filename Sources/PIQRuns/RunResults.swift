import Foundation
import PIQAudio
public import PIQPipeline

/// The outcomes of all clips of a run, in the order of the inputs: `results.jsonl`, and
/// `results.csv` if requested. They grow with the run, and appear at its end.
///
/// They contain no times: the same inputs give the same bytes, even after interruptions.
public final class RunResults {
  private let lines: GrowingFile
  /// `results.csv`; nil if not requested.
  private let table: GrowingFile?

  /// `results.selections.txt`; nil if not requested.
  private let selections: GrowingFile?
  private let listsWindows: Bool
  private let columns: [String]
  private let sampleRate: Int
  /// The number of rows among the selections, and the length of the recordings before, in seconds.
  private var selectionCount = 0
  private var offset = 0.0
  /// The last recording among the selections: its channels are at the same time.
  private var last: (input: String, channel: Int, duration: Double)?

  /// The columns of `results.csv`.
  ///
  /// - Parameter showsKnown: whether the model says how likely it is that sounds are of any class.
  private static func columns(showsKnown: Bool) -> [String] {
    ["input", "label", "index", "probability"] + (showsKnown ? ["known"] : []) + [
      "duration", "sample_rate", "channels", "warning", "error", "start", "end", "time", "channel",
    ]
  }
  /// Those of `results.selections.txt`, as Raven calls them.
  private static let selectionColumns = [
    "Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)",
    "High Freq (Hz)", "Begin File", "Begin Path", "File Offset (s)", "Class", "Probability",
  ]

  /// Begins the results of a run.
  ///
  /// - Parameters:
  ///   - folder: where, made already.
  ///   - infix: the text after `results` in their names.
  ///   - csv: whether tables are written, too: `results.csv`, `results.selections.txt`.
  ///   - sampleRate: the model's, in hertz.
  ///   - showsKnown: whether `results.csv` has a column for how likely it is that sounds are of any class.
  ///   - listsWindows: whether `results.csv` has a row for each window, rather than each input.
  /// - Throws: `Failure`.
  public init(
    folder: String, infix: String, csv: Bool, sampleRate: Int, showsKnown: Bool = false,
    listsWindows: Bool = false
  )
    throws
  {
    self.sampleRate = sampleRate
    self.listsWindows = listsWindows
    columns = Self.columns(showsKnown: showsKnown)
    lines = try GrowingFile(path: Folder.join(folder, "results\(infix).jsonl"))
    table = csv ? try GrowingFile(path: Folder.join(folder, "results\(infix).csv")) : nil
    selections =
      csv ? try GrowingFile(path: Folder.join(folder, "results\(infix).selections.txt")) : nil
    append(CSV.row(columns), to: table)
    append(Self.selectionColumns.joined(separator: "\t"), to: selections)
  }

  /// Adds the outcome of the next input.
  public func take(_ outcome: ClipOutcome, of input: ClipInput) throws {
    guard let report = outcome.report else {
      append(try outcome.json(of: input), to: lines)
      return append(row(input, error: ""), to: table)
    }
    append(try JSON.line(report), to: lines)
    let whole = ClipReport.Window(
      start: 0, end: report.duration, time: report.time,
      label: report.label.isEmpty ? nil : report.label,
      index: report.index, probability: report.probability, known: report.known, explained: true)
    for window in listsWindows ? report.windows ?? [whole] : [whole] {
      let fields = [
        "input": report.input, "label": window.label ?? "",
        "index": window.label.flatMap { _ in window.index }.text,
        "probability": window.probability.text, "known": window.known.text,
        "duration": "\(report.duration)", "sample_rate": "\(report.sampleRate)",
        "channels": "\(report.channels)", "warning": report.warning ?? "",
        "start": "\(window.start)", "end": "\(window.end)", "time": window.time ?? "",
        "channel": report.channel.text,
      ]
      append(CSV.row(columns.map { fields[$0] ?? "" }), to: table)
    }
    advance(to: report)
    let rate = Double(min(sampleRate, report.sampleRate))
    for selection in report.selections(upTo: rate / 2) { select(selection, of: report) }
  }

  /// Moves the offset to the beginning of a recording, unless it is a further channel of the last.
  private func advance(to report: ClipReport) {
    let channel = report.channel ?? 1
    if let last, last.input != report.input || last.channel >= channel { offset += last.duration }
    last = (report.input, channel, report.duration)
  }

  /// Adds a region or a window to the selections.
  private func select(_ selection: ExplainedRegion, of report: ClipReport) {
    selectionCount += 1
    func time(_ seconds: Double) -> String { String(format: "%.6f", seconds) }
    let fields =
      ["\(selectionCount)", "Spectrogram 1", "\(report.channel ?? 1)"]
      + [time(offset + selection.start), time(offset + selection.end)]
      + selection.texts.dropFirst(2)
      + [
        Folder.name(of: report.input), report.input, time(selection.start), selection.label,
        String(format: "%.4f", selection.probability),
      ]
    append(fields.map(Timeline.field).joined(separator: "\t"), to: selections)
  }

  /// Adds the failure of the next input, with its message.
  public func take(failure message: String, of input: ClipInput) throws {
    append(try ClipOutcome.json(of: input, failure: message), to: lines)
    append(row(input, error: message), to: table)
  }

  private func row(_ input: ClipInput, error: String) -> String {
    let fields = ["input": input.path, "channel": input.channel.text, "error": error]
    return CSV.row(columns.map { fields[$0] ?? "" })
  }

  private func append(_ line: String, to file: GrowingFile?) {
    // The file reports a failure only at the end: the clips continue.
    "\(line)\n".pathBytes.withUnsafeBytes { try? file?.append($0) }
  }

  /// Puts the files in place, each whole or not at all.
  ///
  /// - Throws: `Failure`, also where a line could not be written.
  public func finish() throws {
    // Either file is useful without the other.
    let others = [table, selections].map { file in Result { try file?.putInPlace() } }
    try lines.putInPlace()
    for other in others { try other.get() }
  }
}

extension Optional where Wrapped: CustomStringConvertible {
  /// The value as a field of a table; empty for none.
  fileprivate var text: String { self?.description ?? "" }
}
