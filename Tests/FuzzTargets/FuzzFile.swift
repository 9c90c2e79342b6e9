import Glibc

/// A file in memory whose bytes are replaced again and again: what fuzzers hand to code that wants a
/// path.
final class FuzzFile {
  private let descriptor: CInt

  /// Where it can be opened, as long as this object lives.
  var path: String { "/proc/self/fd/\(descriptor)" }

  init() {
    var name = Array("/dev/shm/piq-fuzz-XXXXXX".utf8CString)
    descriptor = mkstemp(&name)
    precondition(descriptor >= 0, "/dev/shm: \(String(cString: strerror(errno)))")
    unlink(name)
  }

  deinit { close(descriptor) }

  /// Makes `bytes` all that it holds.
  func replace(with bytes: UnsafeRawBufferPointer) {
    precondition(ftruncate(descriptor, 0) == 0)
    let written = bytes.isEmpty ? 0 : pwrite(descriptor, bytes.baseAddress, bytes.count, 0)
    precondition(written == bytes.count)
  }

  /// Makes `bytes` all that it holds.
  func replace(with bytes: [UInt8]) { bytes.withUnsafeBytes { replace(with: $0) } }
}
