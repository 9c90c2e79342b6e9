public import PIQAudio

/// A training task: a network with an objective and a validation.
public protocol TrainingTask: AnyObject {
  /// The task's name in messages and files: `classifier` or `interpreter`.
  static var name: String { get }
  /// All weights and statistics of the trained network.
  var state: [(name: String, parameter: Parameter)] { get }
  /// The number of clips in an epoch.
  var clipCount: Int { get }
  /// The figures of a validation that the curves show.
  static var figures: [String] { get }

  /// Adds the gradients of the objective for a batch to those of the parameters.
  ///
  /// - Parameters:
  ///   - clips: indices below `clipCount`.
  ///   - seed: the seed of random draws.
  ///   - path: the path of this step's random draws.
  /// - Returns: the objective and its terms.
  /// - Throws: `PIQError`, `OneDNNError`.
  func step(_ clips: [Int], seed: UInt64, path: [Int]) throws -> Losses

  /// Validates the current networks.
  ///
  /// - Parameter progress: called with the number of clips done and the total.
  /// - Throws: `PIQError`, `OneDNNError`.
  func validate(progress: (_ finished: Int, _ total: Int) throws -> Void) throws -> Validation

  /// What a model makes of a clip.
  associatedtype Outcome: Codable & Sendable

  /// Whether an outcome that was read from a file can be of a model.
  ///
  /// - Parameters:
  ///   - classCount: of the model.
  ///   - labelCount: of the clips for the test, others than the model's after them.
  static func isPossible(_ outcome: Outcome, classCount: Int, labelCount: Int) -> Bool

  /// What a model makes of whole, unmodified clips.
  ///
  /// - Parameters:
  ///   - configuration: the model's.
  ///   - progress: called with the number of clips done and the total.
  /// - Throws: `PIQError`, `OneDNNError`; what `progress` throws.
  static func outcomes(
    of interpreter: Interpreter, _ configuration: ModelConfiguration, _ clips: ClipSet,
    progress: (_ finished: Int, _ total: Int) throws -> Void
  ) throws -> [Outcome]

  /// The figures of outcomes, of one model or of several.
  static func figures(of outcomes: [Outcome]) -> [String: Double]

  /// The validation that a model has which was trained on all clips, by what models of the same recipe
  /// made of clips that they were not trained on.
  static func validation(pooling outcomes: [Outcome]) -> Validation

  /// The configuration of the model that a validated epoch makes; its weights are those of `state`, and
  /// of parts that are not trained.
  ///
  /// - Throws: `PIQError`, `OneDNNError`.
  func model(after validation: Validation) throws -> TrainedModel
}

/// A model as an epoch leaves it.
public struct TrainedModel {
  /// Its settings.
  public let configuration: ModelConfiguration
  /// All weights and statistics, under the names that a model's file has.
  public let state: [(name: String, parameter: Parameter)]

  /// A model of these parts.
  public init(_ configuration: ModelConfiguration, _ state: [(name: String, parameter: Parameter)])
  {
    (self.configuration, self.state) = (configuration, state)
  }

  /// A model that also says how likely it is that a sound is of one of its classes.
  ///
  /// - Parameters:
  ///   - known: the function that says so.
  ///   - embeddings: of the training clips.
  init(
    _ configuration: ModelConfiguration, _ state: [(name: String, parameter: Parameter)],
    known: KnownScore.Settings, _ embeddings: [(values: [Float], label: Int)]
  ) {
    var configuration = configuration
    configuration.known = known
    let classCount = configuration.labels.count
    let score = KnownFit(embeddings, classCount: classCount).score(known, classCount: classCount)
    self.init(configuration, state + score.state(under: "known"))
  }
}

/// The objective of a step.
public struct Losses: Codable, Sendable, Hashable {
  /// The weighted sum.
  public var total: Double
  /// Its terms before their weights.
  public var terms: [String: Double] = [:]

  static func += (sum: inout Losses, other: Losses) {
    sum.total += other.total
    sum.terms.merge(other.terms, uniquingKeysWith: +)
  }

  func divided(by count: Int) -> Losses {
    let count = Double(max(1, count))
    return Losses(total: total / count, terms: terms.mapValues { $0 / count })
  }
}

/// The result of a validation.
public struct Validation: Codable, Sendable, Hashable {
  /// The score that selects the best epoch: larger is better.
  public var score: Double
  /// Figures under their names.
  public var figures: [String: Double]
}
