import Foundation
import PIQPipeline
import PIQPlatform
import Synchronization

/// Shows how far a long recording is, and passes on what is said of it.
final class RecordingWatch: Sendable {
  private let terminal: Terminal
  private let state = Mutex(State())

  private struct State {
    var input = ""
    var start = Date()
    var shown = Date.distantPast
  }

  init(_ terminal: Terminal) { self.terminal = terminal }

  /// Takes an event; from any thread.
  func take(_ event: RecordingEvent) {
    switch event {
    case .note(let text): terminal.notice(text)
    case .progress(let input, let done, let total):
      state.withLock { state in
        let now = Date()
        if state.input != input {
          state = State(input: input, start: now)
        }
        // More often is only flicker.
        guard now.timeIntervalSince(state.shown) > 0.2 else { return }
        state.shown = now
        terminal.progress(
          Self.line(input, done, total, elapsed: now.timeIntervalSince(state.start)))
      }
    }
  }

  /// What is done of a recording, in seconds of it, and how long the rest will take.
  static func line(_ input: String, _ done: Double, _ total: Double?, elapsed: Double) -> String {
    guard let total, total >= done else { return "\(clockText(done)) of \(printable(input))" }
    var line = "\(clockText(done)) of \(clockText(total)) of \(printable(input))"
    if elapsed > 1 { line += ", \(clockText((total - done) / done * elapsed)) left" }
    return line
  }
}
