public import PIQAudio

/// Trains the interpreter of a frozen classifier.
public final class InterpreterTask: TrainingTask {
  public static let name = "interpreter"
  public static let figures = ["fid_in", "ai", "ad", "ag", "ff", "sps", "mean_mask"]

  private let recipe: InterpreterRecipe
  private let configuration: ModelConfiguration
  private let classifier: EncoderClassifier
  private let networks: Networks
  private let psi: VectorQuantizedPSI
  private let batches: BatchMaker
  private let valid: ClipSet
  public let clipCount: Int

  /// An interpreter with fresh weights.
  ///
  /// - Parameter model: its classifier is explained; it is not changed.
  /// - Throws: `PIQError.configuration`; `PIQError.noInterpreter` for a configuration without one.
  public init(
    _ configuration: ModelConfiguration, explaining model: Interpreter, _ recipe: InterpreterRecipe,
    train: ClipSet, valid: ClipSet
  ) throws {
    try configuration.validate()
    guard let settings = configuration.psi else { throw PIQError.noInterpreter }
    self.configuration = configuration
    self.recipe = recipe
    self.valid = valid
    clipCount = train.clips.count
    classifier = try model.encoderClassifier
    psi = try VectorQuantizedPSI(settings, using: Initializer(seed: recipe.seed))
    networks = Networks(
      encoder: classifier.encoder, classifier: classifier.head, psi: psi, known: classifier.known)
    batches = BatchMaker(
      train, configuration, cropSeconds: recipe.data.cropSeconds, recipe.augmentation)
  }

  public var state: [(name: String, parameter: Parameter)] { psi.state(under: "psi") }

  public func step(_ clips: [Int], seed: UInt64, path: [Int]) throws -> Losses {
    let logPower = try batches.batch(clips, seed: seed, path: path).logPower
    let encoding = try networks.encoder.encoding(logPower, mode: .evaluation)
    let hidden = encoding.map
    let cosines = try networks.classifier(encoding.embedding, mode: .evaluation)
    let labels = largestColumns(of: cosines)
    let precision = recipe.optimization.precision.named ?? .float32
    var (output, pullback) = try psi.differentiated(
      hidden, labels: labels, mode: .training, precision: precision)
    let fit = networks.encoder.differentiatedFit(
      output.reconstruction, frames: logPower.shape[1])
    output.reconstruction = fit.value
    let objective = recipe.objective
    let loss = try InterpreterLoss(
      output, logPower: logPower, threshold: Float(objective.maskThreshold))
    var gradients = loss.gradients
    gradients.reconstruction = gradients.reconstruction?.scaled(by: Float(objective.reconstruction))
    var total =
      objective.reconstruction * Double(loss.reconstruction)
      + Double(loss.codebook) + Double(loss.commitment)
    var terms = [
      "reconstruction": Double(loss.reconstruction), "codebook": Double(loss.codebook),
      "commitment": Double(loss.commitment),
    ]
    let mask = objective.mask
    if !mask.isEmpty {
      let (found, gradient) = try mask.differentiated(
        output.reconstruction, logPower: logPower, labels: labels, classifier: classifier,
        precision: precision)
      gradients.reconstruction = gradients.reconstruction.map { sum($0, gradient) } ?? gradient
      for (name, weight, value) in [
        ("masked_in", mask.maskedIn, found.maskedIn),
        ("masked_out", mask.maskedOut, found.maskedOut),
        ("sparsity", mask.sparsity, found.sparsity),
        ("total_variation", mask.totalVariation, found.totalVariation),
        ("silence", mask.silence, found.silence),
      ] where weight != 0 {
        terms[name] = value
        total += weight * value
      }
    }
    gradients.reconstruction = try gradients.reconstruction.map(fit.pullback)
    _ = try pullback(gradients)
    return Losses(total: total, terms: terms)
  }

  private func largestColumns(of matrix: Tensor) -> [Int] {
    let columns = matrix.shape[1]
    let values = matrix.elements
    return (0..<matrix.shape[0]).map { row in
      Array(values[row * columns..<(row + 1) * columns]).indexOfMaximum ?? 0
    }
  }

  /// The metrics of interpretations of whole clips at their likeliest class.
  public func validate(
    progress: (_ finished: Int, _ total: Int) throws -> Void
  ) throws -> Validation {
    Self.validation(
      pooling: try Self.outcomes(
        of: Interpreter(configuration, copying: networks), configuration, valid, progress: progress)
    )
  }

  public static func outcomes(
    of interpreter: Interpreter, _ configuration: ModelConfiguration, _ clips: ClipSet,
    progress: (_ finished: Int, _ total: Int) throws -> Void
  ) throws -> [InterpretedClip] {
    let explainer = try ExplanationMethod.interpreter.makeExplainer(for: interpreter)
    return try clips.clips.enumerated().map { number, clip in
      try progress(number, clips.clips.count)
      let analysis = try interpreter.analyze(clip.samples)
      let explanation = try explainer.explain(
        analysis, as: analysis.classification.classIndex, tail: interpreter.tail(of: analysis),
        number: number)
      let metrics = try interpreter.measure(explanation.mask, for: analysis).metrics
      return InterpretedClip(
        name: clip.name, label: clip.label,
        metrics: Dictionary(
          uniqueKeysWithValues: Metric.allCases.map { ($0.key, metrics[$0] ?? 0) }))
    }
  }

  public static func isPossible(
    _ outcome: InterpretedClip, classCount: Int, labelCount: Int
  ) -> Bool {
    outcome.label >= 0
      && Metric.allCases.allSatisfy { outcome.metrics[$0.key] != nil }
  }

  public static func figures(of outcomes: [InterpretedClip]) -> [String: Double] {
    let count = Double(max(1, outcomes.count))
    return Dictionary(
      uniqueKeysWithValues: Metric.allCases.map { metric in
        (metric.key, outcomes.reduce(0) { $0 + ($1.metrics[metric.key] ?? 0) } / count)
      })
  }

  public static func validation(pooling outcomes: [InterpretedClip]) -> Validation {
    let figures = figures(of: outcomes)
    func mean(_ metric: Metric) -> Double { figures[metric.key] ?? 0 }
    // All five on one scale, 1 for the best.
    let score =
      (mean(.fidelity) + mean(.averageIncrease) / 100 + 1 - mean(.averageDrop) / 100
        + mean(.averageGain) / 100 + mean(.faithfulness)) / 5
    return Validation(score: score, figures: figures)
  }

  public func model(after validation: Validation) -> TrainedModel {
    TrainedModel(configuration, networks.state)
  }
}

/// A clip, and the metrics of its interpretation.
public struct InterpretedClip: Codable, Sendable, Equatable {
  /// The clip's name in its data set.
  public let name: String
  /// The index of its class.
  public let label: Int
  /// The metrics by their keys.
  public let metrics: [String: Double]
}
