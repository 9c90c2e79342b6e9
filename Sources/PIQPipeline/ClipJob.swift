import Foundation
public import PIQPlatform

/// One clip's way through a run: its input and where each output goes.
public struct ClipJob: Sendable, Hashable {
  public let input: ClipInput
  /// What follows the stem, by kind, and what goes before it: shared by all jobs of a run, of which
  /// there may be very many.
  private let suffixes: [String: String]
  private let base: String

  /// The paths to write, by kind (`audio`, `json`, …).
  public var outputs: [String: String] { suffixes.mapValues { base + input.stem + $0 } }

  /// The path of one kind; nil where it is not written.
  public func output(_ kind: OutputKind) -> String? {
    suffixes[kind.rawValue].map { base + input.stem + $0 }
  }

  /// Pairs each input with its outputs `folder/stem + suffix`.
  ///
  /// - Parameters:
  ///   - suffixes: what follows a stem, by kind.
  ///   - folder: the output folder; the current one if nil.
  /// - Throws: `Failure` of kind `usage` when two inputs would write the same file, when one
  ///   would write over another, or when standard input is named twice.
  public static func plan(
    _ inputs: [ClipInput], suffixes: [String: String], folder: String?
  ) throws(Failure) -> [ClipJob] {
    let base = folder.map { $0.hasSuffix("/") ? $0 : $0 + "/" } ?? ""
    let endangered = realPaths(
      of: inputs.filter { input in
        suffixes.values.contains { input.path.hasSuffix($0) }
      })
    let jobs = inputs.map { ClipJob(input: $0, suffixes: suffixes, base: base) }
    let shared = sharedHashes(jobs)
    if shared.isEmpty, endangered.isEmpty { return jobs }
    // By bytes: strings that only look the same are equal to Swift, but are different files.
    var writers: [[UInt8]: String] = [:]
    for job in jobs {
      let input = job.input
      for (_, output) in job.outputs.sorted(by: { $0.key < $1.key }) {
        let key = fileName(output)
        if shared.contains(key.hashValue), let other = writers.updateValue(input.path, forKey: key)
        {
          throw Failure(
            .outputsCollide, path: output,
            problem: "\(printable(other)) and \(printable(input.path)) would both write it",
            remedy: "run them apart, or with another output folder each")
        }
        if !endangered.isEmpty, let path = realPath(output), let other = endangered[path] {
          throw Failure(
            .outputsCollide, path: output,
            problem: "\(printable(input.path)) would write over the input \(printable(other))",
            remedy: "choose another output folder, or leave that input out")
        }
      }
    }
    return jobs
  }

  /// The hashes that outputs have in common: only these may be the same file. The names themselves
  /// would be most of what a large run keeps.
  private static func sharedHashes(_ jobs: [ClipJob]) -> Set<Int> {
    var hashes: [Int] = []
    hashes.reserveCapacity(jobs.count * (jobs.first?.suffixes.count ?? 0))
    for job in jobs {
      for output in job.outputs.values { hashes.append(fileName(output).hashValue) }
    }
    hashes.sort()
    return Set(zip(hashes, hashes.dropFirst()).filter { $0 == $1 }.map(\.0))
  }

  private static func fileName(_ path: String) -> [UInt8] {
    Array((path as NSString).standardizingPath.utf8)
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
      input: input,
      suffixes: suffixes.filter { key, _ in kinds.contains { $0.rawValue == key } }, base: base)
  }

  /// Whether the clip is to be skipped because its outputs exist.
  ///
  /// - Throws: `Failure` when one exists and none may.
  func shouldSkip(_ existing: ExistingOutputs) throws(Failure) -> Bool {
    guard existing != .overwrite, !suffixes.isEmpty else { return false }
    let present = outputs.values.sorted().filter { access($0, F_OK) == 0 }
    if existing == .fail, let first = present.first {
      throw Failure(
        .outputExists, path: first, problem: "exists already",
        remedy: "remove it, or have it overwritten or skipped")
    }
    return present.count == suffixes.count
  }

  /// Makes the folders that the outputs go to.
  ///
  /// - Throws: `Failure`.
  func makeFolders() throws(Failure) {
    for output in outputs.values.sorted() {
      let folder = (output as NSString).deletingLastPathComponent
      if !folder.isEmpty { try Folder.make(folder) }
    }
  }
}
