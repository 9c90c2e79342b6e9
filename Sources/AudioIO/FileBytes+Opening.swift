import Files
import Foundation

extension FileBytes {
  /// The most that is taken from a pipe, in bytes.
  private static let mostPiped = 4 << 30

  /// Opens `path` for reading; "-" is standard input. What cannot seek is read to its end.
  ///
  /// - Parameter name: what errors call it.
  static func reading(path: String, name: String) throws(SoundFileError) -> FileBytes {
    let isStandardInput = path == "-"
    let descriptor =
      isStandardInput
      ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(path: name, action: "open it", errno: errno) }
    let opened = FileBytes(descriptor: descriptor)
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .system(path: name, action: "read its size", errno: errno)
    }
    let kind = status.st_mode & S_IFMT
    guard kind != S_IFDIR else { throw SoundFileError(path: name, problem: .folder) }
    let bytes: FileBytes
    if kind == S_IFREG && !isStandardInput {
      bytes = opened
    } else if kind == S_IFIFO || kind == S_IFSOCK || isStandardInput {
      bytes = FileBytes(try allBytes(of: descriptor, name: name))
    } else {
      throw SoundFileError(path: name, problem: .notARegularFile)
    }
    guard bytes.count > 0 else { throw SoundFileError(path: name, problem: .empty) }
    return bytes
  }

  /// Everything that `descriptor` still has to give.
  private static func allBytes(
    of descriptor: Int32, name: String
  ) throws(SoundFileError) -> [UInt8] {
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let received = read(descriptor, &block, block.count)
      if received < 0 && errno == EINTR { continue }
      guard received >= 0 else { throw .system(path: name, action: "read it", errno: errno) }
      guard received > 0 else { return bytes }
      guard bytes.count + received <= mostPiped else {
        throw SoundFileError(path: name, problem: .inputTooLarge(limit: mostPiped))
      }
      bytes += block.prefix(received)
    }
  }
}
