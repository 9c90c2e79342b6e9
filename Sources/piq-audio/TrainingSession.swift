import ArgumentParser
import PIQAudio
import PIQDatasets
import PIQTraining

/// One training from the command line: its data, its files, and its messages.
struct TrainingSession<Task: TrainingTask, R: Recipe> {
  /// The clips, after `load` without those that cannot be read.
  private(set) var split: Split
  private(set) var recipe: R
  /// The folder of the model.
  var folder: String { files.folder }
  /// Which clips it uses for what.
  let part: TrainingPart
  private let arguments: TrainingArguments
  private let terminal: Terminal
  private let files: TrainingFiles
  private let data: Dataset
  /// Hashes of the models that the training begins with.
  private let inputs: [String]
  /// A hash of all that decides about the training.
  private let identity: String
  private let isResuming: Bool
  private var test: ClipSet?

  /// Divides the clips.
  ///
  /// - Throws: `Failure` of clips that cannot be divided so, or of an output folder that is in use.
  init(
    _ arguments: TrainingArguments, _ recipe: R, _ terminal: Terminal, _ task: Task.Type,
    _ data: Dataset, inputs: [String], _ part: TrainingPart
  ) throws {
    self.arguments = arguments
    self.recipe = recipe
    self.terminal = terminal
    self.data = data
    self.part = part
    self.inputs = inputs
    let files = arguments.files(of: task)
    switch part {
    case .asked:
      self.files = files
      split = try Split(data, recipe.data, seed: recipe.seed)
    case .fold(let fold):
      self.files = files.fold(fold.test)
      self.recipe.data = fold.settings(recipe.data)
      split = try Split(data, self.recipe.data, seed: recipe.seed)
    case .leftOut(let division, _):
      self.files = files.leftOut(division.number)
      split = try Split(data, leavingOut: division)
    case .all:
      self.files = files
      split = try Split(trainingOnAllOf: data)
    }
    identity = Self.hash(
      try [JSON.line(self.recipe)] + part.decisions + inputs + Self.lines(split)
        + split.test.map { "test\t\($0.name)\t\($0.category)" })
    // Of a cross-validation, one training is resumed, and those after it begin.
    isResuming = arguments.resume && (!arguments.crossValidate || self.files.hasCheckpoint)
  }

  /// The clips that a training begins with, a line each.
  private static func lines(_ split: Split) -> [String] {
    (split.train.map { ("train", $0) } + split.valid.map { ("valid", $0) }).map {
      "\($0.0)\t\($0.1.name)\t\($0.1.category)"
    }
  }

  /// Without a hash, the lines identify themselves.
  private static func hash(_ lines: [String]) -> String {
    let text = lines.joined(separator: "\n")
    return Array(text.utf8).withUnsafeBytes { FileHash.sha256(of: $0) } ?? text
  }

  /// The model's name.
  var modelName: String {
    arguments.name ?? Folder.ownName(of: arguments.output ?? "")
  }

  /// Resolves the precision `auto`.
  ///
  /// - Parameter channels: of the network's layers.
  mutating func choosePrecision(channels: Int) throws {
    recipe = try files.choosingPrecision(
      of: recipe, channels: channels, isResuming: isResuming)
    terminal.note("training in \(recipe.optimization.precision.rawValue)")
  }

  /// Checks that the classifier knows the classes of all clips.
  func checkClasses(_ classifier: Model) throws {
    let known = Set(classifier.configuration.labels)
    let unknown = (split.train + split.valid + split.test).first { !known.contains($0.category) }
    guard let unknown else { return }
    throw Failure(
      .unknownClass, path: data.path,
      problem: "\(printable(unknown.name)) is of the class \(unknown.category.debugDescription), "
        + "which the classifier does not know",
      remedy: "leave its clips out, or train a classifier on them first")
  }

  /// Decodes the clips for training and validation, and for the test where one is asked for. Those that
  /// cannot be read are left out. The configuration knows them afterwards.
  mutating func load(
    _ configuration: inout ModelConfiguration
  ) throws -> (train: ClipSet, valid: ClipSet) {
    let (terminal, split, sizes, leftOut) = (terminal, split, configuration, part.leftOut)
    let total = split.train.count + split.valid.count + split.test.count
    var done = 0
    var unusable: Set<String> = []
    func load(_ clips: [Dataset.Clip]) throws -> ClipSet {
      defer { done += clips.count }
      return try ClipSet(
        clips, labels: sizes.labels + (leftOut?.classes ?? []), rate: sizes.stft.sampleRate,
        channel: recipe.data.channel == 0 ? nil : recipe.data.channel
      ) { finished, next in
        try checkForSignal()
        terminal.progress("[\(done + finished + 1)/\(total)] reading \(printable(next))")
      } unusable: { clip, failure in
        unusable.insert(clip.path)
        terminal.warn(failure.message)
      } doubtful: { clip, remark in
        terminal.warn(on: clip, remark)
      }
    }
    let (train, valid) = (try load(split.train), try load(split.valid))
    let test = split.test.isEmpty ? nil : try load(split.test)
    terminal.clearProgress()
    if !unusable.isEmpty {
      terminal.warn(
        "\(printable(data.path)): \(unusable.count) of \(total) clips cannot be read, and are left out"
      )
      self.split = try split.without(unusable)
    }
    self.test = test.flatMap { $0.clips.isEmpty ? nil : $0 }
    configuration.clips = SeenClips(train: train, valid: valid).union(configuration.clips)
    try checkIsNew(test, to: configuration)
    let works = (self.split.train + self.split.valid).compactMap(\.attribution)
    configuration.attribution = Set(works + configuration.attribution).sorted()
    configuration.figures.merge(part.figures) { _, new in new }
    if let licence = arguments.licence { configuration.licence = licence }
    return (train, valid)
  }

