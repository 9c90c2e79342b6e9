import Foundation

/// Files that are read from their beginning to their end, pipes included.
public enum ByteStream {
  private static let blockSize = 1 << 16

  /// All bytes of the file at `path`, or what is left of standard input for "-".
  ///
  /// - Throws: `Failure`, naming `path`.
  public static func bytes(of path: String) throws(Failure) -> [UInt8] {
    let isStandardInput = path == "-"
    let descriptor =
      isStandardInput ? STDIN_FILENO : path.withSystemPath { open($0, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw Failure(path: path, action: "open it", errno: errno) }
    defer { if !isStandardInput { close(descriptor) } }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: blockSize)
    while true {
      let received = read(descriptor, &block, block.count)
      if received < 0 && errno == EINTR { continue }
      guard received >= 0 else { throw Failure(path: path, action: "read it", errno: errno) }
      guard received > 0 else { return bytes }
      bytes += block.prefix(received)
    }
  }
}
