import ArgumentParser
import PIQAudio
import PIQPipeline
import PIQRuns

/// `piq-audio interpret`.
struct Interpret: TerminalCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show which parts of clips a classifier decided by.",
    discussion: """
      For each clip.wav it writes
        clip.interpretation.wav   the parts that mattered, to listen to
        clip.interpretation.png   input, mask and interpretation as spectrograms
        clip.interpretation.npz   mask, spectrograms, codes and more, for NumPy
        clip.interpretation.json  the classes and their probabilities
      A recording of more than 60 s is divided into windows. It has no arrays, but
        clip.timeline.csv         the class of each window and its probability
        clip.labels.txt           the same as a label track for Audacity
        clip.regions.txt          the seconds and the band that carried each class, for Audacity
        clip.selections.txt       the same as a selection table for Raven

      EXAMPLES
        piq-audio interpret clip.wav
        piq-audio interpret -o explained recordings/
        piq-audio interpret --outputs audio,residual --audio-format flac clip.wav
        piq-audio interpret --class rooster clip.wav
        piq-audio interpret --method integrated-gradients clip.wav
        piq-audio interpret --window 5 --overlap 2.5 --min-level -60 night.flac
        find . -name '*.flac' -print0 | piq-audio interpret --files-from -
        sox clip.wav -t wav - trim 0 2 | piq-audio interpret -
      """)

  @OptionGroup var input: InputOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var channels: ChannelOptions

  @Option(
    help: ArgumentHelp(
      """
      What to write: a comma-separated list of \(OutputKind.all.map(\.name).joined(separator: ", ")); \
      residual is the input minus the interpretation, and timeline, labels, regions and selections are \
      tables of windows. Those that are standard for a recording in windows are written for a short clip \
      only if they are named.
      """,
      valueName: "list"))
  var outputs = OutputList(standard: OutputKind.standard)

  @Option(help: "The format of audio and residual.")
  var audioFormat = AudioFormat.wav

  @Option(
    help: ArgumentHelp(
      """
      How their samples are stored. Standard is float32 for wav and pcm24 for flac, which can hold \
      pcm16 and pcm24 only.
      """, valueName: "encoding"))
  var encoding: SampleEncoding?

  @OptionGroup var method: MethodOptions

  @Option(
    name: .customLong("class"),
    help: ArgumentHelp(
      """
      Explain this class instead of the likeliest: what the sound would have to contain to be \
      heard as it.
      """, valueName: "name|index"))
  var label: String?

  @Option(help: ArgumentHelp("How many classes the JSON lists, likeliest first.", valueName: "n"))
  var top = 3

  @Option(
    help: """
      Which frames are explained: keep, all of them; crop, those that SpeechBrain explains, which \
      end with the last whole group of 32.
      """)
  var tail = Tail.keep

  @Option(
    help: """
      What the operands of the decoder's products are rounded to: f32; bf16, which is faster on most \
      CPUs that have it, and moves masks by up to 0.01; or auto, which measures whether it is. Class \
      and codes stay the same.
      """)
  var precision = PrecisionChoice.float32

  @Flag(help: "Print one JSON object per clip, each on a line, on standard output.")
  var json = false

  @Flag(
    help: """
      Do only what is missing or has changed since the same command ran with the same output \
      folder, even if it was killed.
      """)
  var resume = false

  @Flag(
    help: """
      Also write to the output folder results.csv, a row for each clip, and results.selections.txt, \
      a selection table for Raven of the windows of all recordings.
      """)
  var csv = false

  @OptionGroup(title: "Windows") var windows: WindowOptions
  @OptionGroup var model: ModelOptions
  @OptionGroup var parallel: ParallelOptions
  @OptionGroup var messages: MessageOptions

  func validate() throws {
    guard top > 0 else { throw ValidationError("--top needs a number from 1 on") }
    guard output.outputDir != nil || !(resume || csv) else {
      throw ValidationError("\(resume ? "--resume" : "--csv") needs --output-dir")
    }
    guard !resume || output.existing == .overwrite else {
      throw ValidationError("--resume and --existing contradict each other")
    }
  }

  func run(_ terminal: Terminal) throws {
    let (jobs, failures) = try input.plan(
      output, suffixes: outputs.suffixes(audioFormat), channels, terminal)
    let model = try model.load(precision: keptPrecision ?? precision)
    if precision == .auto {
      terminal.note("interpreting in \(model.interpreter.precision.rawValue)")
    }
    let settings = try settings(for: model)
    let watch = RecordingWatch(terminal, settings.windowing, verb: "interpreted")
    let processor = ClipProcessor(model, settings) { watch.take($0) }
    let journal = try journal(
      jobs,
      RunSettings(
        model, settings, outputs: outputs.kinds,
        program: PIQAudioCommand.configuration.version),
      terminal)
    try interpret(jobs, failures, with: processor, model, journal, terminal)
  }

  /// The precision that an earlier run of these settings, or another shard, chose for `auto`.
  private var keptPrecision: PrecisionChoice? {
    guard precision == .auto, resume || input.shard != nil, let folder else { return nil }
    return RunJournal.precision(in: folder).map { PrecisionChoice($0) }
  }

  private var folder: String? { output.outputDir }

  private func settings(for model: Model) throws -> ClipProcessor.Settings {
    let labels = model.configuration.labels
    var settings = ClipProcessor.Settings()
    do throws(UnsupportedEncoding) {
      settings.soundFormat = try SoundFileFormat(audioFormat, encoding)
    } catch {
      throw UsageError(error.description)
    }
    settings.classIndex = try label.map { try ClassName.index(of: $0, in: labels) }
    settings.method = method.method ?? .standard(for: model.interpreter)
    settings.explainer = method.settings
    settings.tail = tail
    settings.top = top
    settings.existing = output.existing
    settings.windowing = try windows.windowing(
      labels: labels, writing: outputs.kinds, isExplicit: outputs.isExplicit, tail: tail)
    return settings
  }

  /// The journal of the run, where it has its own output folder.
  private func journal(
    _ jobs: [ClipJob], _ settings: RunSettings, _ terminal: Terminal
  ) throws -> RunJournal? {
    guard let folder else { return nil }
    try Folder.make(folder)
    if resume {
      let places = jobs.reduce(into: Set([folder])) { places, job in
        places.formUnion(job.outputs.values.map(Folder.parent))
      }
      for place in places { AtomicFile.removeAbandoned(in: place) }
    }
    let path = Folder.join(folder, "\(RunJournal.prefix)\(input.shardInfix).jsonl")
    do {
      return try RunJournal(path: path, settings: settings.fingerprint, resuming: resume)
    } catch let failure as Failure where failure.code == .busy && !resume && !csv {
      // Several runs, one for each file, may share a folder.
      terminal.notice(
        "\(printable(folder)): another run is writing there; this one leaves results.jsonl to it")
      return nil
    }
  }

  private func interpret(
    _ jobs: [ClipJob], _ folderFailures: [Failure], with processor: ClipProcessor,
    _ model: Model, _ journal: RunJournal?, _ terminal: Terminal
  ) throws {
    let width = Table.labelWidth(model.configuration.labels)
    let loop = ClipLoop(terminal, total: jobs.count, printsJSON: json)
    for failure in folderFailures { try loop.fail(path: failure.path ?? "", failure) }
    // Only for a run with its own folder.
    let results = try folder.flatMap { folder in
      try journal.map { _ in
        try RunResults(
          folder: folder, infix: input.shardInfix, csv: csv,
          sampleRate: model.configuration.stft.sampleRate,
          showsKnown: model.configuration.known != nil)
      }
    }
    for failure in folderFailures {
      try results?.take(
        failure: failure.message, of: ClipInput(path: failure.path ?? "", stem: ""))
    }
    var written = 0
    var unexplained = 0
    var saidNoArrays = false
    if !json && Terminal.outputIsTerminal && jobs.count > 1 {
      try terminal.say(Table.header(labelWidth: width))
    }
    try loop.run(jobs.map(\.input), parallel.divide(jobs.count)) {
      try processor.interpret(jobs[$0], noting: journal)
    } report: { index, outcome in
      let input = jobs[index].input
      try results?.take(outcome, of: input)
      guard case .done(let report, let seconds) = outcome else { return try loop.skip(input) }
      written += report.outputs.count
      unexplained += report.windows?.count { !$0.explained } ?? 0
      let arrays = OutputKind.arrays
      if report.outputs[arrays.name] == nil, jobs[index].output(arrays) != nil, !saidNoArrays {
        terminal.notice("arrays are not written for recordings in windows")
        saidNoArrays = true
      }
      loop.remark(on: input, warning: report.warning, endFlag: report.endFlag)
      terminal.note("\(printable(input.title)): \(seconds.inWords)")
      if json {
        try terminal.print(outcome.json(of: input))
      } else {
        try terminal.say(Table.row(report, labelWidth: width))
      }
    } failed: { index, error in
      try results?.take(failure: Failure(error).message, of: jobs[index].input)
    }
    if let folder, let journal {
      do {
        try journal.finish(jobs)
        try results?.finish()
      } catch {
        try loop.fail(path: folder, error)
      }
    }
    if !json {
      let place = folder.map(printable) ?? "the current folder"
      let skippedText = loop.skipped > 0 ? ", skipped \(loop.skipped) inputs" : ""
      let silentText =
        unexplained > 0
        ? "; the interpretation of \(unexplained) window\(unexplained == 1 ? "" : "s") is silence"
        : ""
      try terminal.say(
        "Wrote \(written) file\(written == 1 ? "" : "s") to \(place)\(skippedText)\(silentText).")
    }
    try loop.end()
  }
}

/// A comma-separated list of outputs.
struct OutputList: ExpressibleByArgument {
  let kinds: [OutputKind]
  /// Whether the user specified them.
  let isExplicit: Bool

  init(standard kinds: [OutputKind]) {
    self.kinds = kinds
    isExplicit = false
  }

  init?(argument: String) {
    let names = argument.split(separator: ",").map { $0.trimmingSpaces }
    guard !names.isEmpty, names.allSatisfy({ OutputKind(name: $0) != nil }) else { return nil }
    kinds = OutputKind.all.filter { names.contains($0.name) }
    isExplicit = true
  }

  /// The suffixes after a clip's stem, by the names of the kinds.
  func suffixes(_ format: AudioFormat) -> [String: String] {
    Dictionary(uniqueKeysWithValues: kinds.map { ($0.name, $0.suffix(format)) })
  }

  var defaultValueDescription: String { kinds.map(\.name).joined(separator: ",") }
}
