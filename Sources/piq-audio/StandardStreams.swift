import Foundation

/// The three streams that every program is given, which may be closed, full or broken.
enum StandardStreams {
  /// Fills the place of a stream that the caller closed, so that no file of ours gets its number
  /// and with it what is meant for the stream. To use it stays an error.
  static func fillClosed() {
    // In this order: open(2) takes the lowest free number.
    for (stream, mode) in [
      (STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY),
    ] where fcntl(stream, F_GETFD) < 0 {
      _ = open("/dev/null", mode)
    }
  }

  /// Writes `text` at once.
  ///
  /// - Returns: 0, or the system's error number.
  static func write(_ text: String, to stream: Int32) -> Int32 {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Glibc.write(stream, $0.baseAddress, $0.count) }
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { return written == 0 ? ENOSPC : errno }
      rest = rest.dropFirst(written)
    }
    return 0
  }
}

/// Nobody gets the results any more: the run ends.
struct StandardOutputError: Error, CustomStringConvertible {
  /// The system's error number.
  let code: Int32

  var description: String {
    "standard output: could not write it: \(String(cString: strerror(code)).lowercased()); "
      + "check where it leads"
  }
}
