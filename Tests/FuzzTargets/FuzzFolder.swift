import Foundation
import TestSupport

/// A folder in which one name leads to a `FuzzFile`, and all others to what stays the same.
final class FuzzFolder {
  private let folder: TemporaryFolder
  private let file = FuzzFile()

  var path: String { folder.path }

  /// A folder with a link `name` to the file, and one to each other file of the folder `rest` whose
  /// name is in `kept`, or to all.
  init(_ name: String, beside rest: String?, keeping kept: Set<String>? = nil) throws {
    folder = try TemporaryFolder()
    let files = FileManager.default
    try files.createSymbolicLink(atPath: folder(name), withDestinationPath: file.path)
    guard let rest else { return }
    for other in try files.contentsOfDirectory(atPath: rest)
    where other != name && kept?.contains(other) ?? true {
      try files.createSymbolicLink(
        atPath: folder(other), withDestinationPath: rest + "/" + other)
    }
  }

  func replace(with bytes: UnsafeRawBufferPointer) { file.replace(with: bytes) }

  func replace(with bytes: [UInt8]) { file.replace(with: bytes) }
}
