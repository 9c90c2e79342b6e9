import Foundation
public import PIQAudio
import PIQPlotting

/// The files of a training: the model in a folder, and in `training` below it the recipe, the log,
/// the curves, and the checkpoint to resume from.
public struct TrainingFiles: Sendable {
  /// The model's folder.
  public let folder: String
  /// How the model's weights are stored.
  public let dtype: TensorDType
  private let name: String

  /// The files of the training `name` for a model in `folder`.
  public init(folder: String, name: String, dtype: TensorDType = .float32) {
    self.folder = folder
    self.name = name
    self.dtype = dtype
  }

  private func path(_ suffix: String) -> String {
    Folder.join(Folder.join(folder, "training"), name + suffix)
  }

  /// Weights, optimiser and progress: all that is needed to resume.
  public var checkpoint: String { path(".checkpoint.safetensors") }
  /// A JSON object a line, one an epoch.
  public var log: String { path(".jsonl") }
  /// The log as a picture.
  public var curves: String { path(".png") }
  /// All settings that were used.
  public var recipe: String { path(".yaml") }

  /// The figures of a cross-validation as JSON.
  public var crossValidation: String { path(".cross-validation.json") }
  /// What each clip's own fold made of it: a JSON object a line.
  public var outcomes: String { path(".out-of-fold.jsonl") }

  /// What this training of a cross-validation came to, as JSON.
  public var result: String { path(".result.json") }

  /// The files of the training of a fold of a cross-validation, in `training/folds`.
  public func fold(_ number: Int) -> TrainingFiles {
    part("folds", number)
  }

  /// The files of a training without some classes, in `training/left-out`.
  public func leftOut(_ number: Int) -> TrainingFiles {
    part("left-out", number)
  }

  /// The files of one of the trainings of a cross-validation.
  private func part(_ kind: String, _ number: Int) -> TrainingFiles {
    let parts = Folder.join(Folder.join(folder, "training"), kind)
    return TrainingFiles(folder: Folder.join(parts, "\(number)"), name: name, dtype: dtype)
  }

  /// Writes how classes that were left out were told from others.
  ///
  /// - Throws: `Failure`.
  public func write(_ calibration: KnownCalibration) throws {
    let json = try JSON.indented(calibration) + "\n"
    try AtomicFile.write(Array(json.utf8), to: path(".known.json"))
  }

  /// Writes the results of a cross-validation.
  ///
  /// - Throws: `Failure`.
  public func write<Task: TrainingTask>(_ result: CrossValidationResult<Task>) throws {
    let json = try JSON.indented(result) + "\n"
    try AtomicFile.write(Array(json.utf8), to: crossValidation)
    let lines = try result.pooled.map { try JSON.line($0) + "\n" }
    try AtomicFile.write(lines.joined().pathBytes, to: outcomes)
  }

  /// Writes what a training of a cross-validation came to.
  ///
  /// - Throws: `Failure`.
  public func write(_ result: PartResult<some Codable & Sendable>) throws {
    try AtomicFile.write(Array((try JSON.line(result) + "\n").utf8), to: self.result)
  }

  /// What a training of a cross-validation came to; nil where it has not ended, or the file is damaged.
  public func result<Outcome>(of outcome: Outcome.Type) -> PartResult<Outcome>? {
    guard let data = FileManager.default.contents(atPath: result) else { return nil }
    return try? JSONDecoder().decode(PartResult<Outcome>.self, from: data)
  }

  /// Whether this training of a cross-validation has left what it came to.
  public var hasResult: Bool { FileStatus(result) != nil }

  /// Whether the training has left a model.
  public var hasModel: Bool {
    FileStatus(Folder.join(folder, Model.configurationFile)) != nil
  }

  /// Whether there is a training to resume.
  public var hasCheckpoint: Bool { FileStatus(checkpoint) != nil }

  /// Removes what parts of an earlier cross-validation would be resumed from, and its figures.
  ///
  /// - Throws: `Failure`.
  public func removeParts() throws {
    let training = Folder.join(folder, "training")
    var paths = [crossValidation, outcomes, path(".known.json")]
    for kind in ["folds", "left-out"] {
      let parts = Folder.join(training, kind)
      guard Folder.isFolder(parts) else { continue }
      for part in try Folder.names(in: parts) {
        let files = TrainingFiles(folder: Folder.join(parts, part), name: name)
        paths += [files.checkpoint, files.result]
      }
    }
    try paths.forEach(remove)
  }

