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
      var status = stat()
      if code == 0 || (stat(made, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR) {
        made += "/"
        continue
      }
      let reason = code == EEXIST ? ENOTDIR : code
      throw Failure(path: path, action: "make the folder", errno: reason)
    }
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
