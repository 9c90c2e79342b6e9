import Foundation

/// What tells whether a file is still the same.
public struct FileFacts: Sendable, Equatable {
  /// In bytes.
  public let size: Int64
  /// When it was changed, in nanoseconds since 1970.
  public let modified: Int64

  /// Those of the file at `path`; nil where there is none.
  public init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    size = Int64(status.st_size)
    modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
  }
}