  /// Checks that the model has not seen the clips that it is to be measured on.
  private func checkIsNew(_ test: ClipSet?, to configuration: ModelConfiguration) throws {
    let hashes = test?.clips.compactMap(\.sha256) ?? []
    let seen = configuration.clips?.uses(of: hashes) ?? [:]
    guard let clip = test?.clips.first(where: { $0.sha256.map { seen[$0] != nil } ?? false })
    else { return }
    let problem =
      "\(seen.count) of the \(hashes.count) clips to test are known to the model or to what it "
      + "begins with, the first \(printable(clip.name))"
    guard arguments.crossValidate else {
      terminal.warn("\(printable(data.path)): \(problem): its figures will be too good")
      return
    }
    throw Failure(
      .foldsUnfit, path: data.path, problem: problem,
      remedy: "keep each clip in one fold, and begin with models that know none of them")
  }

  /// A training that came to its end.
  struct Finished {
    /// The epoch that its model is of.
    let epoch: Int
    /// What it makes of the clips for the test; nil where there are none.
    let outcomes: [Task.Outcome]?
  }

  /// What the same part of a cross-validation came to in an earlier run; nil where it did not end, or began
  /// with something else.
  func earlierResult() throws -> Finished? {
    guard arguments.resume, part.fold != nil || part.leftOut != nil, files.hasResult else {
      return nil
    }
    let classCount = split.categories.count
    guard let result = files.result(of: Task.Outcome.self), result.identity == identity,
      result.epoch > 0,
      result.outcomes.allSatisfy({
        Task.isPossible(
          $0, classCount: classCount, labelCount: classCount + (part.leftOut?.classes.count ?? 0))
      })
    else {
      // A checkpoint says itself what does not fit.
      if files.hasCheckpoint { return nil }
      terminal.warn(
        "\(printable(files.result)): is damaged, or of other settings, clips or models: not used")
      return nil
    }
    if !arguments.json {
      try terminal.say(part.title + "done, the model of epoch \(result.epoch)")
    }
    return Finished(epoch: result.epoch, outcomes: result.outcomes)
  }

  /// Trains to the end, or until a signal, and measures the model on the test clips.
  func run(_ task: Task) throws -> Finished {
    let run = try TrainingRun(
      task, recipe, files: files,
      inputs: Self.hash(inputs + Self.lines(split) + (part.isOfAll ? part.decisions : [])),
      ending: part.ending)
    if try !isResuming || !resumes(run) { try run.begin() }
    try sayBeginning(run)
    let progress = TrainingProgress(
      epochs: part.ending?.epoch ?? recipe.optimization.epochs, done: run.stepsDone)
    let outcome = try run.run { event in
      if case .epoch(let record) = event {
        terminal.clearProgress()
        if arguments.json {
          try terminal.print(JSON.line(PartRecord(record, of: part)))
        } else {
          try terminal.say(progress.line(record))
        }
      } else if let line = progress.line(event) {
        terminal.progress(line)
      }
    } shouldStop: {
      Interruption.signal != 0
    }
    terminal.clearProgress()
    switch outcome {
    case .stopped(let epoch, let step):
      terminal.error(
        "stopped in epoch \(epoch) after \(step) steps; all is saved: repeat the command with "
          + "--resume to go on")
      throw ExitCode(128 + Interruption.signal)
    case .finished(let best):
      return try finish(best, progress)
    }
  }

  /// Resumes a training; false of one on all clips whose cross-validation has decided otherwise since.
  private func resumes(_ run: TrainingRun<Task, R>) throws -> Bool {
    do {
      try run.resume()
    } catch let failure as Failure where part.isOfAll && failure.code == .trainingDiffers {
      return false
    }
    return true
  }

  private func finish(_ best: TrainingRecord, _ progress: TrainingProgress) throws -> Finished {
    let model = try Model(path: files.folder)
    let outcomes = try test.map { test in
      try Task.outcomes(of: model.interpreter, model.configuration, test) { finished, total in
        try checkForSignal()
        terminal.progress("testing [\(finished + 1)/\(total)]")
      }
    }
    terminal.clearProgress()
    if part.fold != nil || part.leftOut != nil, let outcomes {
      try files.write(
        PartResult(
          identity: identity, model: model.sha256, epoch: best.epoch, outcomes: outcomes))
    }
    if !arguments.json {
      if let outcomes, part.leftOut == nil {
        try terminal.say("test: " + progress.figures(Task.figures(of: outcomes)))
      }
      let choice =
        part.ending == nil
        ? "the best of \(recipe.optimization.epochs)" : "as the cross-validation chose"
      try terminal.say("\(printable(files.folder)): the model of epoch \(best.epoch), \(choice)")
    }
    return Finished(epoch: best.epoch, outcomes: outcomes)
  }

  private func sayBeginning(_ run: TrainingRun<Task, R>) throws {
    if arguments.json { return }
    let choosing = part.ending == nil ? ", \(split.valid.count) to choose the best epoch" : ""
    let test = split.test.isEmpty ? "" : ", \(split.test.count) to test"
    try terminal.say(
      part.title + "\(split.train.count) clips to train\(choosing)\(test), "
        + "\(split.categories.count) classes")
    if let last = run.records.last { try terminal.say("going on after epoch \(last.epoch)") }
  }
}

/// Ends at once after a signal, where there is nothing to save yet.
func checkForSignal() throws {
  if Interruption.signal != 0 { throw ExitCode(128 + Interruption.signal) }
}
