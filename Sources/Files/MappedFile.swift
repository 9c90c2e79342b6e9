import Foundation

/// The bytes of a file, mapped into memory for as long as this object lives.
public final class MappedFile: @unchecked Sendable {
  // Sendable: the mapping is private and read-only.

  /// The path as it was given.
  public let path: String
  /// The file's bytes. Valid only while this object is alive: prefer `withBytes`.
  private let bytes: UnsafeRawBufferPointer

  /// The file's length in bytes.
  public var count: Int { bytes.count }

  /// Maps the regular file at `path`.
  ///
  /// - Throws: `FileError` when the file cannot be opened or mapped, or is not a regular file.
  public init(path: String) throws(FileError) {
    self.path = path
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(path: path, action: "open it", errno: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw FileError(path: path, action: "read its size", errno: errno)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw FileError(path: path, problem: "is not a regular file", remedy: "name a file")
    }
    let count = Int(status.st_size)
    guard count > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0),
      address != MAP_FAILED
    else { throw FileError(path: path, action: "map it into memory", errno: errno) }
    bytes = UnsafeRawBufferPointer(start: address, count: count)
  }

  deinit {
    if let address = bytes.baseAddress {
      munmap(UnsafeMutableRawPointer(mutating: address), bytes.count)
    }
  }

  /// Calls `body` with the file's bytes.
  public func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withExtendedLifetime(self) { () throws(Failure) -> Result in try body(bytes) }
  }
}
