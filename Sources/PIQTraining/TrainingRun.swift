import Foundation
import PIQAudio

/// Trains epoch by epoch, and can resume exactly after an interruption.
///
///     let run = try TrainingRun(task, recipe, files: files, inputs: hash)
///     try run.begin()
///     let outcome = try run.run(watching: progress, shouldStop: { false })
///
/// Random draws depend only on the seed, the epoch and the step, so that no generator's state has
/// to be saved.
public final class TrainingRun<Task: TrainingTask, R: Recipe> {
  private let task: Task
  private let recipe: R
  private let files: TrainingFiles
  private let optimizer: Adam
  private let average: WeightAverage?
  private let rates: LearningRates
  private var state: TrainingState
  private let ending: TrainingEnd?
  private let encodedRecipe: String
  private var lastLoss = Double.nan

  /// A training that has not begun.
  ///
  /// - Parameters:
  ///   - inputs: a hash of the task's inputs besides the recipe.
  ///   - ending: when it ends, where no clips are kept to choose an epoch.
  /// - Throws: `Failure` when the recipe is invalid.
  public init(
    _ task: Task, _ recipe: R, files: TrainingFiles, inputs: String, ending: TrainingEnd? = nil
  ) throws {
    try recipe.validate()
    self.ending = ending
    self.task = task
    self.recipe = recipe
    self.files = files
    let settings = recipe.optimization
    optimizer = Adam(
      task.state, learningRate: settings.learningRate, weightDecay: settings.weightDecay,
      decay: settings.optimizer == .adamW ? .decoupled : .gradient)
    average =
      settings.averageDecay > 0 ? WeightAverage(of: task.state, decay: settings.averageDecay) : nil
    let clipCount = Self.clipsPerEpoch(task.clipCount, batchSize: settings.batchSize)
    rates = LearningRates(
      settings: settings, stepsPerEpoch: (clipCount + settings.batchSize - 1) / settings.batchSize)
    encodedRecipe = try JSON.line(recipe)
    state = TrainingState(
      recipe: encodedRecipe, inputs: inputs, learningRate: settings.learningRate)
    state.plateau = rates.initialPlateau
  }

  /// Makes the folder, and writes the recipe there.
  ///
  /// - Throws: `Failure`.
  public func begin() throws { try files.begin(recipe) }

  /// Resumes from the checkpoint.
  ///
  /// - Throws: `Failure` when there is none, or it belongs to other data or settings;
  ///   `Failure` when it is damaged.
  public func resume() throws {
    let (kept, tensors) = try files.read()
    guard kept.recipe == state.recipe else {
      throw Failure(
        .trainingDiffers, path: files.checkpoint,
        problem: "was made with other settings: \(difference(kept.recipe))",
        remedy: "repeat the settings that it began with, or begin again")
    }
    guard kept.inputs == state.inputs else {
      throw Failure(
        .trainingDiffers, path: files.checkpoint,
        problem: "was made with other clips or another classifier",
        remedy: "give those that it began with, or begin again")
    }
    func tensor(_ name: String, _ shape: [Int]) throws -> Tensor {
      guard tensors.shape(of: name) == shape else {
        throw Failure(
          .trainingDiffers, path: files.checkpoint, problem: "lacks \(name) \(shape)",
          remedy: "begin again")
      }
      return try tensors.floats(name)
    }
    for (name, parameter) in task.state {
      parameter.value = try tensor("network." + name, parameter.value.shape)
    }
    try optimizer.restore { try tensor("optimizer." + $0, $1) }
    try average?.restore(steps: kept.steps) { try tensor("average." + $0, $1) }
    state = kept
  }

