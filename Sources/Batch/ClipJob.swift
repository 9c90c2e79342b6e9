import Files
import Foundation

/// One clip's way through a run: its input and where each output goes.
public struct ClipJob: Sendable, Hashable {
  public let input: ClipInput
  /// The paths to write, by kind (`audio`, `json`, …).
  public let outputs: [String: String]

  /// Pairs each input with its outputs `folder/stem + suffix`.
  ///
  /// - Parameters:
  ///   - suffixes: what follows a stem, by kind.
  ///   - folder: the output folder; the current one if nil.
  /// - Throws: `BatchError` of kind `usage` when two inputs would write the same file, when one
  ///   would write over another, or when standard input is named twice.
  public static func plan(
    _ inputs: [ClipInput], suffixes: [String: String], folder: String?
  ) throws(BatchError) -> [ClipJob] {
    let base = folder.map { $0.hasSuffix("/") ? $0 : $0 + "/" } ?? ""
    let endangered = realPaths(
      of: inputs.filter { input in
        suffixes.values.contains { input.path.hasSuffix($0) }
      })
    // By bytes: strings that only look the same are equal to Swift, but are different files.
    var writers: [[UInt8]: String] = [:]
    var jobs: [ClipJob] = []
    for input in inputs {
      let outputs = suffixes.mapValues { base + input.stem + $0 }
      for (_, output) in outputs.sorted(by: { $0.key < $1.key }) {
        let key = Array((output as NSString).standardizingPath.utf8)
        if let other = writers.updateValue(input.path, forKey: key) {
          throw BatchError(
            kind: .usage, path: output,
            problem: "\(printable(other)) and \(printable(input.path)) would both write it",
            remedy: "run them apart, or with another --output-dir each")
        }
        if !endangered.isEmpty, let path = realPath(output), let other = endangered[path] {
          throw BatchError(
            kind: .usage, path: output,
            problem: "\(printable(input.path)) would write over the input \(printable(other))",
            remedy: "choose another --output-dir, or leave that input out")
        }
      }
      jobs.append(ClipJob(input: input, outputs: outputs))
    }
    return jobs
  }

  private static func realPaths(of inputs: [ClipInput]) -> [[UInt8]: String] {
    Dictionary(
      inputs.compactMap { input in realPath(input.path).map { ($0, input.path) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// The path of an existing file without links and dots.
  private static func realPath(_ path: String) -> [UInt8]? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return Array(String(cString: resolved).utf8)
  }

  /// This job with the outputs of `kinds` alone.
  func keeping(_ kinds: [OutputKind]) -> ClipJob {
    ClipJob(
      input: input, outputs: outputs.filter { key, _ in kinds.contains { $0.rawValue == key } })
  }

  /// Whether the clip is to be skipped because its outputs exist.
  ///
  /// - Throws: `BatchError` when one exists and none may.
  func shouldSkip(_ existing: ExistingOutputs) throws(BatchError) -> Bool {
    guard existing != .overwrite, !outputs.isEmpty else { return false }
    let present = outputs.values.sorted().filter { access($0, F_OK) == 0 }
    if existing == .fail, let first = present.first {
      throw BatchError(
        kind: .input, path: first, problem: "exists already",
        remedy: "remove it, or use --existing overwrite or --existing skip")
    }
    return present.count == outputs.count
  }

  /// Makes the folders that the outputs go to.
  ///
  /// - Throws: `FileError`.
  func makeFolders() throws(FileError) {
    for output in outputs.values.sorted() {
      let folder = (output as NSString).deletingLastPathComponent
      if !folder.isEmpty { try Folder.make(folder) }
    }
  }
}
