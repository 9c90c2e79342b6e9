import Checkpoints
import Foundation
import Testing

/// Calls `body` with a fresh folder, which is removed afterwards.
func withTemporaryFolder(_ body: (String) throws -> Void) throws {
  let folder = NSTemporaryDirectory() + "checkpoints-" + UUID().uuidString
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try body(folder)
}

/// Calls `body` with the path of a file that holds `bytes`.
func withFile(_ bytes: some Sequence<UInt8>, _ body: (String) throws -> Void) throws {
  try withTemporaryFolder { folder in
    let path = folder + "/file"
    try Data(bytes).write(to: URL(filePath: path))
    try body(path)
  }
}

/// The path of a file in Fixtures/checkpoints.
func fixture(_ name: String) -> String {
  var root = URL(filePath: #filePath)
  for _ in 0..<3 { root.deleteLastPathComponent() }
  return root.appending(path: "Fixtures/checkpoints/\(name)").path(percentEncoded: false)
}

/// The error that `body` throws has to be a `CheckpointError` on one line that names `path` and
/// contains `words`.
func expectRefusal(
  _ path: String, _ words: String, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> some Any
) {
  let error = #expect(throws: CheckpointError.self, sourceLocation: sourceLocation) {
    _ = try body()
  }
  guard let error else { return }
  #expect(error.path.hasPrefix(path), "\(error)", sourceLocation: sourceLocation)
  #expect(error.problem.contains(words), "\(error)", sourceLocation: sourceLocation)
  #expect(!error.remedy.isEmpty, sourceLocation: sourceLocation)
  #expect(!error.description.contains("\n"), sourceLocation: sourceLocation)
}

/// Every file that differs from `bytes` in its length or in one byte is read or refused, but
/// nothing else. `read` writes to one path, to save time.
///
/// - Returns: how many of the prefixes and of the other changes were refused.
func damageEverywhere(
  _ bytes: [UInt8], _ read: ([UInt8]) throws -> Void
) throws -> (prefixes: Int, changes: Int) {
  func isRefused(_ damaged: [UInt8]) throws -> Bool {
    do {
      try read(damaged)
      return false
    } catch is CheckpointError { return true }
  }
  var (prefixes, changes) = (0, 0)
  for length in bytes.indices where try isRefused(Array(bytes[..<length])) { prefixes += 1 }
  for index in bytes.indices {
    for change in [1, 2, 4, 8, 16, 32, 64, 128, 255] as [UInt8] {
      var damaged = bytes
      damaged[index] ^= change
      if try isRefused(damaged) { changes += 1 }
    }
  }
  return (prefixes, changes)
}
