import Foundation
public import PIQAudio
public import PIQPipeline

extension ClipJob {
  /// Pairs each input with its outputs `folder/stem + suffix`.
  ///
  /// - Parameters:
  ///   - suffixes: the suffixes after a stem, by kind.
  ///   - folder: the output folder; the current one if nil.
  /// - Throws: `Failure.Code.outputsCollide` when two inputs would write the same file, when one
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

  /// The hashes shared by outputs: only these may be the same file. The names themselves would
  /// dominate a large run's memory.
  private static func sharedHashes(_ jobs: [ClipJob]) -> Set<Int> {
    var hashes: [Int] = []
    hashes.reserveCapacity(jobs.count * (jobs.first?.outputs.count ?? 0))
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
}
