import ArgumentParser
import PIQ
import PIQAudioIO
import PIQClassifiers
import PIQExplanations
import PIQKernels
import PIQModels
import PIQPipeline
import PIQPlatform

/// `piq-audio interpret`.
struct Interpret: ParsableCommand {
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
        clip.selections.txt       the same as a selection table for Raven

      EXAMPLES
        piq-audio interpret clip.wav
        piq-audio interpret -o explained recordings/
        piq-audio interpret --outputs audio,residual --audio-format flac clip.wav
        piq-audio interpret --class rooster clip.wav
        piq-audio interpret --window 5 --overlap 2.5 --min-level -60 night.flac
        find . -name '*.flac' -print0 | piq-audio interpret --files-from -
        sox clip.wav -t wav - trim 0 2 | piq-audio interpret -
      """)

  @OptionGroup var input: InputOptions
  @OptionGroup var output: OutputOptions

  @Option(
    help: ArgumentHelp(
      """
      What to write: a comma-separated list of audio, spectrogram, arrays, json, residual (the \
      input minus the interpretation) and, of recordings in windows, timeline, labels and \
      selections.
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
      """,
      valueName: "encoding"))
  var encoding: SampleEncoding?

  @Option(
    name: .customLong("class"),
    help: ArgumentHelp(
      """
      Explain this class instead of the likeliest: what the sound would have to contain to be \
      heard as it.
      """,
      valueName: "name|index"))
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

  @Flag(help: "Also write results.csv, a row for each clip, to the output folder.")
  var csv = false

  @OptionGroup(title: "Long recordings") var windows: WindowOptions
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

  func run() throws {
    let terminal = messages.makeTerminal()
    try terminal.run { try run(terminal) }
  }

  private func run(_ terminal: Terminal) throws {
    let format: SoundFileFormat
    do throws(UnsupportedEncoding) {
      format = try SoundFileFormat(audioFormat, encoding)
    } catch {
      throw UsageError(error.description)
    }
    let (inputs, failures) = try input.expand()
    let suffixes = Dictionary(
      uniqueKeysWithValues: outputs.kinds.map { ($0.rawValue, $0.suffix(audioFormat)) })
    // All inputs are planned, so that two shards cannot write the same file either.
    let all = try ClipJob.plan(inputs, suffixes: suffixes, folder: output.outputDir)
    let jobs = input.slice(all, terminal) { $0.input.path }
    let model = try model.load(precision: precision)
    var settings = ClipProcessor.Settings()
    settings.label = try label.map { try ClassName.index(of: $0, in: model.configuration.labels) }
    settings.tail = tail
    settings.top = top
    settings.soundFormat = format
    settings.existing = output.existing
    settings.windowing = try windows.windowing(
      labels: model.configuration.labels, outputs: outputs, tail: tail)
    let watch = RecordingWatch(terminal, settings.windowing)
    settings.observe = { watch.take($0) }
    let journal = try journal(jobs, model, terminal)
    try interpret(jobs, failures, with: ClipProcessor(model, settings), model, journal, terminal)
  }

  /// The journal of the run, where it has an output folder of its own.
  private func journal(
    _ jobs: [ClipJob], _ model: Model, _ terminal: Terminal
  ) throws -> RunJournal? {
    guard let folder = output.outputDir else { return nil }
    try Folder.make(folder)
    if resume {
      let places = jobs.reduce(into: Set([folder])) { places, job in
        places.formUnion(job.outputs.values.map(Folder.parent))
      }
      for place in places { AtomicFile.removeAbandoned(in: place) }
    }
    // All that outputs depend on, beside the input.
    let settings = [
      model.sha256, model.settingsSHA256, PIQAudio.configuration.version, label ?? "", "\(top)",
      "\(tail)",
      model.interpreter.precision.rawValue, "\(outputs.kinds)", "\(audioFormat)",
      "\(encoding.map { "\($0)" } ?? "")",
      "\(windows)",
    ].joined(separator: " ")
    let path = Folder.join(folder, ".piq-audio-journal\(input.shardInfix).jsonl")
    do {
      return try RunJournal(path: path, settings: settings, resuming: resume)
    } catch let failure as Failure where failure.code == .busy && !resume && !csv {
      // Several runs, one for each file, may well share a folder.
      terminal.notice(
        "\(printable(folder)): another run is writing there; this one leaves results.jsonl to it")
      return nil
    }
  }

  /// The results of the run, where it has the output folder to itself.
  private func results(_ journal: RunJournal?) throws -> RunResults? {
    guard let folder = output.outputDir, journal != nil else { return nil }
    return try RunResults(folder: folder, infix: input.shardInfix, csv: csv)
  }

  private func interpret(
    _ jobs: [ClipJob], _ folderFailures: [Failure], with processor: ClipProcessor,
    _ model: Model, _ journal: RunJournal?, _ terminal: Terminal
  ) throws {
    let width = Table.labelWidth(model.configuration.labels)
    let loop = ClipLoop(terminal, total: jobs.count, printsJSON: json)
    for failure in folderFailures { try loop.fail(failure.path ?? "", failure) }
    var written = 0
    let results = try results(journal)
    for failure in folderFailures { try results?.take(failure, of: failure.path ?? "") }
    var saidNoArrays = false
    if !json && Terminal.outputIsTerminal && jobs.count > 1 {
      try terminal.say(Table.header(labelWidth: width))
    }
    try loop.run(jobs.map(\.input.path), parallel.divide(jobs.count)) {
      try Self.interpret(jobs[$0], with: processor, journal)
    } report: { index, progress in
      let path = jobs[index].input.path
      let timed: TimedReport
      switch progress {
      case .unchanged(let report):
        try results?.take(report)
        return try loop.skip(path)
      case .outcome(.skipped):
        try results?.takeSkipped(path)
        return try loop.skip(path)
      case .outcome(.done(let done)): timed = done
      }
      try results?.take(timed.report)
      written += timed.report.outputs.count
      if timed.report.windows != nil, jobs[index].output(.arrays) != nil {
        if !saidNoArrays { terminal.notice("arrays are not written for recordings in windows") }
        saidNoArrays = true
      }
      if let warning = timed.report.warning { terminal.warn("\(printable(path)): \(warning)") }
      terminal.note("\(printable(path)): \(timed.seconds.inWords)")
      if json {
        try terminal.print(JSON.line(timed))
      } else {
        try terminal.say(Table.row(timed.report, labelWidth: width))
      }
    } failed: { index, error in
      try results?.take(error, of: jobs[index].input.path)
    }
    if let folder = output.outputDir, let journal {
      do {
        try journal.finish(jobs)
        try results?.finish()
      } catch {
        try loop.fail(folder, error)
      }
    }
    if !json {
      let place = output.outputDir.map(printable) ?? "the current folder"
      let skippedText = loop.skipped > 0 ? ", skipped \(loop.skipped) inputs" : ""
      try terminal.say("Wrote \(written) file\(written == 1 ? "" : "s") to \(place)\(skippedText).")
    }
    try loop.end()
  }
}

extension Interpret {
  /// What became of a clip.
  private enum Progress: Sendable {
    case outcome(ClipProcessor.Outcome)
    /// It was done by an earlier run, and nothing has changed.
    case unchanged(ClipReport)
  }

  private static func interpret(
    _ job: ClipJob, with processor: ClipProcessor, _ journal: RunJournal?
  ) throws -> Progress {
    if let report = journal?.report(of: job) { return .unchanged(report) }
    // If it changes on the way, the next run will do it again.
    let before = job.input.path == "-" ? nil : FileFacts(job.input.path)
    let outcome = try processor.interpret(job)
    if case .done(let timed) = outcome, let before {
      try journal?.note(job, timed.report, before)
    }
    return .outcome(outcome)
  }
}

/// A comma-separated list of outputs.
struct OutputList: ExpressibleByArgument {
  let kinds: [OutputKind]
  /// Whether the user named them.
  let isExplicit: Bool

  init(standard kinds: [OutputKind]) {
    self.kinds = kinds
    isExplicit = false
  }

  init?(argument: String) {
    let names = argument.split(separator: ",").map { $0.trimmingSpaces }
    let kinds = names.compactMap(OutputKind.init(rawValue:))
    guard !names.isEmpty, kinds.count == names.count else { return nil }
    self.kinds = OutputKind.allCases.filter(kinds.contains)
    isExplicit = true
  }

  var defaultValueDescription: String { kinds.map(\.rawValue).joined(separator: ",") }
}
