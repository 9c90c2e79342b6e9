import ArgumentParser
import PIQAudio
import PIQPipeline
import PIQRuns

/// The inputs.
struct InputOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "Sound files, folders to be searched for them, or - for standard input.",
      valueName: "input"),
    completion: .file())
  var inputs: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      Read more inputs from a file, one per line or separated by NUL bytes (find -print0); - is \
      standard input; may be repeated.
      """, valueName: "file"), completion: .file())
  var filesFrom: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      Take one slice of the inputs, the i-th of n, from 1/n to n/n: for several machines, given the \
      same inputs. Which slice an input belongs to depends on its path alone.
      """, valueName: "i/n"), transform: { try Shard($0) })
  var shard: Shard?

  /// The infix in the names of a shard's files: `-2-of-3`.
  var shardInfix: String { shard.map { "-\($0.index)-of-\($0.count)" } ?? "" }

  /// The inputs given by the arguments with their outputs, and the failures of folders and inputs
  /// that cannot be done.
  ///
  /// - Parameters:
  ///   - suffixes: the suffixes of outputs, by kind.
  ///   - channels: which channels of the inputs are taken.
  /// - Throws: `Failure`; `UsageError` when there is no input or standard input is named twice.
  func plan(
    _ output: OutputOptions, suffixes: [String: String], _ channels: ChannelOptions,
    _ terminal: Terminal
  ) throws -> (jobs: [ClipJob], failures: [Failure]) {
    let found = try expand(keepsPaths: output.keepPaths, terminal)
    // All inputs are planned, so that two shards cannot write the same file either.
    let inputs = try channels.select(of: found.inputs, terminal)
    let plan = try RunPlan(inputs, suffixes: suffixes, folder: output.outputDir)
    let failures = plan.failures.filter { shard?.contains($0.path ?? "") ?? true }
    return (slice(plan.jobs, terminal), found.failures + failures)
  }

  private func expand(keepsPaths: Bool, _ terminal: Terminal) throws -> InputExpansion {
    if filesFrom.contains("-") && inputs.contains("-") {
      throw UsageError("standard input cannot be both a sound file and a list of files")
    }
    if inputs.isEmpty && filesFrom.isEmpty {
      throw UsageError("no input was given; name sound files or folders, or see --help")
    }
    let once = UsageError("standard input can be given only once")
    if filesFrom.count(where: { $0 == "-" }) > 1 { throw once }
    let listed = try filesFrom.flatMap { path throws(Failure) in
      try ClipInput.paths(listedIn: path)
    }
    if (inputs + listed).count(where: { $0 == "-" }) > 1 { throw once }
    return InputExpansion(named: inputs, listed: listed, keepsPaths: keepsPaths) { remark in
      switch remark {
      case _ where remark.isDetail: terminal.note("\(remark)")
      case .leftOut, .repetitions: terminal.notice("\(remark); --verbose lists them")
      default: terminal.notice("\(remark)")
      }
    }
  }

  /// Those of `jobs` in the requested shard; all of them without one.
  private func slice(_ jobs: [ClipJob], _ terminal: Terminal) -> [ClipJob] {
    guard let shard else { return jobs }
    let slice = jobs.filter { shard.contains($0.input.path) }
    if slice.isEmpty && !jobs.isEmpty {
      terminal.notice("none of the inputs is in shard \(shard); there is nothing to do")
    }
    return slice
  }
}

extension Shard {
  /// Reads `i/n`.
  ///
  /// - Throws: `ValidationError`.
  fileprivate init(_ text: String) throws {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { $0.first?.isWholeNumber == true ? Int($0) : nil }
    guard parts.count == 2, numbers.count == 2 else {
      throw ValidationError("a slice is two numbers, such as 1/3 for the first of three")
    }
    guard let shard = Shard(index: numbers[0], count: numbers[1]) else {
      throw ValidationError(
        numbers[1] < 1
          ? "there must be at least one slice"
          : "the slices of \(numbers[1]) are 1/\(numbers[1]) to \(numbers[1])/\(numbers[1])")
    }
    self = shard
  }
}
