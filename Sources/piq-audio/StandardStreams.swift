import Foundation
import PIQAudio

/// The three streams that every program is given, which may be closed, full or broken.
enum StandardStreams {
  /// Replaces a stream that the caller closed, so that no file of ours gets its number and output.
  /// Its use stays an error.
  static func fillClosed() {
    // In this order: open(2) takes the lowest free number.
    for (stream, mode) in [
      (STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY),
    ] where fcntl(stream, F_GETFD) < 0 {
      _ = open("/dev/null", mode)
    }
  }

  /// Writes `text` at once; the names of files in it as the bytes that they are.
  ///
  /// - Returns: 0, or the system's error number.
  static func write(_ text: String, to stream: Int32) -> Int32 {
    text.pathBytes.withUnsafeBytes { writeAll($0, to: stream) }
  }
}

/// Standard output cannot be written: the run ends.
struct StandardOutputError: Error, CustomStringConvertible {
  /// The system's error number.
  let code: Int32

  var description: String {
    "standard output: could not write it: \(String(cString: strerror(code)).lowercased()); "
      + "check where it leads"
  }
}
