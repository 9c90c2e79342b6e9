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

  /// The columns of `results.csv`.
  private static let columns = [
    "input", "label", "index", "probability", "duration", "sample_rate", "channels", "warning",
    "error",
  ]

  /// Begins the results of a run.
  ///
  /// - Parameters:
  ///   - folder: where, made already.
  ///   - infix: the text after `results` in their names.
  ///   - csv: whether `results.csv` is written, too.
  /// - Throws: `Failure`.
  public init(folder: String, infix: String, csv: Bool) throws {
    lines = try GrowingFile(path: Folder.join(folder, "results\(infix).jsonl"))
    table = csv ? try GrowingFile(path: Folder.join(folder, "results\(infix).csv")) : nil
    append(CSV.row(Self.columns), to: table)
  }

  /// Adds the outcome of the next input.
  public func take(_ outcome: ClipOutcome, of input: String) throws {
    guard let report = outcome.report else {
      append(try outcome.json(of: input), to: lines)
      return append(Self.row(input, error: ""), to: table)
    }
    append(try JSON.line(report), to: lines)
    append(
      CSV.row([
        report.input, report.label, "\(report.index)", "\(report.probability)",
        "\(report.duration)", "\(report.sampleRate)", "\(report.channels)", report.warning ?? "",
        "",
      ]), to: table)
  }

  /// Adds the failure of the next input, with its message.
  public func take(failure message: String, of input: String) throws {
    append(try ClipOutcome.json(of: input, failure: message), to: lines)
    append(Self.row(input, error: message), to: table)
  }

  private static func row(_ input: String, error: String) -> String {
    CSV.row([input] + Array(repeating: "", count: columns.count - 2) + [error])
  }

  private func append(_ line: String, to file: GrowingFile?) {
    // The file reports a failure only at the end: the clips continue.
    Array("\(line)\n".utf8).withUnsafeBytes { try? file?.append($0) }
  }

  /// Puts the files in place, each whole or not at all.
  ///
  /// - Throws: `Failure`, also where a line could not be written.
  public func finish() throws {
    // Either file is useful without the other.
    let ofTable = Result { try table?.putInPlace() }
    try lines.putInPlace()
    try ofTable.get()
  }
}
