import Foundation

/// Makes the folder `path` and those above it that are missing.
///
/// - Throws: `FileError`, naming `path`.
public func makeFolder(_ path: String) throws(FileError) {
  // Foundation's own function loses the system's reason.
  var made = path.hasPrefix("/") ? "/" : ""
  for part in path.utf8.split(separator: UInt8(ascii: "/")) {
    made += Substring(part)
    let code = mkdir(made, 0o777) == 0 ? 0 : errno
    var status = stat()
    if code == 0 || (stat(made, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR) {
      made += "/"
      continue
    }
    let reason = code == EEXIST ? ENOTDIR : code
    throw FileError(path: path, action: "make the folder", errno: reason)
  }
}
