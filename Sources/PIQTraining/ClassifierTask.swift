public import PIQAudio
import PIQEvaluation

/// Trains a classifier: encoder and head.
public final class ClassifierTask: TrainingTask {
  public static let name = "classifier"
  public static let figures = ["accuracy", "cross_entropy", "calibration_error"]

  private let recipe: ClassifierRecipe
  private let configuration: ModelConfiguration
  private let networks: Networks
  private let batches: BatchMaker
  private let valid: ClipSet
  public let clipCount: Int

  /// A classifier with fresh weights.
  ///
  /// - Parameter pretrained: the model whose encoder the training begins with; nil for fresh weights.
  /// - Throws: `PIQError.configuration`; `PIQError.unsupported` of a model without an encoder.
  public init(
    _ configuration: ModelConfiguration, _ recipe: ClassifierRecipe, train: ClipSet, valid: ClipSet,
    pretrained: Interpreter? = nil
  ) throws {
    self.configuration = configuration
    self.recipe = recipe
    self.valid = valid
    clipCount = train.clips.count
    networks = try Networks(configuration, using: Initializer(seed: recipe.seed))
    if let pretrained {
      let weights = try pretrained.encoderClassifier.encoder.state
      for (own, other) in zip(networks.encoder.state, weights) {
        own.parameter.value = other.parameter.value
      }
    }
    batches = BatchMaker(
      train, configuration, cropSeconds: recipe.data.cropSeconds, recipe.augmentation)
  }

  public var state: [(name: String, parameter: Parameter)] { networks.state }

  public func step(_ clips: [Int], seed: UInt64, path: [Int]) throws -> Losses {
    var random = RandomStream(seed: seed, path: path)
    let batch = batches.batch(clips, &random)
    let logits = try networks.encoderClassifier(configuration).differentiatedLogits(
      batch.logPower, mode: .training,
      precision: recipe.optimization.precision.named ?? .float32, needsInputGradient: false)
    let loss = CrossEntropy(logits: logits.value, targets: smoothed(batch.targets))
    _ = try logits.pullback(loss.gradient)
    return Losses(total: Double(loss.value))
  }

  /// A part of the targets distributed over all classes (label smoothing, arXiv 1512.00567).
  private func smoothed(_ targets: Tensor) -> Tensor {
    let share = Float(recipe.network.labelSmoothing)
    guard share > 0 else { return targets }
    let classCount = Float(targets.shape[1])
    return Tensor(
      shape: targets.shape, targets.elements.map { $0 * (1 - share) + share / classCount })
  }

  public func validate(
    progress: (_ finished: Int, _ total: Int) throws -> Void
  ) throws -> Validation {
    let scale = Float(configuration.logitScale)
    let outcomes = try Self.logits(
      Interpreter(configuration, copying: networks), valid, progress: progress
    ).map { (cosines: $0.logits.map { $0 / scale }, label: $0.label) }
    return Validation(classified: outcomes)
  }

  /// Accuracy and calibration of a model for whole, unmodified clips.
  ///
  /// - Throws: `PIQError`, `OneDNNError`.
  public static func measure(
    _ interpreter: Interpreter, _ clips: ClipSet,
    progress: (_ finished: Int, _ total: Int) throws -> Void
  ) throws -> Validation {
    let outcomes = try logits(interpreter, clips, progress: progress).map {
      (probabilities: softmax($0.logits), label: $0.label)
    }
    let accuracy = Statistics.accuracy(outcomes)
    return Validation(
      score: accuracy,
      figures: [
        "accuracy": accuracy, "cross_entropy": Statistics.crossEntropy(outcomes),
        "calibration_error": Statistics.calibrationError(outcomes),
      ])
  }

  private static func logits(
    _ interpreter: Interpreter, _ clips: ClipSet,
    progress: (_ finished: Int, _ total: Int) throws -> Void
  ) throws -> [(logits: [Float], label: Int)] {
    try clips.clips.enumerated().map { number, clip in
      try progress(number, clips.clips.count)
      return (try interpreter.analyze(clip.samples).classification.logits, clip.label)
    }
  }

  public func model(after validation: Validation) -> TrainedModel {
    var calibrated = configuration
    calibrated.logitScale = validation.figures["logit_scale"] ?? configuration.logitScale
    return TrainedModel(calibrated, networks.state)
  }
}

extension Validation {
  /// The figures of a classifier, with the logit scale that calibrates it.
  ///
  /// - Parameter outcomes: the cosines of all classes, and the index of the right one, of each clip.
  init(classified outcomes: [(cosines: [Float], label: Int)]) {
    let accuracy = Statistics.accuracy(outcomes.map { ($0.cosines.map(Double.init), $0.label) })
    let calibration = Calibration(outcomes)
    // One more correct clip outweighs any gain in cross-entropy.
    score = accuracy - 1e-3 * calibration.crossEntropy
    figures = [
      "accuracy": accuracy, "cross_entropy": calibration.crossEntropy,
      "calibration_error": calibration.calibrationError,
      "logit_scale": calibration.logitScale,
    ]
  }
}
