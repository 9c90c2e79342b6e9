import PIQ
public import PIQClassifiers
import PIQNeuralNetwork
public import PIQTensor

extension Interpreter {
  /// Measures how well a mask explains a clip's classification.
  ///
  /// - Parameters:
  ///   - mask: [T', F], over the clip's first T' frames.
  ///   - factor: multiplies the logits before probabilities are computed.
  ///   - softensAverageDrop: whether AD goes through softmax a second time.
  /// - Throws: `PIQError`, `OneDNNError`.
  public func measure(
    _ mask: Tensor, for analysis: Analysis, scaledBy factor: Double = 1,
    softensAverageDrop: Bool = false
  ) throws -> MaskedOutcome {
    try checkShape(of: mask, for: analysis.clip)
    let rest = Tensor(shape: mask.shape, mask.elements.map { 1 - $0 })
    let masked = try classifier.classify(
      [mask, rest].map { frontEnd.masked(analysis.clip, by: $0) })
    return MaskedOutcome(
      whole: analysis.classification.probabilities(scaledBy: factor),
      maskedIn: masked[0].probabilities(scaledBy: factor),
      maskedOut: masked[1].probabilities(scaledBy: factor), mask: mask.elements,
      softensAverageDrop: softensAverageDrop)
  }
}
