import Foundation
import Testing

/// A fresh folder in which the program runs with the small model; removed with this object.
final class Workspace {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/piq-audio-command-" + UUID().uuidString
    try FileManager.default.createDirectory(
      atPath: path + "/work", withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The folder that runs start in.
  var folder: String { path + "/work" }

  /// The path of `name` in the folder.
  func file(_ name: String) -> String { "\(folder)/\(name)" }

  /// Writes a file and the folders above it.
  func write(_ name: String, _ bytes: some Sequence<UInt8>) throws {
    let url = URL(filePath: file(name))
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: file(name))))
  }

  func json(_ name: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(bytes(name))) as? [String: Any])
  }

  /// Every file in the folder and below it, hidden ones included, in order; without what a run keeps
  /// about itself.
  var files: [String] {
    allFiles.filter { file in
      let name = file.split(separator: "/").last ?? ""
      return !name.hasPrefix("results") && !name.hasPrefix(".piq-audio-journal")
    }
  }

  /// These as well.
  var allFiles: [String] {
    let manager = FileManager.default
    let found = manager.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    var isFolder: ObjCBool = false
    return found.filter {
      manager.fileExists(atPath: file($0), isDirectory: &isFolder) && !isFolder.boolValue
    }.sorted()
  }

  /// Expects that no temporary file is left.
  func expectNothingHalfWritten(sourceLocation: SourceLocation = #_sourceLocation) {
    let hidden = files.filter { $0.contains("/.") || $0.hasPrefix(".") }
    #expect(hidden == [], sourceLocation: sourceLocation)
  }

  /// Runs `piq-audio`, `input` being the file on standard input.
  func run(
    _ arguments: [String], input: String? = nil, environment: [String: String] = [:]
  ) throws -> Outcome {
    try start(Program.path, arguments, input: input, environment: environment).wait()
  }

  /// Runs a shell script in which `"$@"` is `piq-audio` with `arguments`.
  func shell(_ script: String, _ arguments: [String]) throws -> Outcome {
    try start("/bin/sh", ["-c", script, "sh", Program.path] + arguments).wait()
  }

  /// Starts a program.
  func start(
    _ executable: String, _ arguments: [String], input: String? = nil,
    environment: [String: String] = [:]
  ) throws -> RunningProgram {
    var all = Program.environment
    all["PIQ_AUDIO_MODEL"] = try SmallModel.path.get()
    return try RunningProgram(
      executable, arguments, in: folder, streams: "\(path)/streams-\(UUID().uuidString)",
      owner: self, input: input, environment: all.merging(environment) { $1 })
  }
}

/// The model that makes tests fast: Fixtures/small-speechbrain, imported once by the program.
enum SmallModel {
  private static let folder = NSTemporaryDirectory() + "/piq-audio-model-" + UUID().uuidString

  static let path = Result<String, any Error> {
    atexit { try? FileManager.default.removeItem(atPath: SmallModel.folder) }
    let outcome = try RunningProgram(
      Program.path, ["model", "import", Program.fixture("small-speechbrain"), "-o", model],
      in: Program.project, streams: folder + "/streams", environment: Program.environment
    ).wait()
    guard outcome.status == 0 else { throw ImportFailure(description: outcome.errors) }
    return model
  }

  private static var model: String { folder + "/model" }

  private struct ImportFailure: Error, CustomStringConvertible {
    let description: String
  }
}
