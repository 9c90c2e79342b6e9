import ArgumentParser
import PIQAudio
import PIQDatasets
import PIQTraining

/// One training from the command line: its data, its files, and its messages.
struct TrainingSession<Task: TrainingTask, R: Recipe> {
  /// The clips, after `load` without those that cannot be read.
  private(set) var split: Split
  private let arguments: TrainingArguments
  private(set) var recipe: R
  private let terminal: Terminal
  private let files: TrainingFiles
  private let data: Dataset

  /// Reads the list of clips, and checks that the output folder can be used.
  init(
    _ arguments: TrainingArguments, _ recipe: R, _ terminal: Terminal, _ task: Task.Type
  ) throws {
    self.arguments = arguments
    self.recipe = recipe
    self.terminal = terminal
    files = TrainingFiles(
      folder: arguments.output ?? "", name: Task.name, dtype: arguments.dtype.tensorType)
    if !arguments.force && !arguments.resume { try files.checkAreFree() }
    let path = arguments.data ?? ""
    // Folds that are not used need not exist.
    data = try Dataset(path: path, audioFolder: arguments.sounds.audioDir)
    if let remark = data.remark { terminal.warn("\(printable(path)): \(remark)") }
    split = try Split(data, recipe.data, seed: recipe.seed)
  }

  /// The model's name.
  var modelName: String {
    arguments.name ?? Folder.ownName(of: files.folder)
  }

  /// Resolves the precision `auto`.
  ///
  /// - Parameter channels: of the network's layers.
  mutating func choosePrecision(channels: Int) throws {
    recipe = try files.choosingPrecision(
      of: recipe, channels: channels, isResuming: arguments.resume)
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

  /// Decodes all clips; no test clips if not requested. Those that cannot be read are left out.
  mutating func load(_ configuration: ModelConfiguration) throws -> (ClipSet, ClipSet, ClipSet?) {
    let (terminal, split) = (terminal, split)
    let total = split.train.count + split.valid.count + split.test.count
    var done = 0
    var unusable: Set<String> = []
    func load(_ clips: [Dataset.Clip]) throws -> ClipSet {
      defer { done += clips.count }
      return try ClipSet(
        clips, labels: configuration.labels, rate: configuration.stft.sampleRate,
        channel: recipe.data.channel == 0 ? nil : recipe.data.channel
      ) { finished, next in
        try Self.checkForSignal()
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
    return (train, valid, test.flatMap { $0.clips.isEmpty ? nil : $0 })
  }

  /// Trains to the end, or until a signal, and measures the model on the test clips.
  func run(
    _ task: Task, inputs: [String], test: (Model, (Int, Int) throws -> Void) throws -> Validation?
  ) throws {
    let clips = (split.train.map { ("train", $0) } + split.valid.map { ("valid", $0) }).map {
      "\($0.0)\t\($0.1.name)\t\($0.1.category)"
    }
    let identity = (inputs + clips).joined(separator: "\n")
    let run = try TrainingRun(
      task, recipe, files: files,
      // Without a hash, the list itself identifies the set of clips.
      inputs: Array(identity.utf8).withUnsafeBytes { FileHash.sha256(of: $0) } ?? identity)
    if arguments.resume { try run.resume() } else { try run.begin() }
    try sayBeginning(run)
    let progress = TrainingProgress(epochs: recipe.optimization.epochs, done: run.stepsDone)
    let outcome = try run.run { event in
      if case .epoch(let record) = event {
        terminal.clearProgress()
        if arguments.json {
          try terminal.print(JSON.line(record))
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
      let model = try Model(path: files.folder)
      let tested = try test(model) { finished, total in
        try Self.checkForSignal()
        terminal.progress("testing [\(finished + 1)/\(total)]")
      }
      terminal.clearProgress()
      if arguments.json { return }
      if let tested { try terminal.say("test: " + progress.figures(tested)) }
      try terminal.say(
        "\(printable(files.folder)): the model of epoch \(best.epoch), the best of "
          + "\(recipe.optimization.epochs)")
    }
  }

  private func sayBeginning(_ run: TrainingRun<Task, R>) throws {
    if arguments.json { return }
    let test = split.test.isEmpty ? "" : ", \(split.test.count) to test"
    try terminal.say(
      "\(split.train.count) clips to train, \(split.valid.count) to choose the best epoch\(test), "
        + "\(split.categories.count) classes")
    if let last = run.records.last { try terminal.say("going on after epoch \(last.epoch)") }
  }

  /// Ends at once if there is nothing to save yet.
  private static func checkForSignal() throws {
    if Interruption.signal != 0 { throw ExitCode(128 + Interruption.signal) }
  }
}
