import Glibc
import PIQAudio
import PIQEvaluation

/// The logit scale that calibrates a classifier's probabilities (temperature scaling, Guo et al.,
/// arXiv 1706.04599).
public struct Calibration: Sendable, Equatable {
  /// The factor of the cosines.
  public let logitScale: Double
  /// The mean of -log of the probability of a clip's own class, in nats.
  public let crossEntropy: Double
  /// The expected calibration error.
  public let calibrationError: Double

  private static let range = (least: 0.01, most: 1000.0)

  /// The scale with the least cross-entropy.
  ///
  /// - Parameter outcomes: the cosines of all classes, and the index of the right one, of each
  ///   clip.
  public init(_ outcomes: [(cosines: [Float], label: Int)]) {
    // As a function of the scale the cross-entropy has a single minimum.
    var (low, high) = (log(Self.range.least), log(Self.range.most))
    let ratio = (5.0.squareRoot() - 1) / 2
    for _ in 0..<60 {
      let (left, right) = (high - ratio * (high - low), low + ratio * (high - low))
      if Self.crossEntropy(outcomes, exp(left)) < Self.crossEntropy(outcomes, exp(right)) {
        high = right
      } else {
        low = left
      }
    }
    // A fold determines only a few digits.
    let scale = exp((low + high) / 2)
    let unit = pow(10, (log10(scale)).rounded(.down) - 3)
    logitScale = (scale / unit).rounded() * unit
    crossEntropy = Self.crossEntropy(outcomes, logitScale)
    calibrationError = Statistics.calibrationError(Self.scaled(outcomes, logitScale))
  }

  private static func crossEntropy(
    _ outcomes: [(cosines: [Float], label: Int)], _ scale: Double
  ) -> Double {
    Statistics.crossEntropy(scaled(outcomes, scale))
  }

  private static func scaled(
    _ outcomes: [(cosines: [Float], label: Int)], _ scale: Double
  ) -> [(probabilities: [Double], label: Int)] {
    outcomes.map { (softmax($0.cosines, scaledBy: scale), $0.label) }
  }
}