  /// A description of the first setting that differs.
  private func difference(_ other: String) -> String {
    func leaves(_ json: String) -> [String: String] {
      var leaves: [String: String] = [:]
      func walk(_ value: Any, _ path: String) {
        if let object = value as? [String: Any] {
          for (key, value) in object { walk(value, path.isEmpty ? key : path + "." + key) }
        } else {
          leaves[path] = "\(value)"
        }
      }
      if let object = try? JSONSerialization.jsonObject(with: Data(json.utf8)) { walk(object, "") }
      return leaves
    }
    let (old, new) = (leaves(other), leaves(encodedRecipe))
    for name in Set(old.keys).union(new.keys).sorted() where old[name] != new[name] {
      return "\(name) was \(printable(old[name] ?? "not there")) and is "
        + printable(new[name] ?? "not there")
    }
    return "they cannot be told apart"
  }

  /// Whether all epochs are done.
  public var isFinished: Bool { state.epoch > lastEpoch }

  private var lastEpoch: Int { ending?.epoch ?? recipe.optimization.epochs }

  /// How many steps were done in all.
  public var stepsDone: Int { state.steps }

  /// The records of the epochs so far.
  public var records: [TrainingRecord] { state.records }

  /// Trains to the last epoch, or until it is to stop.
  ///
  /// - Parameters:
  ///   - observer: called for each step and each epoch.
  ///   - shouldStop: called after each step; if true, the state is saved and the run ends.
  /// - Returns: how it ended.
  /// - Throws: `Failure` when the objective is not finite or a file cannot be written; `PIQError`;
  ///   `OneDNNError`.
  public func run(
    watching observer: (TrainingEvent) throws -> Void, shouldStop: () -> Bool
  ) throws -> TrainingOutcome {
    let settings = recipe.optimization
    while !isFinished {
      let order = self.order(of: state.epoch)
      let batches = stride(from: 0, to: order.count, by: settings.batchSize).map {
        Array(order[$0..<min($0 + settings.batchSize, order.count)])
      }
      while state.stepsOfEpoch < batches.count {
        try step(batches[state.stepsOfEpoch])
        try observer(
          .step(
            epoch: state.epoch, step: state.stepsOfEpoch, of: batches.count,
            loss: lastLoss, learningRate: optimizer.learningRate))
        if shouldStop() { return try stop() }
      }
      do {
        let record = try endEpoch(batchCount: batches.count) { finished, total in
          if shouldStop() { throw Interrupted() }
          try observer(.validation(epoch: state.epoch, finished: finished, total: total))
        }
        try observer(.epoch(record))
      } catch is Interrupted {
        return try stop()
      }
    }
    guard let best = state.best else {
      throw Failure(
        .settingInvalid, path: files.log, problem: "no epoch was validated",
        remedy: "lower validate_every")
    }
    return .finished(best: best)
  }

  /// An interrupted validation, which is repeated on resuming.
  private struct Interrupted: Error {}

  private func stop() throws -> TrainingOutcome {
    try save()
    return .stopped(epoch: state.epoch, step: state.stepsOfEpoch)
  }

  /// The clips of an epoch in their order.
  private func order(of epoch: Int) -> [Int] {
    var random = RandomStream(seed: recipe.seed, path: [Draw.order.rawValue, epoch])
    let order = random.permutation(task.clipCount)
    return Array(
      order.prefix(Self.clipsPerEpoch(order.count, batchSize: recipe.optimization.batchSize)))
  }

  /// A last batch of one clip would have no variance, and is left out of the epoch.
  private static func clipsPerEpoch(_ count: Int, batchSize: Int) -> Int {
    batchSize > 1 && count > 1 && count % batchSize == 1 ? count - 1 : count
  }

