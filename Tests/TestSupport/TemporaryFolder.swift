public import Foundation

/// A folder of its own for a test, removed with this object.
public final class TemporaryFolder {
  /// The folder, without a slash at its end.
  public let path: String

  public init() throws {
    path = URL(filePath: NSTemporaryDirectory()).appending(path: "piq-audio-\(UUID().uuidString)")
      .path(percentEncoded: false)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a file or folder called `name`.
  public func callAsFunction(_ name: String) -> String { path + "/" + name }

  /// Writes `data` to a file called `name`, making the folders on its way.
  ///
  /// - Returns: its path.
  @discardableResult
  public func write(_ data: Data, to name: String) throws -> String {
    let url = URL(filePath: self(name))
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try data.write(to: url)
    return self(name)
  }

  /// Writes `text` to a file called `name`, making the folders on its way.
  ///
  /// - Returns: its path.
  @discardableResult
  public func write(_ text: String, to name: String) throws -> String {
    try write(Data(text.utf8), to: name)
  }

  /// The files below the folder, hidden ones included, by their paths in it.
  public func contents() throws -> [String: Data] {
    var contents: [String: Data] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: path) {
      if let data = FileManager.default.contents(atPath: self(name)) { contents[name] = data }
    }
    return contents
  }
}
