import Foundation

/// Folders, and the parts of paths.
public enum Folder {
  private static let slash = UInt8(ascii: "/")

  /// Makes the folder at `path` and those above it that are missing.
  ///
  /// - Throws: `Failure`, naming `path`.
  public static func make(_ path: String) throws(Failure) {
    // Foundation's own function loses the system's reason.
    var made = path.hasPrefix("/") ? "/" : ""
    for part in path.utf8.split(separator: slash) {
      made += Substring(part)
      let code = mkdir(made, 0o777) == 0 ? 0 : errno
      if code == 0 || isFolder(made) {
        made += "/"
        continue
      }
      let reason = code == EEXIST ? ENOTDIR : code
      throw Failure(path: path, action: "make the folder", errno: reason)
    }
  }

  /// Whether there is a folder at `path`, or behind a link there.
  public static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The files that are not hidden in and below the folder at `path`, as relative paths sorted by
  /// their bytes: the same order in every locale.
  ///
  /// - Parameter isWanted: whether a path is among the results.
  /// - Throws: `Failure` when the folder cannot be read.
  public static func contents(
    below path: String, where isWanted: (String) -> Bool
  ) throws(Failure) -> [String] {
    // An enumerator does not follow a link, but the requested folder may be one.
    let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    guard access(path, R_OK | X_OK) == 0,
      let enumerator = FileManager.default.enumerator(atPath: resolved)
    else {
      throw Failure(
        .folderNotReadable, path: path, problem: "the folder could not be read",
        remedy: "check its permissions")
    }
    var found: [String] = []
    for case let name as String in enumerator where isWanted(name) {
      if !name.split(separator: "/").contains(where: { $0.hasPrefix(".") }) { found.append(name) }
    }
    return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
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
}
