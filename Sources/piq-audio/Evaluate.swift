import ArgumentParser
import PIQAudio
import PIQDatasets
import PIQEvaluation

/// `piq-audio evaluate`.
struct Evaluate: TerminalCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure a classifier and its explanations on clips whose classes are known.",
    discussion: """
      DATA is a CSV file with a header and the columns filename, category and, for --folds, fold; \
      or a folder with one sub-folder of sound files a class.

      It measures accuracy, calibration and the metrics Fid-In, AI, AD, AG, FF, SPS and COMP, on \
      the clips, on mixtures of two, and in white noise.

      EXAMPLES
        piq-audio evaluate clips.csv
        piq-audio evaluate --folds 4 -o evaluation esc10/clips.csv
        piq-audio evaluate --sets none --model yamnet --map yamnet-esc10.csv esc10/clips.csv
        piq-audio evaluate --method saliency --sets in_distribution recordings/
        piq-audio evaluate --json clips.csv | jq .mixtures.fid_in
      """)

  @Argument(
    help: ArgumentHelp("The CSV file or the folder of classes.", valueName: "data"),
    completion: .file())
  var data: String

  @Option(
    help: ArgumentHelp(
      "The folds to take, separated by commas. Otherwise all clips.", valueName: "list"))
  var folds: NumberList?

  @OptionGroup var sounds: SoundFolderOption
  @OptionGroup var channels: DataChannelOption

  @Option(
    help: ArgumentHelp(
      """
      What the explanations are measured on: a comma-separated list of in_distribution, mixtures \
      and white_noise; or none, to measure the classifier alone.
      """, valueName: "list"))
  var sets = SetList(sets: EvaluationSet.allCases)

  @OptionGroup var method: MethodOptions

  @Flag(
    help: """
      Shuffle the cells of each mask: what masks of the same values are worth that know no place.
      """)
  var shuffle = false

  @Flag(
    help: """
      Measure deletion and insertion: the probability as cells go, and as they come, those with the \
      largest mask values first; beside it the same masks shuffled. 84 more passes a clip.
      """)
  var curves = false

  @Option(
    help: ArgumentHelp(
      """
      Place the loudest second of clips of these classes in those of --backgrounds, and measure \
      whether masks find them: a comma-separated list.
      """, valueName: "classes"))
  var events: String?

  @Option(
    help: ArgumentHelp(
      "The classes in whose clips events are placed. Otherwise all but those of --events.",
      valueName: "classes"))
  var backgrounds: String?

  @Option(help: ArgumentHelp("How many events are placed.", valueName: "n"))
  var placements = 100

  @Option(
    help: ArgumentHelp(
      """
      Measure whether masks find events in the clips themselves: a CSV file with the columns filename, \
      start, end and, for other classes than the clip's, category; or a folder of label tracks of \
      Audacity named as the sound files.
      """, valueName: "csv|dir"), completion: .file())
  var eventTimes: String?

  @Option(
    help: ArgumentHelp(
      """
      Sounds of none of the model's classes, in a CSV file or a folder as the data: measure whether its \
      score of what is known tells them from the clips. Those of its own classes do not count.
      """, valueName: "data"), completion: .file())
  var unknown: String?

  @Option(
    help: ArgumentHelp(
      """
      Which labels of the model stand for each class of the data: a CSV file with the columns \
      category and label. Of several labels of a category the likeliest counts.
      """, valueName: "csv"), completion: .file())
  var map: String?

  @Option(
    help: ArgumentHelp(
      "What the classifier's cosines are multiplied by before softmax. Otherwise the model's own.",
      valueName: "x"))
  var logitScale: Double?

  @Flag(help: "Measure AD as SpeechBrain does, with a second softmax; it can't exceed 63.2 then.")
  var upstreamAd = false

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      """
      A folder for evaluation.json, clips.csv, confusion.csv and confusion.png, created if missing.
      """, valueName: "dir"), completion: .directory)
  var outputDir: String?

  @Flag(help: "Print one JSON object on standard output.")
  var json = false

  @OptionGroup var model: ModelOptions
  @OptionGroup var messages: MessageOptions

  func validate() throws {
    try refuseEmpty(outputDir, "--output-dir")
    try refuseEmpty(map, "--map")
    try refuseEmpty(events, "--events")
    try refuseEmpty(backgrounds, "--backgrounds")
    try refuseEmpty(eventTimes, "--event-times")
    try refuseEmpty(unknown, "--unknown")
    guard events == nil || eventTimes == nil else {
      throw ValidationError("--events places clips, and --event-times has their times; choose one")
    }
    try require(placements, in: 1...1_000_000, "--placements")
    guard backgrounds == nil || events != nil else {
      throw ValidationError("--backgrounds needs --events, which are placed in them")
    }
    guard !sets.sets.isEmpty || !(curves || shuffle) else {
      throw ValidationError("--curves and --shuffle are of masks, and --sets none makes none")
    }
    guard logitScale.map({ $0 > 0 && $0.isFinite }) ?? true else {
      throw ValidationError("--logit-scale needs a positive number")
    }
  }

  func run(_ terminal: Terminal) throws {
    let clips = try Dataset(
      path: data, folds: folds.map { Set($0.numbers) }, audioFolder: sounds.audioDir)
    if let remark = clips.remark { terminal.warn("\(printable(data)): \(remark)") }
    let others = try unknown.map { try Dataset(path: $0, audioFolder: sounds.audioDir) }
    if let others, let remark = others.remark {
      terminal.warn("\(printable(others.path)): \(remark)")
    }
    let map = try map.map { try ClassMap(path: $0) }
    let model = try model.load()
    // Fails before the long computation if the folder cannot be made.
    if let outputDir { try Folder.make(outputDir) }
    var settings = EvaluationSettings()
    settings.sets = sets.sets
    settings.channel = channels.channel?.number
    settings.method = method.method ?? .standard(for: model.interpreter)
    settings.explainer = method.settings
    settings.shufflesMasks = shuffle
    settings.measuresCurves = curves
    settings.localisation = try localisation(in: clips)
    settings.logitScale = logitScale
    settings.softensAverageDrop = upstreamAd
    var countdown = Countdown(total: clips.clips.count)
    let evaluation = try Evaluator(model, settings, map: map).evaluate(clips, others: others) {
      finished, total, next in
      if finished == 0 { countdown = Countdown(total: total) }
      terminal.progress(countdown.line(finished: finished, underWay: next))
    } doubtful: { clip, remark in
      terminal.warn(on: clip, remark)
    }
    terminal.clearProgress()
    let written = try outputDir.map { try evaluation.write(to: $0) } ?? []
    if json {
      try terminal.print(JSON.line(EvaluationReport(evaluation)))
      return
    }
    try terminal.print(EvaluationTable.text(evaluation))
    if let outputDir {
      try terminal.say("Wrote \(written.count) files to \(printable(outputDir)).")
    }
  }
}

