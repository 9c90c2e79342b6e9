import Datasets
import Files
import Foundation

/// What became of all clips of a run, in the order of the inputs: `results.jsonl`, and
/// `results.csv` where it is asked for.
///
/// No times are in it: the same inputs give the same bytes, however often the run was interrupted.
public struct RunResults {
  private var lines: [String]
  /// Of `results.csv`; empty where it is not asked for.
  private var rows: [String]
  private let hasTable: Bool

  /// The columns of `results.csv`.
  private static let columns = [
    "input", "label", "index", "probability", "duration", "sample_rate", "channels", "warning",
    "error",
  ]

  /// Results of `count` inputs, none of which is known yet.
  ///
  /// - Parameter csv: whether `results.csv` is written, too.
  public init(_ count: Int, csv: Bool) {
    lines = Array(repeating: "", count: count)
    rows = Array(repeating: "", count: csv ? count : 0)
    hasTable = csv
  }

  private mutating func takeRow(_ fields: [String], at index: Int) {
    if rows.indices.contains(index) { rows[index] = CSV.row(fields) }
  }

  /// Takes what was found in the input `index`.
  public mutating func take(_ report: ClipReport, at index: Int) throws {
    lines[index] = try report.json()
    takeRow(
      [
        report.input, report.label, "\(report.index)", "\(report.probability)",
        "\(report.duration)", "\(report.sampleRate)", "\(report.channels)", report.warning ?? "",
        "",
      ], at: index)
  }

  /// Takes the failure of the input `index`.
  public mutating func take(_ error: any Error, of input: String, at index: Int) throws {
    lines[index] = try FailureReport(input: input, error: "\(error)").json()
    takeRow(Self.row(input, error: "\(error)"), at: index)
  }

  /// Takes that the input `index` was left alone.
  public mutating func takeSkipped(_ input: String, at index: Int) throws {
    lines[index] = try SkippedReport(input: input).json()
    takeRow(Self.row(input, error: ""), at: index)
  }

  private static func row(_ input: String, error: String) -> [String] {
    [input] + Array(repeating: "", count: columns.count - 2) + [error]
  }

  /// Writes the files, each whole or not at all.
  ///
  /// - Parameters:
  ///   - folder: where, made already.
  ///   - infix: what follows `results` in their names.
  /// - Throws: `FileError`.
  public func write(to folder: String, infix: String) throws {
    func write(_ lines: [String], _ name: String) throws {
      let text = lines.map { $0 + "\n" }.joined()
      try AtomicFile.write(Array(text.utf8), to: Folder.join(folder, "results\(infix).\(name)"))
    }
    try write(lines.filter { !$0.isEmpty }, "jsonl")
    if hasTable { try write([CSV.row(Self.columns)] + rows.filter { !$0.isEmpty }, "csv") }
  }
}
