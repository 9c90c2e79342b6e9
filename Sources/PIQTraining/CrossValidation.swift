public import PIQAudio
public import PIQDatasets
public import PIQEvaluation
public import PIQPlatform

/// The division of a data set for a cross-validation: each fold is measured by a model that was trained on
/// others, and whose epoch and scale were chosen on yet another.
public struct CrossValidation: Sendable {
  /// One of its trainings.
  public struct Fold: Sendable, Hashable, Codable {
    /// The fold that is measured, and chose nothing.
    public let test: Int
    /// The fold that chooses epoch and scale: the next one.
    public let valid: Int
    /// The others, in ascending order.
    public let train: [Int]

    /// The settings of a training with this division.
    public func settings(_ data: DataSettings) -> DataSettings {
      var data = data
      (data.trainFolds, data.validFolds, data.testFolds) = (train, [valid], [test])
      return data
    }
  }

  /// The trainings, in the order of their test folds.
  public let folds: [Fold]

  /// The folds of a data set: each of its clips has one, so that clips cut from one recording stay together.
  ///
  /// - Throws: `Failure` of fewer than three folds, of a clip without one, or of a class that one of the
  ///   trainings would have no clips of.
  public init(_ data: Dataset, _ settings: DataSettings, seed: UInt64) throws(Failure) {
    let numbers = Set(data.clips.compactMap(\.fold)).sorted()
    guard numbers.count >= 3 else {
      throw Failure(
        .foldsUnfit, path: data.path,
        problem: numbers.isEmpty
          ? "has no folds" : "has \(numbers.count) folds; a cross-validation needs three or more",
        remedy: "write a CSV file with a column fold, in which clips of one recording share a fold")
    }
    if let clip = data.clips.first(where: { $0.fold == nil }) {
      throw Failure(
        .foldsUnfit, path: data.path, problem: "has no fold for \(printable(clip.name))",
        remedy: "give each clip the number of a fold")
    }
    folds = numbers.indices.map { i in
      let valid = numbers[(i + 1) % numbers.count]
      return Fold(
        test: numbers[i], valid: valid,
        train: numbers.filter { $0 != numbers[i] && $0 != valid })
    }
    // Before the first of them, which takes long.
    for fold in folds {
      try Split.checkingFolds {
        () throws(Failure) in try Split(data, fold.settings(settings), seed: seed)
      }
    }
  }
}

/// What a fold's training came to.
public struct FoldResult<Outcome: Codable & Sendable>: Sendable {
  public let fold: CrossValidation.Fold
  /// The epoch that the fold `valid` chose.
  public let epoch: Int
  /// What its model made of the clips of the fold `test`.
  public let outcomes: [Outcome]

  public init(_ fold: CrossValidation.Fold, epoch: Int, outcomes: [Outcome]) {
    (self.fold, self.epoch, self.outcomes) = (fold, epoch, outcomes)
  }
}

/// The results of a cross-validation, pooled over all folds.
public struct CrossValidationResult<Task: TrainingTask>: Encodable {
  public let folds: [FoldResult<Task.Outcome>]

  public init(_ folds: [FoldResult<Task.Outcome>]) { self.folds = folds }

  /// What each clip's own fold made of it.
  public var pooled: [Task.Outcome] { folds.flatMap(\.outcomes) }

  /// The epoch after which the training on all folds ends: the median of the folds', the lower one of two.
  public var epoch: Int {
    let epochs = folds.map(\.epoch).sorted()
    return epochs[(epochs.count - 1) / 2]
  }

  /// The figures of a fold.
  public func figures(_ fold: FoldResult<Task.Outcome>) -> [String: Double] {
    Task.figures(of: fold.outcomes)
  }

  /// The pooled figures, each with its 95 % bootstrap interval over clips.
  public func figures(seed: UInt64) -> [String: Estimate] {
    let outcomes = pooled
    let values = Task.figures(of: outcomes)
    let names = values.keys.sorted()
    let intervals = Statistics.intervals(count: outcomes.count, seed: seed) { indices in
      let drawn = Task.figures(of: indices.map { outcomes[$0] })
      return names.map { drawn[$0] ?? 0 }
    }
    return Dictionary(
      uniqueKeysWithValues: zip(names, intervals).map { name, interval in
        (name, Estimate(value: values[name] ?? 0, interval: interval))
      })
  }

  /// The pooled figures, as the model keeps them.
  public var measured: MeasuredFigures {
    let pooled = figures(seed: 0)
    return MeasuredFigures(
      method: "cross-validation: each clip by a model that it neither trained nor chose",
      clips: self.pooled.count, values: pooled.mapValues(\.value),
      intervals: pooled.mapValues(\.bounds))
  }

  /// Encodes the figures of each fold and the pooled ones.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(
      folds.map { Row(fold: $0.fold, epoch: $0.epoch, figures: figures($0)) }, forKey: .folds)
    let pooled = figures(seed: 0)
    try container.encode(pooled.mapValues(\.value), forKey: .pooled)
    try container.encode(pooled.mapValues(\.bounds), forKey: .intervals)
    try container.encode(self.pooled.count, forKey: .clips)
    try container.encode(epoch, forKey: .epoch)
  }

  private enum Key: CodingKey { case folds, pooled, intervals, clips, epoch }

  private struct Row: Encodable {
    let fold: CrossValidation.Fold
    let epoch: Int
    let figures: [String: Double]

    func encode(to encoder: any Encoder) throws {
      try fold.encode(to: encoder)
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(epoch, forKey: .epoch)
      try container.encode(figures, forKey: .figures)
    }

    private enum Key: CodingKey { case epoch, figures }
  }
}
