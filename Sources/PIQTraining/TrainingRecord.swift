public import PIQAudio

/// The record of an epoch: a line of the log.
public struct TrainingRecord: Codable, Sendable, Equatable {
  /// From 1.
  public var epoch: Int
  /// The steps since the beginning.
  public var steps: Int
  /// The mean over the epoch's steps.
  public var loss: Double
  /// The means of its terms, before their weights.
  public var terms: [String: Double]
  /// That of the epoch's last step.
  public var learningRate: Double
  /// The precision of the operands of large products.
  public var precision: PrecisionChoice?
  /// The result of the validation, where the epoch had one.
  public var valid: Validation?
  /// Whether no earlier epoch scored as much.
  public var isBest: Bool
  /// The wall time of the epoch's steps, in seconds.
  public var seconds: Double
  /// The median wall time of a step, in seconds.
  public var secondsPerStep: Double

  enum CodingKeys: String, CodingKey {
    case epoch, steps, loss, terms, precision, valid, seconds
    case learningRate = "learning_rate"
    case isBest = "is_best"
    case secondsPerStep = "seconds_per_step"
  }
}

/// The state of a training; a checkpoint's content besides tensors.
struct TrainingState: Codable, Equatable {
  /// The recipe as JSON: it must be unchanged on resuming.
  var recipe: String
  /// A hash of the clips and the classifier: they must be unchanged too.
  var inputs: String
  /// The current epoch, from 1.
  var epoch = 1
  /// The steps of it that are done.
  var stepsOfEpoch = 0
  /// The steps since the beginning.
  var steps = 0
  /// The sum over the steps of the epoch.
  var losses = Losses(total: 0)
  var seconds: [Double] = []
  var learningRate: Double
  /// The state of plateau.
  var plateau: ReduceLROnPlateau?
  var records: [TrainingRecord] = []

  /// The record of the best epoch so far.
  var best: TrainingRecord? { records.last(where: \.isBest) }
}
