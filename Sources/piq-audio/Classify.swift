import ArgumentParser
import PIQAudio
import PIQPipeline
import PIQRuns

/// `piq-audio classify`.
struct Classify: TerminalCommand {
  static let configuration = CommandConfiguration(
    abstract: "Classify clips and recordings without explaining them.",
    discussion: """
      A recording of more than 60 s is classified in windows of 5 s; its class is that of their \
      average. With --window, each window is a line, a row or an object of its own.
      In an output folder it writes
        results.csv               a row for each clip, or each window
        results.selections.txt    the same as a selection table for Raven
        results.jsonl             an object for each clip

      EXAMPLES
        piq-audio classify clip.wav
        piq-audio classify --csv recordings/ > classes.csv
        piq-audio classify --json --top 2 recordings/ | jq -c .top
        piq-audio classify --window 5 --overlap 0 --min-probability 0.8 -o season nights/
        piq-audio classify --channel each --csv stereo.wav
        piq-audio classify --only rooster --min-probability 0.9 --extract crows night.flac
        piq-audio classify --window 3 --only rooster --outputs labels night.flac
      """)

  @OptionGroup var input: InputOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var channels: ChannelOptions

  @Option(
    help: ArgumentHelp(
      """
      Tables to write of each recording's windows: a comma-separated list of \
      \(OutputKind.ofClasses.map(\.name).joined(separator: ", ")).
      """,
      valueName: "list"))
  var outputs: OutputList?

  @Option(
    help: ArgumentHelp(
      """
      Cut the windows that are listed out of the recordings, with their own rate and channels, as \
      clip.START-END.CLASS.wav in this folder, times in seconds. It is created if missing.
      """, valueName: "dir"), completion: .directory)
  var extract: String?

  @Option(help: ArgumentHelp("How many classes the JSON lists, likeliest first.", valueName: "n"))
  var top = 3

  @Flag(
    help: """
      Print one JSON object per clip, or per window with --window, each on a line, on standard \
      output.
      """)
  var json = false

  @Flag(
    help: """
      Print a CSV table: input, with --window start and end in seconds, label, index, probability, \
      then the probability of every class.
      """)
  var csv = false

  @OptionGroup(title: "Windows") var windows: WindowOptions
  @OptionGroup var model: ModelOptions
  @OptionGroup var parallel: ParallelOptions
  @OptionGroup var messages: MessageOptions

  func validate() throws {
    guard top > 0 else { throw ValidationError("--top needs a number from 1 on") }
    try refuseEmpty(extract, "--extract")
    if json && csv { throw ValidationError("--json and --csv contradict each other") }
    if let kind = outputs?.kinds.first(where: \.isOfClips) {
      throw ValidationError("\(kind.name) needs an explanation; piq-audio interpret writes it")
    }
  }

  func run(_ terminal: Terminal) throws {
    let (jobs, failures) = try input.plan(
      output, suffixes: outputs?.suffixes(.wav) ?? [:], channels, terminal)
    try checkExtraction(of: jobs.map(\.input))
    let model = try model.load()
    var settings = ClipProcessor.Settings()
    settings.top = top
    settings.existing = output.existing
    settings.extractFolder = extract
    settings.windowing = try windows.windowing(
      labels: model.configuration.labels, writing: outputs?.kinds ?? [], isExplicit: true)
    if let extract { try Folder.make(extract) }
    let watch = RecordingWatch(terminal, settings.windowing, verb: "classified")
    let processor = ClipProcessor(model, settings) { watch.take($0) }
    let results = try output.outputDir.map { folder in
      try Folder.make(folder)
      return try RunResults(
        folder: folder, infix: input.shardInfix, csv: true,
        sampleRate: model.configuration.stft.sampleRate,
        showsKnown: model.configuration.known != nil, listsWindows: windows.areListed)
    }
    let loop = ClipLoop(terminal, total: jobs.count, printsJSON: json)
    for failure in failures {
      try loop.fail(path: failure.path ?? "", failure)
      try results?.take(
        failure: failure.message, of: ClipInput(path: failure.path ?? "", stem: ""))
    }
    let printer = ClassPrinter(
      terminal, json ? .json : csv ? .csv : .text, model, listsWindows: windows.areListed,
      listsChannels: channels.channel != .mean, top: top)
    try printer.begin(count: jobs.count)
    let listed = OrderedWindows<WindowClassification> { index, window in
      try printer.take(window, of: jobs[index].input)
    }
    try loop.run(jobs.map(\.input), parallel.divide(jobs.count)) { index in
      try processor.classify(jobs[index]) { try listed.add($0, of: index) }
    } report: { index, outcome in
      let input = jobs[index].input
      try listed.end(index)
      try results?.take(outcome, of: input)
      guard case .done(let report, let seconds) = outcome else { return try loop.skip(input) }
      loop.remark(on: input, warning: report.warning, endFlag: report.endFlag)
      terminal.note("\(printable(input.title)): \(seconds.inWords)")
      try printer.end(outcome, of: input)
    } failed: { index, error in
      try listed.end(index)
      try results?.take(failure: Failure(error).message, of: jobs[index].input)
    } stopped: {
      listed.stop()
    }
    if let folder = output.outputDir {
      do { try results?.finish() } catch { try loop.fail(path: folder, error) }
    }
    try loop.end()
  }

  /// Refuses inputs whose windows cannot be cut out, or would have the same names.
  private func checkExtraction(of inputs: [ClipInput]) throws {
    guard let extract else { return }
    if let pipe = inputs.first(where: \.isReadOnce) {
      throw UsageError(
        "\(printable(pipe.fileName)) is read once, so that --extract can cut nothing out of it; "
          + "name a file")
    }
    // Names have stem, times and class: those of one input differ.
    let plan = try RunPlan(inputs, suffixes: ["extract": ".*.wav"], folder: extract)
    if let failure = plan.failures.first { throw failure }
  }
}
