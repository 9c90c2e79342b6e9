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
  private let teacher: Teacher?
  /// From the classifier's embedding to the teacher's; no part of the model.
  private let projection: Linear?
  private let train: ClipSet
  private let known: KnownScore.Settings?
  public let clipCount: Int

  /// A classifier with fresh weights.
  ///
  /// - Parameters:
  ///   - pretrained: the model whose encoder the training begins with; nil for fresh weights.
  ///   - teacher: what it is to imitate beside the clips' own classes.
  ///   - known: what turns the similarity of a sound to the classes into `known`; nil where nothing was
  ///     calibrated for it.
  /// - Throws: `PIQError.configuration`; `PIQError.unsupported` of a model without an encoder.
  public init(
    _ configuration: ModelConfiguration, _ recipe: ClassifierRecipe, train: ClipSet, valid: ClipSet,
    pretrained: Interpreter? = nil, teacher: Teacher? = nil, known: KnownScore.Settings? = nil
  ) throws {
    self.teacher = teacher
    self.configuration = configuration
    self.recipe = recipe
    (self.train, self.valid, self.known) = (train, valid, known)
    clipCount = train.clips.count
    let initializer = Initializer(seed: recipe.seed)
    networks = try Networks(configuration, using: initializer)
    projection = try teacher.map {
      Linear(
        try configuration.ownClassifier.head.inputSize, $0.embeddingLength, using: initializer)
    }
    if let pretrained {
      let weights = try pretrained.encoderClassifier.encoder.state
      for (own, other) in zip(networks.encoder.state, weights) {
        own.parameter.value = other.parameter.value
      }
    }
    batches = BatchMaker(
      train, configuration, cropSeconds: recipe.data.cropSeconds, recipe.augmentation)
  }

  public var state: [(name: String, parameter: Parameter)] {
    networks.state + (projection?.state(under: "teacher") ?? [])
  }

  public func step(_ clips: [Int], seed: UInt64, path: [Int]) throws -> Losses {
    let batch = try batches.batch(clips, seed: seed, path: path)
    let precision = recipe.optimization.precision.named ?? .float32
    let embedding = try networks.encoder.differentiatedEmbedding(
      batch.logPower, mode: .training, precision: precision, needsInputGradient: false)
    let lesson = try teacher?.lesson(on: batch.sounds)
    let scale = Float(configuration.logitScale)
    let cosines = try networks.classifier.differentiated(embedding.value, mode: .training)
    let loss = CrossEntropy(
      logits: cosines.value.scaled(by: scale), targets: targets(batch.targets, lesson))
    var gradient = try cosines.pullback(loss.gradient.scaled(by: scale))
    var losses = Losses(total: Double(loss.value))
    if let lesson, let projection, recipe.distillation.embedding > 0 {
      let imitation = try projection.differentiated(embedding.value)
      let error = MeanSquaredError(imitation.value, lesson.embeddings)
      let weight = recipe.distillation.embedding
      gradient = sum(gradient, try imitation.pullback(error.gradient.scaled(by: Float(weight))))
      losses.terms = ["classes": losses.total, "embedding": error.value]
      losses.total += weight * error.value
    }
    _ = try embedding.pullback(gradient)
    return losses
  }

  /// The targets [B, C] of clips: their own classes, smoothed, and in part what the teacher hears.
  private func targets(_ own: Tensor, _ lesson: Teacher.Lesson?) -> Tensor {
    let own = smoothed(own)
    let share = Float(recipe.distillation.targets)
    guard let lesson, share > 0 else { return own }
    return sum(own.scaled(by: 1 - share), lesson.probabilities.scaled(by: share))
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
    let outcomes = try Self.outcomes(
      of: Interpreter(configuration, copying: networks), configuration, valid, progress: progress)
    return Self.validation(pooling: outcomes)
  }

  public static func outcomes(
    of interpreter: Interpreter, _ configuration: ModelConfiguration, _ clips: ClipSet,
    progress: (_ finished: Int, _ total: Int) throws -> Void
  ) throws -> [ClassifiedClip] {
    let scale = Float(configuration.logitScale)
    return try clips.clips.enumerated().map { number, clip in
      try progress(number, clips.clips.count)
      let classification = try interpreter.analyze(clip.samples).classification
      return ClassifiedClip(
        name: clip.name, label: clip.label, cosines: classification.logits.map { $0 / scale },
        logitScale: configuration.logitScale, similarity: classification.similarity)
    }
  }

  public static func isPossible(
    _ outcome: ClassifiedClip, classCount: Int, labelCount: Int
  ) -> Bool { outcome.isPossible(classCount, labelCount) }

  public static func figures(of outcomes: [ClassifiedClip]) -> [String: Double] {
    let outcomes = outcomes.map {
      (probabilities: softmax($0.cosines, scaledBy: $0.logitScale), label: $0.label)
    }
    return [
      "accuracy": Statistics.accuracy(outcomes),
      "cross_entropy": Statistics.crossEntropy(outcomes),
      "calibration_error": Statistics.calibrationError(outcomes),
    ]
  }

  public static func validation(pooling outcomes: [ClassifiedClip]) -> Validation {
    Validation(classified: outcomes.map { (cosines: $0.cosines, label: $0.label) })
  }

  public func model(after validation: Validation) throws -> TrainedModel {
    var calibrated = configuration
    calibrated.logitScale = validation.figures["logit_scale"] ?? configuration.logitScale
    guard let known else { return TrainedModel(calibrated, networks.state) }
    let interpreter = try Interpreter(configuration, copying: networks)
    let embeddings = try train.clips.compactMap { clip in
      try interpreter.analyze(clip.samples).embedding.map {
        (values: $0.elements, label: clip.label)
      }
    }
    return TrainedModel(calibrated, networks.state, known: known, embeddings)
  }
}

/// A clip, and what a classifier made of it.
public struct ClassifiedClip: Codable, Sendable, Equatable {
  /// The clip's name in its data set.
  public let name: String
  /// The index of its class; no class of the classifier's where it is not below their number.
  public let label: Int
  /// The cosines of all classes.
  public let cosines: [Float]
  /// Their factor before softmax.
  public let logitScale: Double
  /// How similar it is to the known classes, from -1 to 1; nil where the model does not say.
  public let similarity: Float?

  func isPossible(_ classCount: Int, _ labelCount: Int) -> Bool {
    cosines.count == classCount && (0..<labelCount).contains(label) && logitScale > 0
      && Float(logitScale).isFinite
  }

  enum CodingKeys: String, CodingKey {
    case name, label, cosines, similarity
    case logitScale = "logit_scale"
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
