import Foundation
import PIQAudio
import PIQPipeline
import Synchronization

/// Shows the progress of a long recording, and passes on its messages.
final class RecordingWatch: Sendable {
  private let terminal: Terminal
  private let windowing: Windowing
  private let verb: String
  private let state = Mutex(State())

  private struct State {
    var input = ""
    var start = Date()
    var shown = Date.distantPast
  }

  /// - Parameter verb: what is done to the windows, such as "classified".
  init(_ terminal: Terminal, _ windowing: Windowing, verb: String) {
    self.terminal = terminal
    self.verb = verb
    self.windowing = windowing
  }

  /// A number without a needless fraction: 5, 2.5.
  private static func text(_ number: Double) -> String {
    number == number.rounded() ? "\(Int(number))" : "\(number)"
  }

  /// Handles an event, on any thread.
  func take(_ event: RecordingEvent) {
    switch event {
    case .divided(let input):
      terminal.notice(
        "\(printable(input)): lasts longer than \(Self.text(Windowing.longestWhole)) s, and is "
          + "\(verb) in windows of \(Self.text(windowing.length)) s, each sharing "
          + "\(Self.text(windowing.overlap)) s with the next (--window, --overlap)")
    case .becameRF64(let path):
      terminal.notice("\(printable(path)): is RF64, the form of WAV for files of more than 4 GiB")
    case .progress(let input, let done, let total):
      show(input) { Self.line(input, done, total, elapsed: $0) }
    case .scored(let input, let done, let total):
      show(input) { Self.line(input, done: done, of: total, elapsed: $0) }
    }
  }

  private func show(_ input: String, _ line: (_ elapsed: Double) -> String) {
    state.withLock { state in
      let now = Date()
      if state.input != input { state = State(input: input, start: now) }
      // More frequent updates would flicker.
      guard now.timeIntervalSince(state.shown) > 0.2 else { return }
      state.shown = now
      terminal.progress(line(now.timeIntervalSince(state.start)))
    }
  }

  /// The progress of an explanation that asks for many scores, and the estimated time left.
  static func line(_ input: String, done: Int, of total: Int, elapsed: Double) -> String {
    var line = "score \(done) of \(total) of \(printable(input))"
    if elapsed > 1 {
      line += ", \(clockText(Double(total - done) / Double(done) * elapsed)) left"
    }
    return line
  }

  /// The progress of a recording in seconds, and the estimated time left.
  static func line(_ input: String, _ done: Double, _ total: Double?, elapsed: Double) -> String {
    guard let total, total >= done else { return "\(clockText(done)) of \(printable(input))" }
    var line = "\(clockText(done)) of \(clockText(total)) of \(printable(input))"
    if elapsed > 1 { line += ", \(clockText((total - done) / done * elapsed)) left" }
    return line
  }
}
