import ArgumentParser
import Foundation
import Logging
import PIQAudio

/// What a command says: results on standard output, everything else on standard error.
struct Terminal: Sendable {
  /// For warnings, errors and details.
  private let log: Logger
  private let isQuiet: Bool
  private let showsProgress: Bool

  /// Whether people read standard output.
  static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) != 0 }

  /// Whether they want to see colour there.
  static var outputHasColor: Bool { hasColor(STDOUT_FILENO) }

  fileprivate static func hasColor(_ stream: Int32) -> Bool {
    let environment = ProcessInfo.processInfo.environment
    return isatty(stream) != 0 && (environment["NO_COLOR"] ?? "").isEmpty
      && environment["TERM"] != "dumb"
  }

  init(level: Logger.Level) {
    var log = Logger(label: "piq-audio") { _ in StandardErrorLog() }
    log.logLevel = level
    self.log = log
    isQuiet = level > .warning
    showsProgress = isatty(STDERR_FILENO) != 0 && level <= .warning
  }

  /// Writes a line to standard output, at once.
  func print(_ line: String) throws(StandardOutputError) {
    clearProgress()
    let code = StandardStreams.write(line + "\n", to: STDOUT_FILENO)
    if code == EPIPE { Interruption.readerHasLeft() }
    if code != 0 { throw StandardOutputError(code: code) }
  }

  /// Writes a line for people to standard output, unless they want silence.
  func say(_ line: String) throws(StandardOutputError) {
    if !isQuiet { try print(line) }
  }

  /// Writes an error to standard error.
  func error(_ message: String) { write(message, .error) }

  /// Writes a warning to standard error.
  func warn(_ message: String) { write(message, .warning) }

  /// Writes to standard error what people should know though nothing is amiss.
  func notice(_ message: String) { write(message, .notice) }

  /// Writes a detail to standard error, for those who asked to hear more.
  func note(_ message: String) { write(message, .info) }

  private func write(_ message: String, _ level: Logger.Level) {
    clearProgress()
    log.log(level: level, "\(message)")
  }

  /// Replaces the progress line; people see it, files and pipes do not.
  func progress(_ text: String) {
    guard showsProgress else { return }
    var size = winsize()
    let isKnown = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1
    standardError("\r\u{1B}[K" + text.prefix(isKnown ? Int(size.ws_col) - 1 : 79))
  }

  /// Takes the progress line away.
  func clearProgress() {
    if showsProgress { standardError("\r\u{1B}[K") }
  }

  /// Runs the body of a command. Errors become one line each, and the exit status; a signal ends
  /// the program without leaving half-written files.
  ///
  /// - Parameter stopsGently: whether `body` looks at `Interruption.signal` itself; only a second
  ///   signal ends the program at once.
  func run(stopsGently: Bool = false, _ body: () throws -> Void) throws {
    StandardStreams.fillClosed()
    Interruption.watch(isGentle: stopsGently)
    do {
      try ShortMemory.prepare()
      // OpenMP would count cores, and take threads that are not to be had.
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

/// A command that says what it does on a terminal.
protocol TerminalCommand: ParsableCommand {
  /// Whether it looks at `Interruption.signal` itself.
  static var stopsGently: Bool { get }
  /// How much is said.
  var messages: MessageOptions { get }

  /// Does the command's work; see `Terminal.run` for what becomes of errors.
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

/// Messages as lines `piq-audio: error: …`, with colour where a terminal wants it.
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

private func standardError(_ text: String) {
  // Where it cannot be written there is nobody to tell.
  _ = StandardStreams.write(text, to: STDERR_FILENO)
}
