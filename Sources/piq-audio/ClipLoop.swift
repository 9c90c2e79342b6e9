import ArgumentParser
import Foundation
import PIQAudio
import PIQPipeline

/// Processes the clips of a run, several at a time, and reports on them in order.
final class ClipLoop {
  private let terminal: Terminal
  private let printsJSON: Bool
  private let countdown: Countdown
  private(set) var finished = 0
  private(set) var failures = 0
  /// Failures that may not recur when the command is repeated.
  private var transient = 0
  private(set) var skipped = 0

  init(_ terminal: Terminal, total: Int, printsJSON: Bool) {
    self.terminal = terminal
    countdown = Countdown(total: total)
    self.printsJSON = printsJSON
  }

  /// Does `work` on each input and reports it; an error is reported and counted, and the other
  /// inputs follow.
  ///
  /// - Parameters:
  ///   - work: given an index into `inputs`; done by several threads.
  ///   - report: given the same index and the result of `work`, in the order of `inputs`.
  ///   - failed: given the index and the error instead, after it was reported.
  ///   - stopped: called where the run ends early, and `work` must not wait for other inputs.
  /// - Throws: `StandardOutputError`.
  func run<Output: Sendable>(
    _ inputs: [ClipInput], _ division: OrderedWork,
    work: @escaping @Sendable (Int) throws -> Output,
    report: @escaping (Int, Output) throws -> Void,
    failed: @escaping (Int, any Error) throws -> Void = { _, _ in },
    stopped: @escaping () -> Void = {}
  ) throws {
    try division.run(
      inputs.count,
      begin: { [self] in
        terminal.progress(countdown.line(finished: finished, underWay: inputs[$0].title))
      },
      work: work,
      finish: { [self] index, result in
        do {
          switch result {
          case .success(let output): try report(index, output)
          case .failure(let error) where error is StandardOutputError: throw error
          case .failure(let error):
            try fail(inputs[index], error)
            try failed(index, error)
          }
        } catch {
          stopped()
          throw error
        }
        finished += 1
        let next = inputs.indices.contains(index + 1) ? inputs[index + 1].title : nil
        if let next { terminal.progress(countdown.line(finished: finished, underWay: next)) }
      })
  }

  /// Reports an input that failed.
  ///
  /// - Throws: `StandardOutputError`.
  func fail(_ input: ClipInput, _ error: any Error) throws {
    failures += 1
    let failure = Failure(error)
    if failure.isTransient { transient += 1 }
    terminal.error(failure.message)
    if printsJSON { try terminal.print(ClipOutcome.json(of: input, failure: failure.message)) }
  }

  /// Reports a file or folder that is no input and failed.
  ///
  /// - Throws: `StandardOutputError`.
  func fail(path: String, _ error: any Error) throws {
    try fail(ClipInput(path: path, stem: ""), error)
  }

  /// Reports an input that was skipped because its outputs exist.
  ///
  /// - Throws: `StandardOutputError`.
  func skip(_ input: ClipInput) throws {
    skipped += 1
    terminal.note("\(printable(input.title)): skipped, its outputs are there")
    if printsJSON { try terminal.print(ClipOutcome.skipped.json(of: input)) }
  }

  /// Says what is doubtful about an input that was used all the same.
  func remark(on input: ClipInput, warning: String?, endFlag: Bool?) {
    let title = printable(input.title)
    if let warning { terminal.warn("\(title): \(Hint.added(to: warning))") }
    if endFlag == false { terminal.note("\(title): \(Terminal.noEndFlag)") }
  }

  /// Ends the run.
  ///
  /// - Throws: if an input failed, `ExitCode.failure`, or `.transient` if all failures are.
  func end() throws {
    terminal.clearProgress()
    if failures > 0 { throw transient == failures ? ExitCode.transient : ExitCode.failure }
  }
}

/// The progress line of a run: the clips done, the current one, and the estimated time left.
struct Countdown {
  let total: Int
  private let start = Date()

  init(total: Int) { self.total = total }

  func line(finished: Int, underWay name: String) -> String {
    var line = "[\(finished + 1)/\(total)] \(printable(name))"
    if finished > 0 {
      let left = Date().timeIntervalSince(start) / Double(finished) * Double(total - finished)
      line += ", \(clockText(left)) left"
    }
    return line
  }
}

/// The columns of text output.
enum Table {
  /// A probability in a table, with as many digits as it has.
  static func digits(_ probability: Float) -> String { String(format: "%.7g", probability) }

  /// A row of label, probability and input.
  static func row(_ report: ClipReport, labelWidth: Int) -> String {
    row(
      label: report.label, probability: report.probability, report.title, labelWidth: labelWidth)
      + remark(known: report.known)
  }

  /// What is said of a sound that is more likely of none of the classes; empty for others.
  static func remark(known: Float?) -> String {
    guard let known, known < 0.5 else { return "" }
    return String(format: "  (known %.2f: perhaps none of the classes)", known)
  }

  /// A row of label, probability, the window where it is one, and input.
  ///
  /// - Parameter label: empty for silence.
  static func row(
    label: String, probability: Float, _ input: String, window: ClosedRange<Double>? = nil,
    labelWidth: Int
  ) -> String {
    let name = label.isEmpty ? "(silence)" : printable(label)
    let percent = String(format: "%5.1f %%", 100 * probability)
    let place = window.map { String(format: "%9.3f %9.3f  ", $0.lowerBound, $0.upperBound) } ?? ""
    return "\(name.aligned(left: labelWidth))  \(percent)  \(place)\(printable(input))"
  }

  /// The header of the columns.
  static func header(labelWidth: Int, windows: Bool = false) -> String {
    "label".aligned(left: labelWidth) + "  probab.  "
      + (windows ? "  start s     end s  " : "") + "input"
  }

  /// How wide the first column has to be.
  static func labelWidth(_ labels: [String]) -> Int {
    max(5, labels.map { printable($0).count }.max() ?? 0)
  }
}

extension String {
  /// Padded on the right to `width` characters.
  func aligned(left width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }

  /// Padded on the left to `width` characters.
  func aligned(right width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}

extension [String: Double] {
  /// Stages with their milliseconds, the longest first.
  var inWords: String {
    sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .map { "\($0.key) \(Int(($0.value * 1000).rounded())) ms" }.joined(separator: ", ")
  }
}
