import PIQ
public import PIQClassifiers
import PIQNeuralNetwork
public import PIQTensor

extension Interpreter {
  /// Measures how well a mask explains a clip's classification.
  ///
  /// - Parameters:
  ///   - mask: [T', F], over the clip's first T' frames.
  ///   - logitScale: the factor of the cosines before softmax; the model's own if nil.
  ///   - softensAverageDrop: whether AD goes through softmax a second time.
  /// - Throws: `PIQError`, `OneDNNError`.
  public func measure(
    _ mask: Tensor, for analysis: Analysis, logitScale: Double? = nil,
    softensAverageDrop: Bool = false
  ) throws -> MaskedOutcome {
    try checkShape(of: mask, for: analysis.clip)
    let rest = Tensor(shape: mask.shape, mask.elements.map { 1 - $0 })
    func outcome(_ mask: Tensor) throws -> [Double] {
      let masked = try classifier.analyze(frontEnd.masked(analysis.clip, by: mask))
      return probabilities(of: masked.classification, logitScale: logitScale)
    }
    return MaskedOutcome(
      whole: probabilities(of: analysis.classification, logitScale: logitScale),
      maskedIn: try outcome(mask), maskedOut: try outcome(rest), mask: mask.elements,
      softensAverageDrop: softensAverageDrop)
  }

  /// The probabilities of all classes at another logit scale.
  package func probabilities(
    of classification: Classification, logitScale: Double? = nil
  ) -> [Double] {
    let own = configuration.logitScale
    return softmax(classification.logits, scaledBy: (logitScale ?? own) / own)
  }
}
