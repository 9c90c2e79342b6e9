import Foundation
import PIQPlatform

extension FileBytes {
  /// Opens `path` for reading; "-" is standard input. Input that cannot seek is read to its end
  /// first.
  ///
  /// - Parameter name: its name in errors.
  static func reading(path: String, name: String) throws(SoundFileError) -> FileBytes {
    let isStandardInput = path == "-"
    let descriptor =
      isStandardInput
      ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
      : path.withSystemPath { open($0, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw .system(path: name, action: "open it", errno: errno) }
    let opened = FileBytes(descriptor: descriptor)
    defer { withExtendedLifetime(opened) {} }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .system(path: name, action: "read its size", errno: errno)
    }
    let kind = status.st_mode & S_IFMT
    guard kind != S_IFDIR else { throw SoundFileError(path: name, problem: .folder) }
    let bytes: FileBytes
    // The beginning of a file on standard input may already have been read.
    if kind == S_IFREG, !isStandardInput || lseek(descriptor, 0, SEEK_CUR) == 0 {
      bytes = opened
    } else if kind == S_IFIFO || kind == S_IFSOCK || isStandardInput {
      bytes = try Spool.bytes(of: descriptor, name: name)
    } else {
      throw SoundFileError(path: name, problem: .notARegularFile)
    }
    guard bytes.count > 0 else { throw SoundFileError(path: name, problem: .empty) }
    return bytes
  }
}
