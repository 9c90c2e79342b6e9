import Foundation

/// A file that is written piece by piece over a long time and appears whole or not at all: until
/// `putInPlace()` it has a temporary name, which is removed with this object.
public final class GrowingFile {
  /// Where it will appear.
  public let path: String
  private let temporary: String
  private var descriptor: Int32
  /// Why it cannot be whole any more.
  private var failure: Failure?

  /// Makes an empty file beside `path`.
  ///
  /// - Throws: `Failure`, naming `path`.
  public init(path: String) throws(Failure) {
    self.path = path
    temporary = try AtomicFile.makeTemporary(for: path)
    descriptor = open(temporary, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw error(errno) }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    AtomicFile.removeTemporary(temporary)
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
  /// - Parameter isDurable: whether it is on the disk then, and not just on its way.
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
  /// - Parameter isDurable: whether it is on the disk, and not just on its way, before it replaces
  ///   another: what survives a power cut is one of the two.
  /// - Throws: `Failure`, naming the path.
  public func putInPlace(isDurable: Bool = false) throws(Failure) {
    try end(isDurable: isDurable)
    guard rename(temporary, path) == 0 else { throw error(errno) }
  }

  private func error(_ code: Int32) -> Failure {
    let error = Failure(path: path, action: "write it", errno: code)
    failure = error
    return error
  }
}
