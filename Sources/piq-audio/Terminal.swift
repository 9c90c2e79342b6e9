import ArgumentParser
import Foundation
import Logging
import PIQAudio

/// The output of a command: results on standard output, everything else on standard error.
struct Terminal: Sendable {
  /// For warnings, errors and details.
  private let log: Logger
  private let isQuiet: Bool
  private let showsProgress: Bool

  /// Whether standard output is a terminal.
  static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) != 0 }

  /// Whether standard output may have colour.
  static var outputHasColor: Bool { hasColor(STDOUT_FILENO) }

  fileprivate static func hasColor(_ stream: Int32) -> Bool {
    takesEscapes(stream) && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty
  }

  /// Whether `stream` is a terminal that knows escape sequences.
  private static func takesEscapes(_ stream: Int32) -> Bool {
    isatty(stream) != 0 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }

  init(level: Logger.Level) {
    var log = Logger(label: "piq-audio") { _ in StandardErrorLog() }
    log.logLevel = level
    self.log = log
    isQuiet = level > .warning
    showsProgress = Self.takesEscapes(STDERR_FILENO) && level <= .warning
  }

  /// Writes a line to standard output, at once.
  func print(_ line: String) throws(StandardOutputError) {
    clearProgress()
    let code = StandardStreams.write(line + "\n", to: STDOUT_FILENO)
    if code == EPIPE { Interruption.readerHasLeft() }
    if code != 0 { throw StandardOutputError(code: code) }
  }

  /// Writes a line of text to standard output, unless output is quiet.
  func say(_ line: String) throws(StandardOutputError) {
    if !isQuiet { try print(line) }
  }

  /// Writes an error to standard error.
  func error(_ message: String) { write(message, .error) }

  /// Writes a warning to standard error.
  func warn(_ message: String) { write(message, .warning) }

  /// Writes a notice, which is no warning, to standard error.
  func notice(_ message: String) { write(message, .notice) }

  /// Writes a detail to standard error in verbose mode.
  func note(_ message: String) { write(message, .info) }

  /// What is said in verbose mode of an Ogg file that stops between two pages.
  static let noEndFlag = "does not mark its end, and may be whole or cut"

  private func write(_ message: String, _ level: Logger.Level) {
    clearProgress()
    log.log(level: level, "\(message)")
  }

  /// Replaces the progress line; shown on terminals only.
  func progress(_ text: String) {
    guard showsProgress else { return }
    var size = winsize()
    let isKnown = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1
    standardError("\r\u{1B}[K" + text.prefix(isKnown ? Int(size.ws_col) - 1 : 79))
  }

  /// Clears the progress line.
  func clearProgress() {
    if showsProgress { standardError("\r\u{1B}[K") }
  }

  /// Runs the body of a command. Errors become one line each, and the exit status; a signal ends
  /// the program without leaving half-written files.
  ///
  /// - Parameter stopsGently: whether `body` checks `Interruption.signal` itself; only a second
  ///   signal ends the program at once.
  func run(stopsGently: Bool = false, _ body: () throws -> Void) throws {
    StandardStreams.fillClosed()
    Interruption.watch(isGentle: stopsGently)
    do {
      try ShortMemory.prepare()
      // OpenMP would use all cores, and threads that cannot be started.
      try Threads.with(Threads.available, body)
    } catch let code as ExitCode {
      throw code
    } catch let usage as UsageError {
      error(usage.description)
      throw ExitCode.validationFailure
    } catch {
      let failure = Failure(error)
      self.error(failure.message)
      throw failure.code.isUsage
        ? ExitCode.validationFailure : failure.isTransient ? .transient : .failure
    }
  }
}

/// A command that writes to a terminal.
protocol TerminalCommand: ParsableCommand {
  /// Whether it checks `Interruption.signal` itself.
  static var stopsGently: Bool { get }
  /// The verbosity.
  var messages: MessageOptions { get }

  /// Runs the command; see `Terminal.run` for the handling of errors.
  func run(_ terminal: Terminal) throws
}

extension TerminalCommand {
  static var stopsGently: Bool { false }

  func run() throws {
    let terminal = Terminal(level: messages.level)
    try terminal.run(stopsGently: Self.stopsGently) { try run(terminal) }
  }
}

extension ExitCode {
  /// `EX_TEMPFAIL`: the same command may succeed later.
  static let transient = ExitCode(75)
}

/// Messages as lines `piq-audio: error: …`, with colour where a terminal supports it.
private struct StandardErrorLog: LogHandler {
  var logLevel = Logger.Level.warning
  var metadata: Logger.Metadata = [:]

  private static let hasColor = Terminal.hasColor(STDERR_FILENO)

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var name = "\(event.level):"
    if Self.hasColor, event.level >= .warning {
      name = "\u{1B}[\(event.level >= .error ? 31 : 33);1m\(name)\u{1B}[0m"
    }
    standardError("piq-audio: \(event.level >= .warning ? name + " " : "")\(event.message)\n")
  }
}

/// Writes `text` to standard error.
func standardError(_ text: String) {
  // A failure to write cannot be reported.
  _ = StandardStreams.write(text, to: STDERR_FILENO)
}