  private func remove(_ path: String) throws {
    guard path.withSystemPath({ unlink($0) }) == 0 || errno == ENOENT || errno == ENOTDIR else {
      throw Failure(path: path, action: "remove it", errno: errno)
    }
  }

  /// Checks that a new training would not replace existing files.
  ///
  /// - Throws: `Failure`.
  public func checkAreFree() throws {
    let folds = Folder.join(Folder.join(folder, "training"), "folds")
    guard !hasCheckpoint, FileStatus(folds) == nil else {
      throw Failure(
        .trainingExists, path: folder, problem: "holds a training of the \(name) that has begun",
        remedy: "go on with it, choose another folder, or replace it")
    }
    try Model.checkIsFree(folder)
  }

  /// Makes the folder, and removes an earlier training's checkpoint and result.
  ///
  /// - Throws: `Failure`.
  func begin(_ recipe: some Recipe) throws {
    try Folder.make(Folder.join(folder, "training"))
    try [checkpoint, result].forEach(remove)
    try AtomicFile.write(Array(try RecipeFile.text(recipe).utf8), to: self.recipe)
  }

  /// Replaces the checkpoint atomically.
  func save(
    _ state: TrainingState, networks: [(name: String, parameter: Parameter)], optimizer: Adam,
    average: [(name: String, tensor: Tensor)]
  ) throws {
    let tensors =
      networks.map { ("network." + $0.name, $0.parameter.value) }
      + optimizer.state.map { ("optimizer." + $0.name, $0.tensor) }
      + average.map { ("average." + $0.name, $0.tensor) }
    try Safetensors.write(
      tensors, metadata: ["state": try JSON.line(state)], to: checkpoint, isDurable: true)
  }

  /// Reads the checkpoint.
  ///
  /// - Throws: `Failure` when it is missing, of another kind, or damaged.
  func read() throws -> (state: TrainingState, tensors: SafetensorsFile) {
    guard hasCheckpoint else {
      throw Failure(
        .nothingToResume, path: checkpoint, problem: "does not exist: there is nothing to resume",
        remedy: "begin a training first")
    }
    let file = try SafetensorsFile(path: checkpoint)
    guard let json = file.metadata["state"],
      let state = try? JSONDecoder().decode(TrainingState.self, from: Data(json.utf8))
    else {
      throw Failure(
        .trainingDiffers, path: checkpoint, problem: "is no checkpoint of a training",
        remedy: "begin again")
    }
    return (state, file)
  }

  /// A recipe that names its precision: for `auto`, that of the training to resume, or the one in
  /// which this machine trains faster.
  ///
  /// - Parameters:
  ///   - channels: of the network's layers.
  ///   - isResuming: whether a training is resumed.
  /// - Throws: `OneDNNError`; as `read` does.
  public func choosingPrecision<R: Recipe>(
    of recipe: R, channels: Int, isResuming: Bool
  ) throws -> R {
    var recipe = recipe
    if recipe.optimization.precision == .auto, isResuming {
      let kept = try JSONDecoder().decode(R.self, from: Data(try read().state.recipe.utf8))
      recipe.optimization.precision = kept.optimization.precision
    }
    recipe.optimization.precision = PrecisionChoice(
      try recipe.optimization.precision.resolved(for: .training, channels: channels))
    return recipe
  }

  /// Writes the records of the epochs so far.
  func write(_ records: [TrainingRecord], figures: [String], title: String) throws {
    let lines = try records.map { try JSON.line($0) + "\n" }
    try AtomicFile.write(Array(lines.joined().utf8), to: log)
    try TrainingCurves.figure(records, figures: figures, title: title)?.write(toPNG: curves)
  }

  /// Writes the model.
  func write(_ model: TrainedModel) throws {
    try Model.write(
      model.configuration, weights: model.state.map { ($0.name, $0.parameter.value) }, dtype: dtype,
      to: folder, replacing: true)
  }
}