  private func step(_ clips: [Int]) throws {
    let start = ContinuousClock.now
    for (_, parameter) in task.state { parameter.gradient = nil }
    optimizer.learningRate = rates.rate(at: state.steps, current: state.learningRate)
    let losses = try task.step(
      clips, seed: recipe.seed, path: [Draw.step.rawValue, state.epoch, state.stepsOfEpoch])
    let limit = recipe.optimization.gradientNorm
    let norm = clipGradients(
      task.state.map(\.parameter), toNorm: limit > 0 ? limit : .greatestFiniteMagnitude)
    guard losses.total.isFinite, norm.isFinite else {
      throw Failure(
        .trainingDiverged, path: files.hasCheckpoint ? files.checkpoint : nil,
        problem: "the training diverged in epoch \(state.epoch), step \(state.stepsOfEpoch + 1): "
          + (losses.total.isFinite ? "a gradient is no number" : "the loss is no number"),
        remedy: "lower learning_rate or gradient_norm and begin again; what was the "
          + "best epoch so far is kept")
    }
    optimizer.step()
    average?.update()
    state.steps += 1
    state.stepsOfEpoch += 1
    state.losses += losses
    state.seconds.append((ContinuousClock.now - start) / .seconds(1))
    lastLoss = losses.total
  }

  private func endEpoch(
    batchCount: Int, validating progress: (_ finished: Int, _ total: Int) throws -> Void
  ) throws -> TrainingRecord {
    let epoch = state.epoch
    let isLast = epoch == lastEpoch
    var validation: Validation?
    if let ending {
      validation = isLast ? ending.validation : nil
    } else if epoch.isMultiple(of: recipe.optimization.validateEvery) || isLast {
      validation = try withAverage { try task.validate(progress: progress) }
    }
    let mean = state.losses.divided(by: batchCount)
    let isBest = validation.map { $0.score > state.best?.valid?.score ?? -.infinity } ?? false
    let times = state.seconds.sorted()
    let record = TrainingRecord(
      epoch: epoch, steps: state.steps, loss: mean.total, terms: mean.terms,
      learningRate: optimizer.learningRate, precision: recipe.optimization.precision,
      valid: validation, isBest: isBest,
      seconds: times.reduce(0, +), secondsPerStep: times[times.count / 2])
    state.records.append(record)
    state.epoch += 1
    state.stepsOfEpoch = 0
    state.losses = Losses(total: 0)
    state.seconds = []
    if let validation {
      let rate = state.learningRate
      state.learningRate =
        state.plateau?.next(after: epoch, loss: -validation.score, rate: rate) ?? rate
      if isBest {
        try withAverage { try files.write(try task.model(after: validation)) }
      }
    }
    // After the model: after a kill in between, the epoch is repeated and writes the same.
    try save()
    try files.write(state.records, figures: Task.figures, title: Task.name)
    return record
  }

  private func save() throws {
    try files.save(
      state, networks: task.state, optimizer: optimizer, average: average?.tensors ?? [])
  }

  /// Calls `body` with the weights that models have: the averages, where there are any.
  private func withAverage<Result>(_ body: () throws -> Result) rethrows -> Result {
    try average.map { try $0.applied(body) } ?? body()
  }
}

/// The end of a training on all clips, as a cross-validation chose it. The learning rate follows the
/// schedule of the whole recipe.
public struct TrainingEnd: Sendable {
  /// The last epoch.
  public let epoch: Int
  /// What is said of its model.
  public let validation: Validation

  /// An end after `epoch` epochs.
  public init(epoch: Int, validation: Validation) {
    (self.epoch, self.validation) = (epoch, validation)
  }
}

/// The events of a running training.
public enum TrainingEvent: Sendable {
  /// A step is done.
  case step(epoch: Int, step: Int, of: Int, loss: Double, learningRate: Double)
  /// A validation is in progress.
  case validation(epoch: Int, finished: Int, total: Int)
  /// An epoch is done, and saved.
  case epoch(TrainingRecord)
}

/// How a run ended.
public enum TrainingOutcome: Sendable, Equatable {
  /// All epochs are done; the best one is the model.
  case finished(best: TrainingRecord)
  /// It was stopped on request, after this many steps of this epoch.
  case stopped(epoch: Int, step: Int)
}
