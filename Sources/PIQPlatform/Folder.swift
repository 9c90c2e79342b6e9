import Foundation

/// Folders, and the parts of paths.
public enum Folder {
  private static let slash = UInt8(ascii: "/")

  /// Makes the folder at `path` and those above it that are missing.
  ///
  /// - Throws: `Failure`, naming `path`.
  public static func make(_ path: String) throws(Failure) {
    // Foundation's own function loses the system's reason.
    var made = path.utf8.first == slash ? "/" : ""
    for part in path.utf8.split(separator: slash) {
      made += Substring(part)
      let code = made.withSystemPath { mkdir($0, 0o777) } == 0 ? 0 : errno
      if code == 0 || isFolder(made) {
        made += "/"
        continue
      }
      let reason = code == EEXIST ? ENOTDIR : code
      throw Failure(path: path, action: "make the folder", errno: reason)
    }
  }

  /// Whether there is a folder at `path`, or behind a link there.
  public static func isFolder(_ path: String) -> Bool { FileStatus(path)?.kind == .folder }

  /// The names in the folder at `path`, hidden ones included, in the order of their bytes.
  ///
  /// - Throws: `Failure` when it cannot be read.
  public static func names(in path: String) throws(Failure) -> [String] {
    guard let stream = path.withSystemPath({ opendir($0) }) else { throw unreadable(path, errno) }
    defer { closedir(stream) }
    var names: [String] = []
    errno = 0
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(pathBytes: bytes.prefix { $0 != 0 })
      }
      if name != "." && name != ".." { names.append(name) }
      errno = 0
    }
    guard errno == 0 else { throw unreadable(path, errno) }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The failure of a folder that cannot be read, with the system's error number.
  static func unreadable(_ path: String, _ number: Int32) -> Failure {
    let system = Failure(path: path, action: "be read", errno: number)
    let reason = String(cString: strerror(number)).lowercased()
    return Failure(
      .folderNotReadable, path: path, problem: "the folder could not be read: \(reason)",
      remedy: number == EACCES ? "check its permissions" : system.remedy,
      isTransient: system.isTransient, underlying: system.underlying)
  }

  /// The path of the existing file at `path` from the root, without links and dots; nil where there
  /// is no file.
  public static func realPath(_ path: String) -> String? {
    guard let resolved = path.withSystemPath({ realpath($0, nil) }) else { return nil }
    defer { free(resolved) }
    return String(systemPath: resolved)
  }

  /// Where the link at `path` leads to; nil where there is none.
  public static func destination(ofLink path: String) -> String? {
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = path.withSystemPath { readlink($0, &target, target.count) }
    return count > 0
      ? String(pathBytes: target.prefix(count).map { UInt8(bitPattern: $0) }) : nil
  }

  /// The path of `name` in the folder `path`; the current folder if empty.
  public static func join(_ path: String, _ name: String) -> String {
    path.isEmpty || path.utf8.last == slash ? path + name : "\(path)/\(name)"
  }

  /// The folder that the file at `path` is in; "." for a bare name.
  public static func parent(of path: String) -> String {
    let folder = path.dropLast(name(of: path).count)
    return folder.isEmpty ? "." : folder.count == 1 ? "/" : String(folder.dropLast())
  }

  /// The last part of `path`.
  public static func name(of path: String) -> String {
    // By bytes: a combining mark after a slash would hide it.
    path.utf8.split(separator: slash).last.map { String(Substring($0)) } ?? path
  }

  /// The name of the folder at `path`, which may be `.` or end with `..`; its file may be missing.
  public static func ownName(of path: String) -> String {
    let last = name(of: path)
    guard last == "." || last == ".." || path.isEmpty else { return last }
    return realPath(path.isEmpty ? "." : path).map(name) ?? last
  }
}
