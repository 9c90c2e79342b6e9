import Foundation

/// Folders for outputs.
public enum Folder {
  /// Makes the folder at `path`, with those above it, unless it is there.
  ///
  /// - Throws: `FileError` naming the first folder that could not be made.
  public static func make(_ path: String) throws(FileError) {
    if path.isEmpty || path == "/" { return }
    var status = stat()
    if stat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFDIR else {
        throw FileError(
          path: path, problem: "is a file where a folder is needed", remedy: "choose another folder",
          code: ENOTDIR)
      }
      return
    }
    try make(parent(of: path))
    // Another run may have made it in the meantime.
    guard mkdir(path, 0o777) == 0 || errno == EEXIST else {
      throw FileError(path: path, action: "make the folder", errno: errno)
    }
  }

  /// The path of the folder that `path` lies in; empty for the current one.
  public static func parent(of path: String) -> String {
    var rest = path[...]
    while rest.count > 1, rest.last == "/" { rest = rest.dropLast() }
    guard let slash = rest.lastIndex(of: "/") else { return "" }
    return slash == rest.startIndex ? "/" : String(rest[..<slash])
  }

  /// The path of `name` in the folder `path`; the current folder if empty.
  public static func join(_ path: String, _ name: String) -> String {
    path.isEmpty || path.hasSuffix("/") ? path + name : "\(path)/\(name)"
  }

  /// The last part of `path`.
  public static func name(of path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}
