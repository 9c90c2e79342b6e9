import Foundation
import Synchronization

/// Writes files that appear whole or not at all: under a temporary name beside the target, which
/// a rename puts in place.
public enum AtomicFile {
  private static let unfinished = Mutex<Set<String>>([])

  /// Has `write` fill an empty temporary file beside `path`, then renames it to `path`.
  ///
  /// The temporary name keeps the extension of `path`. Whatever goes wrong, the temporary file is
  /// removed and an older file at `path` stays as it was.
  ///
  /// - Throws: what `write` throws, or `Failure` when the file cannot be put in place.
  public static func write(to path: String, _ write: (_ temporaryPath: String) throws -> Void)
    throws
  {
    let temporary = try makeTemporary(for: path)
    defer { removeTemporary(temporary) }
    try write(temporary)
    guard rename(temporary, path) == 0 else {
      throw Failure(path: path, action: "write it", errno: errno)
    }
  }

  /// Writes `chunks` one after the other to a file that appears at `path` when all is written.
  ///
  /// - Parameter isDurable: whether the file is on the disk, and not just on its way, before it
  ///   replaces another: what survives a power cut is one of the two.
  /// - Throws: `Failure`, naming `path`.
  public static func write(
    _ chunks: [UnsafeRawBufferPointer], to path: String, isDurable: Bool = false
  ) throws {
    try write(to: path, isDurable: isDurable) { append in
      for chunk in chunks { try append(chunk) }
    }
  }

  /// Has `body` make a file piece by piece, which appears at `path` when all is written.
  ///
  /// - Parameters:
  ///   - isDurable: as in `write(_:to:isDurable:)`.
  ///   - body: calls `append` for each piece, and no more when it has returned.
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

  /// Removes the temporary files of every write under way, and ends the process before another
  /// can begin. For the handler of a signal.
  public static func removeUnfinished(thenExit status: Int32) -> Never {
    unfinished.withLock { paths in
      for path in paths { unlink(path) }
      _exit(status)
    }
  }

  /// Makes an empty temporary file beside `path`, and notes its name in one step, so that no signal
  /// comes in between.
  ///
  /// - Throws: `Failure`, naming `path`.
  static func makeTemporary(for path: String) throws(Failure) -> String {
    let temporary = temporaryPath(for: path)
    let code = unfinished.withLock { paths -> Int32 in
      let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { return errno }
      close(descriptor)
      paths.insert(temporary)
      return 0
    }
    guard code == 0 else { throw Failure(path: path, action: "write it", errno: code) }
    return temporary
  }

  /// Removes a temporary file, unless it has got its own name by now.
  static func removeTemporary(_ temporary: String) {
    unlink(temporary)
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

  /// Names the machine, too: several may write to one folder of a network.
  private static let prefix: String = {
    var name = [CChar](repeating: 0, count: 65)
    let isKnown = gethostname(&name, name.count - 1) == 0
    var host = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    // Containers may share a name, and number their processes apart.
    let space = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
    host += Array((space ?? "").utf8)
    // FNV-1a: short, and no two machines of a cluster share it but by bad luck.
    let hash = (isKnown ? host : []).reduce(UInt32(2_166_136_261)) {
      ($0 ^ UInt32($1)) &* 16_777_619
    }
    return ".piq-audio-\(String(hash, radix: 36))-"
  }()

  /// Removes from a folder what processes of this machine that were killed left half-written.
  public static func removeAbandoned(in folder: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for name in names where name.hasPrefix(prefix) {
      let rest = name.dropFirst(prefix.count).prefix { $0 != "-" }
      guard let process = pid_t(rest), process > 0, kill(process, 0) != 0, errno == ESRCH else {
        continue
      }
      unlink(Folder.join(folder, name))
    }
  }
}
