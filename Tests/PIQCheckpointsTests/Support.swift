import Foundation
import PIQCheckpoints
import PIQPlatform
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
    try AtomicFile.write(Array(bytes), to: path)
    try body(path)
  }
}

/// Writes `bytes` to `path` anew. An older file is removed first, since file systems hurry to put
/// on the disk what replaces one, which takes long when it is done thousands of times.
func rewrite(_ bytes: [UInt8], to path: String) throws {
  unlink(path)
  try AtomicFile.write(bytes, to: path)
}

/// The path of a file in Fixtures/checkpoints.
func fixture(_ name: String) -> String {
  var root = URL(filePath: #filePath)
  for _ in 0..<3 { root.deleteLastPathComponent() }
  return root.appending(path: "Fixtures/checkpoints/\(name)").path(percentEncoded: false)
}

/// The error that `body` throws has to be a `Failure` on one line that names `path` and
/// contains `words`.
func expectRefusal(
  _ path: String, _ words: String, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> Any
) {
  let error = #expect(throws: Failure.self, sourceLocation: sourceLocation) {
    _ = try body()
  }
  guard let error else { return }
  #expect(error.path?.hasPrefix(path) == true, "\(error)", sourceLocation: sourceLocation)
  #expect(error.problem.contains(words), "\(error)", sourceLocation: sourceLocation)
  #expect(error.remedy?.isEmpty == false, sourceLocation: sourceLocation)
  #expect(!error.description.contains("\n"), sourceLocation: sourceLocation)
}

/// Every file that differs from `bytes` in its length or in one byte is read or refused, but
/// nothing else.
///
/// - Returns: how many of the prefixes, and of the files with one byte changed, were refused.
func damageEverywhere(
  _ bytes: [UInt8], _ read: ([UInt8]) throws -> Void
) throws -> (prefixes: Int, changes: Int) {
  func isRefused(_ damaged: [UInt8]) throws -> Bool {
    do {
      try read(damaged)
      return false
    } catch is Failure { return true }
  }
  var (prefixes, changes) = (0, 0)
  for length in bytes.indices where try isRefused(Array(bytes[..<length])) { prefixes += 1 }
  for index in bytes.indices {
    for change in [1, 8, 128, 255] as [UInt8] {
      var damaged = bytes
      damaged[index] ^= change
      if try isRefused(damaged) { changes += 1 }
    }
  }
  return (prefixes, changes)
}
