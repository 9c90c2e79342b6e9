import Foundation

/// A file that is written piece by piece over a long time and appears atomically: until
/// `putInPlace()` it has a temporary name, which is removed with this object.
public final class GrowingFile {
  /// Where it will appear.
  public var path: String { file.path }
  private let file: TemporaryFile
  private var descriptor: Int32
  /// The first failure.
  private var failure: Failure?

  /// Makes an empty file beside `path`.
  ///
  /// - Throws: `Failure`, naming `path`.
  public init(path: String) throws(Failure) {
    file = try TemporaryFile(path: path)
    descriptor = file.temporary.withSystemPath { open($0, O_WRONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw error(errno) }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Appends `bytes`. Once that has failed, all else fails in the same way.
  ///
  /// - Throws: `Failure`, naming the path.
  public func append(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
    if let failure { throw failure }
    let code = writeAll(bytes, to: descriptor)
    guard code == 0 else { throw error(code) }
  }

  /// Ends the file, which is open no longer; nothing can be appended after it.
  ///
  /// - Parameter isDurable: whether it is synced to disk then.
  /// - Throws: `Failure`, naming the path.
  public func end(isDurable: Bool = false) throws(Failure) {
    if let failure { throw failure }
    guard descriptor >= 0 else { return }
    guard !isDurable || fsync(descriptor) == 0 else { throw error(errno) }
    let code = close(descriptor) == 0 ? 0 : errno
    descriptor = -1
    // Some file systems report a full disk only here.
    guard code == 0 else { throw error(code) }
  }

  /// Ends the file and gives it its name.
  ///
  /// - Parameter isDurable: whether it is synced to disk before it replaces another: one of the two
  ///   survives a power cut.
  /// - Throws: `Failure`, naming the path.
  public func putInPlace(isDurable: Bool = false) throws(Failure) {
    try end(isDurable: isDurable)
    try file.putInPlace()
  }

  private func error(_ code: Int32) -> Failure {
    let error = Failure(path: path, action: "write it", errno: code)
    failure = error
    return error
  }
}

/// Writes all of `bytes` to `descriptor`, in as many calls as needed.
///
/// - Returns: 0, or the system's error number.
package func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
  var rest = bytes[...]
  while !rest.isEmpty {
    let piece = UnsafeRawBufferPointer(rebasing: rest)
    let written = write(descriptor, piece.baseAddress, piece.count)
    if written < 0 && errno == EINTR { continue }
    guard written > 0 else { return written == 0 ? ENOSPC : errno }
    rest = rest.dropFirst(written)
  }
  return 0
}
