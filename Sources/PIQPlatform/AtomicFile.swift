import Foundation
import Synchronization

/// Writes files atomically: under a temporary name beside the target, then renamed.
public enum AtomicFile {
  private static let unfinished = Mutex<Set<String>>([])

  /// Has `write` fill an empty temporary file beside `path`, then renames it to `path`.
  ///
  /// The temporary name keeps the extension of `path`. On any error, the temporary file is removed
  /// and an older file at `path` is unchanged.
  ///
  /// - Throws: what `write` throws, or `Failure` when the file cannot be put in place.
  public static func write(to path: String, _ write: (_ temporaryPath: String) throws -> Void)
    throws
  {
    let file = try TemporaryFile(path: path)
    try write(file.temporary)
    try file.putInPlace()
  }

  /// Writes `chunks` one after the other to a file that appears at `path` when all is written.
  ///
  /// - Parameter isDurable: whether the file is synced to disk before it replaces another: one of
  ///   the two survives a power cut.
  /// - Throws: `Failure`, naming `path`.
  public static func write(
    _ chunks: [UnsafeRawBufferPointer], to path: String, isDurable: Bool = false
  ) throws {
    try write(to: path, isDurable: isDurable) { append in
      for chunk in chunks { try append(chunk) }
    }
  }

  /// Writes a file piece by piece in `body`, which appears at `path` when complete.
  ///
  /// - Parameters:
  ///   - isDurable: as in `write(_:to:isDurable:)`.
  ///   - body: calls `append` for each piece, and not after it has returned.
  /// - Throws: what `body` throws, or `Failure`, naming `path`.
  public static func write(
    to path: String, isDurable: Bool = false,
    pieces body: (_ append: @escaping (UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws {
    let file = try GrowingFile(path: path)
    try body { try file.append($0) }
    try file.putInPlace(isDurable: isDurable)
  }

  /// Writes `bytes` to a file that appears at `path` when all is written.
  ///
  /// - Throws: `Failure`, naming `path`.
  public static func write(
    _ bytes: some Collection<UInt8>, to path: String, isDurable: Bool = false
  ) throws {
    try Array(bytes).withUnsafeBytes { try write([$0], to: path, isDurable: isDurable) }
  }

  /// Removes the temporary files of all writes in progress, and ends the process before another can
  /// begin. For signal handlers.
  public static func removeUnfinished(thenExit status: Int32) -> Never {
    unfinished.withLock { paths in
      for path in paths { path.withSystemPath { _ = unlink($0) } }
      _exit(status)
    }
  }

  /// Makes an empty temporary file beside `path`, and records its name, without a signal in
  /// between.
  ///
  /// - Throws: `Failure`, naming `path`.
  fileprivate static func makeTemporary(for path: String) throws(Failure) -> String {
    let temporary = temporaryPath(for: path)
    let code = unfinished.withLock { paths -> Int32 in
      let descriptor = temporary.withSystemPath {
        open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      }
      guard descriptor >= 0 else { return errno }
      close(descriptor)
      paths.insert(temporary)
      return 0
    }
    guard code == 0 else { throw Failure(path: path, action: "write it", errno: code) }
    return temporary
  }

  /// Removes a temporary file, unless it has been renamed.
  fileprivate static func removeTemporary(_ temporary: String) {
    temporary.withSystemPath { _ = unlink($0) }
    _ = unfinished.withLock { $0.remove(temporary) }
  }

  private static func temporaryPath(for path: String) -> String {
    let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    let folder = path.dropLast(name.count)
    // Hidden, and short enough for a name that is itself as long as the system allows.
    let suffix = name.suffix(from: name.lastIndex(of: ".") ?? name.endIndex).suffix(16)
    let unique = String(UInt32.random(in: .min ... .max), radix: 36)
    return "\(folder)\(prefix)\(getpid())-\(unique)\(suffix)"
  }

  /// Names the machine too: several may write to one network folder.
  private static let prefix: String = {
    var name = [CChar](repeating: 0, count: 65)
    let isKnown = gethostname(&name, name.count - 1) == 0
    var host = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    // Containers may share a host name, and have separate process numbers.
    let space = Folder.destination(ofLink: "/proc/self/ns/pid")
    host += Array((space ?? "").utf8)
    // FNV-1a: short, and collisions between machines of a cluster are unlikely.
    let hash = (isKnown ? host : []).reduce(UInt32(2_166_136_261)) {
      ($0 ^ UInt32($1)) &* 16_777_619
    }
    return ".piq-audio-\(String(hash, radix: 36))-"
  }()

  /// Removes the temporary files of killed processes of this machine from a folder.
  public static func removeAbandoned(in folder: String) {
    let names = try? Folder.names(in: folder)
    for name in names ?? [] where name.hasPrefix(prefix) {
      let rest = name.dropFirst(prefix.count).prefix { $0 != "-" }
      guard let process = pid_t(rest), process > 0, kill(process, 0) != 0, errno == ESRCH else {
        continue
      }
      Folder.join(folder, name).withSystemPath { _ = unlink($0) }
    }
  }
}

/// An empty file beside `path` that takes its place with `putInPlace()`, and is removed with this
/// object otherwise.
package final class TemporaryFile {
  /// Where the file will appear.
  package let path: String
  /// Its temporary path.
  package let temporary: String

  /// Makes the file.
  ///
  /// - Throws: `Failure`, naming `path`.
  package init(path: String) throws(Failure) {
    self.path = path
    temporary = try AtomicFile.makeTemporary(for: path)
  }

  deinit { AtomicFile.removeTemporary(temporary) }

  /// Gives the file its name.
  ///
  /// - Throws: `Failure`, naming `path`.
  package func putInPlace() throws(Failure) {
    let code = temporary.withSystemPath { old in path.withSystemPath { rename(old, $0) } }
    guard code == 0 else {
      throw Failure(path: path, action: "write it", errno: errno)
    }
  }
}
