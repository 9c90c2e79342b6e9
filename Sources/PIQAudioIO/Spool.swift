import Foundation
import PIQPlatform

/// Makes a pipe seekable: a little is kept in memory, more in an unnamed file, which is removed
/// with the process.
enum Spool {
  /// The most that is kept in memory, in bytes.
  private static let mostInMemory = 64 << 20
  private static let blockSize = 1 << 20

  /// All remaining bytes of `descriptor`.
  ///
  /// - Parameter name: its name in errors.
  /// - Throws: `SoundFileError`, also where there is no space for them.
  static func bytes(of descriptor: Int32, name: String) throws(SoundFileError) -> FileBytes {
    var kept: [UInt8] = []
    var block = [UInt8](repeating: 0, count: blockSize)
    while kept.count < mostInMemory {
      let received = try receive(&block, from: descriptor, name: name)
      guard received > 0 else { return FileBytes(kept) }
      // Growing would briefly take twice as much; untouched pages cost nothing.
      if kept.count >= blockSize { kept.reserveCapacity(mostInMemory + blockSize) }
      kept += block.prefix(received)
    }
    let folder = folder
    let file = unnamedFile(in: folder)
    guard file >= 0 else { throw failure(errno, folder: folder, name: name) }
    let bytes = FileBytes(descriptor: file)
    try keep(kept[...], in: file, folder: folder, name: name)
    kept = []
    while case let received = try receive(&block, from: descriptor, name: name), received > 0 {
      try keep(block.prefix(received), in: file, folder: folder, name: name)
    }
    return bytes
  }

  /// The whole of `bytes` as a file that a process can open: their own one, or an unnamed copy.
  ///
  /// - Parameter name: its name in errors.
  static func file(of bytes: FileBytes, name: String) throws(SoundFileError) -> FileBytes {
    if bytes.descriptor != nil { return bytes }
    let folder = folder
    let file = unnamedFile(in: folder)
    guard file >= 0 else { throw failure(errno, folder: folder, name: name) }
    let copy = FileBytes(descriptor: file)
    var offset = 0
    while case let block = bytes.bytes(at: offset, count: blockSize), !block.isEmpty {
      try keep(block[...], in: file, folder: folder, name: name)
      offset += block.count
    }
    return copy
  }

  /// The folder for large temporary files: `/tmp` is often in memory.
  private static var folder: String {
    if let wish = environmentPath("TMPDIR"), !wish.isEmpty { return wish }
    return access("/var/tmp", W_OK | X_OK) == 0 ? "/var/tmp" : "/tmp"
  }

  /// - Returns: a descriptor, or -1 with the reason in `errno`.
  private static func unnamedFile(in folder: String) -> Int32 {
    // O_TMPFILE, whose macro Swift does not import.
    let temporaryFile = 0o20_000_000 | O_DIRECTORY
    let descriptor = folder.withSystemPath {
      open($0, O_RDWR | O_CLOEXEC | temporaryFile, 0o600)
    }
    // Some file systems lack it; some kernels try to open the folder itself.
    guard descriptor < 0, [EOPNOTSUPP, EISDIR, EINVAL].contains(errno) else { return descriptor }
    var path = Folder.join(folder, ".piq-audio-XXXXXX").withSystemPath {
      Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1))
    }
    let named = mkstemp(&path)
    if named >= 0 {
      unlink(path)
      _ = fcntl(named, F_SETFD, FD_CLOEXEC)
    }
    return named
  }

  private static func receive(
    _ block: inout [UInt8], from descriptor: Int32, name: String
  ) throws(SoundFileError) -> Int {
    while true {
      let received = read(descriptor, &block, block.count)
      if received < 0 && errno == EINTR { continue }
      guard received >= 0 else { throw .system(path: name, action: "read it", errno: errno) }
      return received
    }
  }

  private static func keep(
    _ bytes: ArraySlice<UInt8>, in file: Int32, folder: String, name: String
  ) throws(SoundFileError) {
    let code = bytes.withUnsafeBytes { writeAll($0, to: file) }
    guard code == 0 else { throw failure(code, folder: folder, name: name) }
  }

  private static func failure(_ code: Int32, folder: String, name: String) -> SoundFileError {
    let reason = String(cString: strerror(code)).lowercased()
    let isFull = [ENOSPC, EDQUOT, EFBIG].contains(code)
    return SoundFileError(
      path: name,
      problem: .file(
        Failure(
          path: name, problem: "could not be kept in \(printable(folder)): \(reason)",
          remedy: isFull
            ? "make room there, or name a folder that has more with TMPDIR"
            : "name another folder with TMPDIR", errno: code)))
  }
}
