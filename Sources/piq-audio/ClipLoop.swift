import ArgumentParser
import Batch
import Files
import Foundation

/// Takes the clips of a run one after the other, and keeps count.
final class ClipLoop {
  private let terminal: Terminal
  private let printsJSON: Bool
  private let countdown: Countdown
  private(set) var finished = 0
  private(set) var failures = 0
  private(set) var skipped = 0

  init(_ terminal: Terminal, total: Int, printsJSON: Bool) {
    self.terminal = terminal
    countdown = Countdown(total: total)
    self.printsJSON = printsJSON
  }

  /// Does `work` on an input; an error is reported and counted, and the next input can follow.
  ///
  /// - Throws: `StandardOutputError`.
  func run(_ input: String, _ work: () throws -> Void) throws {
    terminal.progress(countdown.line(finished: finished, underWay: input))
    do {
      try work()
    } catch let error as StandardOutputError {
      throw error
    } catch {
      try fail(input, error)
    }
    finished += 1
  }

  /// Reports an input that could not be done.
  ///
  /// - Throws: `StandardOutputError`.
  func fail(_ input: String, _ error: any Error) throws {
    failures += 1
    terminal.error("\(error)")
    if printsJSON { try terminal.print(FailureReport(input: input, error: "\(error)").json()) }
  }

  /// Reports an input that was left alone because its outputs are there.
  ///
  /// - Throws: `StandardOutputError`.
  func skip(_ input: String) throws {
    skipped += 1
    terminal.note("\(printable(input)): skipped, its outputs are there")
    if printsJSON { try terminal.print(SkippedReport(input: input).json()) }
  }

  /// Ends the run.
  ///
  /// - Throws: `ExitCode.failure` if an input failed.
  func end() throws {
    terminal.clearProgress()
    if failures > 0 { throw ExitCode.failure }
  }
}

/// What a run says of its progress: how far it is, what is under way and how long it will take.
struct Countdown {
  let total: Int
  private let start = Date()

  init(total: Int) { self.total = total }

  func line(finished: Int, underWay name: String) -> String {
    var line = "[\(finished + 1)/\(total)] \(printable(name))"
    if finished > 0 {
      let left = Date().timeIntervalSince(start) / Double(finished) * Double(total - finished)
      let seconds = Int(left.rounded())
      line += String(format: ", %d:%02d left", seconds / 60, seconds % 60)
    }
    return line
  }
}

/// The columns that people read.
enum Table {
  /// A row of label, probability and input.
  static func row(_ report: ClipReport, labelWidth: Int) -> String {
    let label = pad(printable(report.label), labelWidth)
    let percent = String(format: "%5.1f %%", 100 * report.probability)
    return "\(label)  \(percent)  \(printable(report.input))"
  }

  /// The words above the columns.
  static func header(labelWidth: Int) -> String {
    pad("label", labelWidth) + "  probab.  input"
  }

  private static func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  /// How wide the first column has to be.
  static func labelWidth(_ labels: [String]) -> Int {
    max(5, labels.map { printable($0).count }.max() ?? 0)
  }
}

extension [String: Double] {
  /// Stages with their milliseconds, the longest first.
  var inWords: String {
    sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .map { "\($0.key) \(Int(($0.value * 1000).rounded())) ms" }.joined(separator: ", ")
  }
}
