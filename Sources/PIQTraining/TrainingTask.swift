public import PIQAudio

/// What is trained: a network with an objective and a way to judge it.
public protocol TrainingTask: AnyObject {
  /// What is trained, for messages and files: `classifier` or `interpreter`.
  static var name: String { get }
  /// All weights and statistics of what is trained.
  var state: [(name: String, parameter: Parameter)] { get }
  /// How many clips an epoch goes through.
  var clipCount: Int { get }
  /// The figures of a validation that the curves show.
  static var figures: [String] { get }

  /// Adds the gradients of the objective for a batch to those of the parameters.
  ///
  /// - Parameters:
  ///   - clips: indices below `clipCount`.
  ///   - seed: decides about what is drawn.
  ///   - path: tells this step's draws from those of others.
  /// - Returns: the objective and its terms.
  /// - Throws: `PIQError`, `OneDNNError`.
  func step(_ clips: [Int], seed: UInt64, path: [Int]) throws -> Losses

  /// Judges the networks as they are.
  ///
  /// - Parameter progress: told how many clips were judged, and of how many.
  /// - Throws: `PIQError`, `OneDNNError`.
  func validate(progress: (_ finished: Int, _ total: Int) throws -> Void) throws -> Validation

  /// The configuration of the model that a validated epoch makes, and its networks.
  func model(after validation: Validation) -> (ModelConfiguration, Networks)
}

/// What a step minimised.
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

/// How good the networks are.
public struct Validation: Codable, Sendable, Hashable {
  /// What decides about the best epoch: larger is better.
  public var score: Double
  /// Figures under their names.
  public var figures: [String: Double]
}
