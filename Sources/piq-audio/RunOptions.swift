import ArgumentParser
import Logging
import PIQAudio
import PIQPipeline
import PIQRuns

/// Which model to use.
struct ModelOptions: ParsableArguments {
  @Option(
    name: [.customShort("m", allowingJoined: true), .long],
    help: ArgumentHelp(
      "The model folder. Otherwise $PIQ_AUDIO_MODEL, or the bundled model.", valueName: "dir"),
    completion: .directory)
  var model: String?

  func validate() throws { try refuseEmpty(model, "--model") }

  func load(precision: PrecisionChoice = .float32) throws -> Model {
    guard precision.named?.isNative ?? true else {
      throw UsageError(
        "this CPU does not multiply bf16 by itself (that takes AVX512-BF16 or AMX); leave "
          + "--precision out: f32 is faster on it")
    }
    return try Model(path: ModelLocation.find(model), precision: precision)
  }
}

/// The division of cores.
struct ParallelOptions: ParsableArguments {
  @Option(
    name: [.customShort("j", allowingJoined: true), .long],
    help: ArgumentHelp(
      """
      How many clips are under way at a time. Otherwise as many as there are cores; each takes \
      memory of its own.
      """, valueName: "n"))
  var jobs: Int?

  @Option(
    name: [.customShort("t", allowingJoined: true), .long],
    help: ArgumentHelp(
      """
      How many threads each clip uses. Otherwise the cores are shared out among the clips under \
      way: one each in a batch, all of them for a single clip. Outputs do not depend on it.
      """, valueName: "n"))
  var threads: Int?

  func validate() throws {
    try require(jobs, in: 1...1024, "--jobs")
    try require(threads, in: 1...1024, "--threads")
  }

  /// The division of cores among `count` clips.
  func divide(_ count: Int) -> OrderedWork { OrderedWork(count, jobs: jobs, threads: threads) }
}

/// The verbosity on standard error.
struct MessageOptions: ParsableArguments {
  @Flag(name: .shortAndLong, help: "Say nothing but errors and results.")
  var quiet = false

  @Flag(
    name: .shortAndLong,
    help: "Print details on standard error, such as the time that each stage took.")
  var verbose = false

  var level: Logger.Level { quiet ? .error : verbose ? .debug : .notice }

  func validate() throws {
    if quiet && verbose { throw ValidationError("--quiet and --verbose contradict each other") }
  }
}

/// Where outputs go.
struct OutputOptions: ParsableArguments {
  @Option(
    name: [.customShort("o", allowingJoined: true), .long],
    help: ArgumentHelp(
      """
      The folder for outputs, created if missing; otherwise the current one. Folders given as \
      input are mirrored below it.
      """, valueName: "dir"), completion: .directory)
  var outputDir: String?

  @Flag(
    help: """
      Give outputs the whole path of their input below the output folder, for files of the same name \
      in many folders: /card1/a.wav becomes card1/a; a part .. becomes __.
      """)
  var keepPaths = false

  @Option(
    help: """
      What to do with a clip whose outputs exist: overwrite them, skip it if all exist, or fail it \
      if any exists.
      """)
  var existing = ExistingOutputs.overwrite

  func validate() throws { try refuseEmpty(outputDir, "--output-dir") }
}

/// Refuses an empty path, most often that of a shell variable that is not set.
///
/// - Throws: `ValidationError`.
func refuseEmpty(_ path: String?, _ option: String) throws {
  if path?.isEmpty == true { throw ValidationError("\(option) is empty; name a folder") }
}

/// Refuses a number outside a range; nil is the standard one.
///
/// - Throws: `ValidationError`.
func require<Number: Comparable>(
  _ value: Number?, in range: ClosedRange<Number>, _ option: String
) throws {
  if let value, !range.contains(value) {
    throw ValidationError(
      "\(option) needs a number from \(range.lowerBound) to \(range.upperBound)")
  }
}

/// An invalid command line, detected after parsing.
struct UsageError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// The options of the explanation method.
struct MethodOptions: ParsableArguments {
  @Option(
    help: """
      What makes the masks: the model's own interpreter, or another method on the same classifier. \
      Otherwise the interpreter where the model has one, and occlusion where not.
      """)
  var method: ExplanationMethod?

  @Option(
    help: ArgumentHelp(
      "How many noisy copies smoothgrad takes, and steps integrated-gradients.", valueName: "n"))
  var steps = ExplainerSettings().steps

  @Option(
    help: ArgumentHelp(
      "The fraction of the spectrogram that amt leaves out, from 0 to 1.", valueName: "part"))
  var quantile = ExplainerSettings().quantile

  @Option(
    help: ArgumentHelp(
      "How many masked copies rise and lime take.", valueName: "n"))
  var samples = ExplainerSettings().samples

  @Option(
    help: ArgumentHelp(
      """
      The size of what occlusion, rise and lime take away: seconds, or seconds x hertz, such as \
      0.2x500. A tenth of all frequencies unless given.
      """, valueName: "size"))
  var patch = ExplainerSettings().patch

  @Option(help: "What takes its place: silence, or the mean of each frequency bin.")
  var baseline = ExplainerSettings().baseline

  @Option(
    help: ArgumentHelp(
      "Decides about all that is drawn, such as noise and random masks.", valueName: "n"))
  var seed: UInt64 = 0

  func validate() throws {
    try require(steps, in: 1...10_000, "--steps")
    try require(quantile, in: 0...1, "--quantile")
    try require(samples, in: 2...1_000_000, "--samples")
  }

  /// The settings of the method.
  var settings: ExplainerSettings {
    ExplainerSettings(
      steps: steps, seed: seed, quantile: quantile, samples: samples, patch: patch,
      baseline: baseline)
  }
}
