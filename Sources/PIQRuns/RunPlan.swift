public import PIQAudio
public import PIQPipeline

/// The inputs of a run with the paths of their outputs, `folder/stem + suffix`, no two alike.
public struct RunPlan {
  /// The inputs that can be done, in their order.
  public private(set) var jobs: [ClipJob]
  /// The inputs that were met in a folder or a list and cannot be done, because their outputs would
  /// be those of another or replace an input.
  public private(set) var failures: [Failure] = []

  /// Plans the outputs.
  ///
  /// - Parameters:
  ///   - suffixes: the suffixes after a stem, by kind.
  ///   - folder: the output folder; the current one if nil.
  /// - Throws: `Failure.Code.outputsCollide` when two inputs that the user named would write the
  ///   same file, or one would write over another input.
  public init(
    _ inputs: [ClipInput], suffixes: [String: String], folder: String?
  ) throws(Failure) {
    let base = folder.map { Folder.join($0, "") } ?? ""
    jobs = inputs.map { ClipJob(input: $0, suffixes: suffixes, base: base) }
    let endangered = Self.realPaths(
      of: inputs.filter { input in suffixes.values.contains { input.path.hasSuffix($0) } })
    let writers = Self.writers(jobs)
    if writers.isEmpty, endangered.isEmpty { return }
    var kept: [ClipJob] = []
    for (index, job) in jobs.enumerated() {
      if let failure = try failure(of: index, writers, endangered) {
        failures.append(failure)
      } else {
        kept.append(job)
      }
    }
    jobs = kept
  }

  /// Why the job at `index` cannot be done; nil if it can.
  ///
  /// - Throws: that, for inputs that were named.
  private func failure(
    of index: Int, _ writers: [[UInt8]: [Int]], _ endangered: [[UInt8]: String]
  ) throws(Failure) -> Failure? {
    let input = jobs[index].input
    for (_, output) in jobs[index].outputs.sorted(by: { $0.key < $1.key }) {
      // Very many may have one name: no list of the others is made for each.
      let writers = writers[output.pathBytes] ?? []
      if let other = writers.first(where: { $0 != index }) {
        if input.isNamed,
          let named = writers.first(where: { $0 != index && jobs[$0].input.isNamed })
        {
          throw Self.collision(
            output,
            "\(printable(input.path)) and \(printable(jobs[named].input.path)) would both "
              + "write it")
        }
        return Self.collision(
          input.path,
          "is not done: it and \(printable(jobs[other].input.path)) would both write "
            + printable(output))
      }
      if !endangered.isEmpty, let path = Folder.realPath(output)?.pathBytes,
        let other = endangered[path]
      {
        if input.isNamed {
          throw Self.collision(
            output, "\(printable(input.path)) would write over the input \(printable(other))")
        }
        return Self.collision(
          input.path, "is not done: it would write over the input \(printable(other))")
      }
    }
    return nil
  }

  private static func collision(_ path: String, _ problem: String) -> Failure {
    Failure(
      .outputsCollide, path: path, problem: problem,
      remedy: "run them apart, with another output folder each, or keep their paths")
  }

  /// The jobs that write each file that is written by more than one.
  private static func writers(_ jobs: [ClipJob]) -> [[UInt8]: [Int]] {
    // The names themselves would dominate a large run's memory.
    var hashes: [Int] = []
    hashes.reserveCapacity(jobs.count * (jobs.first?.outputs.count ?? 0))
    for job in jobs {
      // By bytes: strings that only look the same are equal to Swift, but are different files.
      for output in job.outputs.values { hashes.append(output.pathBytes.hashValue) }
    }
    hashes.sort()
    let shared = Set(zip(hashes, hashes.dropFirst()).filter { $0 == $1 }.map(\.0))
    guard !shared.isEmpty else { return [:] }
    var writers: [[UInt8]: [Int]] = [:]
    for (index, job) in jobs.enumerated() {
      for output in job.outputs.values where shared.contains(output.pathBytes.hashValue) {
        writers[output.pathBytes, default: []].append(index)
      }
    }
    return writers.filter { $0.value.count > 1 }
  }

  private static func realPaths(of inputs: [ClipInput]) -> [[UInt8]: String] {
    Dictionary(
      inputs.compactMap { input in
        Folder.realPath(input.path).map { ($0.pathBytes, input.path) }
      }, uniquingKeysWith: { first, _ in first })
  }
}
