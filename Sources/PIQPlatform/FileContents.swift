import Foundation

/// The bytes of a file as they were when it was read, in memory for as long as this object lives.
///
/// They are read, not mapped: access to a mapped file that was truncated would end the process.
public final class FileContents: @unchecked Sendable {
  // Sendable: the bytes do not change once they are read.

  /// The path as it was given.
  public let path: String
  /// Valid only while this object is alive: prefer `withBytes`.
  private let bytes: UnsafeRawBufferPointer

  /// How many bytes were read.
  public var count: Int { bytes.count }
  /// The file's length in bytes: more than `count` where only its beginning was read.
  public let fileCount: Int

  /// Reads the regular file at `path`.
  ///
  /// - Parameters:
  ///   - start: the first byte that is read; at most the file's length.
  ///   - beginning: how many bytes are read at most.
  ///   - most: bytes that it may have; a larger one is refused before it is read.
  ///   - problem, remedy: those of the error for a larger one.
  /// - Throws: `Failure` when the file cannot be opened or read, is not a regular file, is larger
  ///   than memory, or becomes shorter meanwhile.
  public init(
    path: String, from start: Int = 0, beginning: Int = .max, atMost most: Int = .max,
    problem: String = "is too large",
    remedy: String = "name another file"
  ) throws(Failure) {
    self.path = path
    let descriptor = path.withSystemPath { open($0, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw Failure(path: path, action: "open it", errno: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw Failure(path: path, action: "read its size", errno: errno)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw Failure(
        .fileNotAccessible, path: path, problem: "is not a regular file", remedy: "name a file")
    }
    fileCount = Int(status.st_size)
    let count = max(0, min(fileCount - start, beginning))
    guard fileCount <= most else {
      throw Failure(.fileMalformed, path: path, problem: problem, remedy: remedy)
    }
    guard count > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    // The system overcommits memory: it would end the process later.
    guard Double(count) <= Memory.available,
      let address = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      address != MAP_FAILED
    else {
      throw Failure(
        .outOfMemory, path: path, problem: "does not fit in memory: it has \(count) bytes",
        remedy: Memory.remedy)
    }
    // Reading a large file takes most of its time in page faults.
    madvise(address, count, MADV_HUGEPAGE)
    bytes = UnsafeRawBufferPointer(start: address, count: count)
    var received = 0
    while received < count {
      let more = pread(descriptor, address + received, count - received, off_t(start + received))
      if more < 0 && errno == EINTR { continue }
      guard more >= 0 else { throw Failure(path: path, action: "read it", errno: errno) }
      guard more > 0 else {
        throw Failure(
          .fileNotAccessible, path: path, problem: "became shorter while it was read",
          remedy: "wait until nothing writes to it, and try again")
      }
      received += more
    }
  }

  /// Gives the memory of the bytes `range` back to the system, as far as it is whole pages: nobody may
  /// read them afterwards.
  public func discard(_ range: Range<Int>) {
    guard let address = bytes.baseAddress else { return }
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let (first, end) = ((range.lowerBound + page - 1) / page * page, range.upperBound / page * page)
    guard first < end, end <= bytes.count else { return }
    madvise(UnsafeMutableRawPointer(mutating: address + first), end - first, MADV_DONTNEED)
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
