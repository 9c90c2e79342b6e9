import Foundation

/// What the system says about a file.
public struct FileStatus: Sendable, Equatable {
  /// The kind of a file.
  public enum Kind: Sendable {
    case regular, folder, link
    /// A pipe, a socket or a device: reading it may wait for ever.
    case other
  }

  public let kind: Kind
  /// In bytes.
  public let size: Int64
  /// When it was changed, in nanoseconds since 1970.
  public let modified: Int64

  /// That of the file at `path`; nil where there is none or it cannot be reached.
  ///
  /// - Parameter followsLinks: whether that of a link is that of the file behind it.
  public init?(_ path: String, followsLinks: Bool = true) {
    var status = stat()
    let code = path.withSystemPath { followsLinks ? stat($0, &status) : lstat($0, &status) }
    guard code == 0 else { return nil }
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .folder
      case S_IFLNK: .link
      default: .other
      }
    size = Int64(status.st_size)
    modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
  }
}