extension Evaluate {
  private func localisation(in data: Dataset) throws -> LocalisationSettings? {
    if let eventTimes { return .times(try EventTimes(path: eventTimes, of: data)) }
    guard let events else { return nil }
    func list(_ text: String) -> [String] { text.split(separator: ",").map(String.init) }
    let others = Set(data.clips.map(\.category)).subtracting(list(events)).sorted()
    return .placements(
      events: list(events), backgrounds: backgrounds.map(list) ?? others, count: placements)
  }
}

/// Where the sound files of a list are.
struct SoundFolderOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Where the sound files of a CSV are. Otherwise they are looked for beside it, in audio beside \
      it, and in ../audio.
      """, valueName: "dir"), completion: .directory)
  var audioDir: String?

  func validate() throws { try refuseEmpty(audioDir, "--audio-dir") }
}

/// A comma-separated list of numbers.
struct NumberList: ExpressibleByArgument {
  let numbers: [Int]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    numbers = parts.compactMap { Int($0) }
    guard numbers.count == parts.count else { return nil }
  }
}

/// A comma-separated list of sets.
struct SetList: ExpressibleByArgument {
  let sets: [EvaluationSet]

  init(sets: [EvaluationSet]) { self.sets = sets }

  init?(argument: String) {
    if argument == "none" {
      sets = []
      return
    }
    let names = argument.split(separator: ",", omittingEmptySubsequences: false)
    let sets = names.compactMap { EvaluationSet(rawValue: String($0)) }
    guard sets.count == names.count else { return nil }
    self.sets = EvaluationSet.allCases.filter(sets.contains)
  }

  var defaultValueDescription: String { sets.map(\.rawValue).joined(separator: ",") }
}
