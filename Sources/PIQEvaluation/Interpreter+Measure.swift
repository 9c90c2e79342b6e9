package import PIQ
package import PIQTensor

extension Interpreter {
  /// Measures how well a mask explains a clip's classification.
  ///
  /// - Parameters:
  ///   - mask: [T', F], over the clip's first T' frames.
  ///   - logitScale: what cosines are multiplied by before softmax; the model's own if nil.
  ///   - softensAverageDrop: whether AD goes through softmax a second time.
  /// - Throws: `PIQError`, `OneDNNError`.
  package func measure(
    _ mask: Tensor, for analysis: Analysis, logitScale: Double? = nil,
    softensAverageDrop: Bool = false
  ) throws -> (probabilities: [Double], values: MetricValues) {
    let (kept, rest) = split(analysis.logPower, by: mask)
    let whole = probabilities(of: analysis.classification, logitScale: logitScale)
    let maskedIn = probabilities(of: try classify(kept), logitScale: logitScale)
    let maskedOut = probabilities(of: try classify(rest), logitScale: logitScale)
    return (
      whole,
      MetricValues(
        whole: whole, maskedIn: maskedIn, maskedOut: maskedOut, mask: mask.elements,
        softensAverageDrop: softensAverageDrop)
    )
  }

  /// The probabilities of all classes at another logit scale.
  package func probabilities(
    of classification: Classification, logitScale: Double? = nil
  ) -> [Double] {
    let own = configuration.logitScale
    return Statistics.softmax(classification.logits, scaledBy: (logitScale ?? own) / own)
  }

  /// What the mask keeps of a spectrogram and what it drops, over the frames that it covers.
  private func split(_ logPower: Tensor, by mask: Tensor) -> (kept: Tensor, rest: Tensor) {
    logPower.withUnsafeBuffer { logPower in
      mask.withUnsafeBuffer { values in
        (
          Tensor(shape: mask.shape) { for i in $0.indices { $0[i] = values[i] * logPower[i] } },
          Tensor(shape: mask.shape) {
            for i in $0.indices { $0[i] = (1 - values[i]) * logPower[i] }
          }
        )
      }
    }
  }
}

extension MetricValues {
  /// The metrics of a clip at its likeliest class.
  package init(
    whole: [Double], maskedIn: [Double], maskedOut: [Double], mask: [Float],
    softensAverageDrop: Bool
  ) {
    let label = Statistics.largest(whole)
    let (p, o, m) = (whole[label], maskedIn[label], maskedOut[label])
    let drop: Double
    if softensAverageDrop {
      func soft(_ probabilities: [Double]) -> Double {
        Statistics.softmax(probabilities.map { Float($0) })[label]
      }
      drop = InterpretationMetrics.averageDrop(whole: soft(whole), maskedIn: soft(maskedIn))
    } else {
      drop = InterpretationMetrics.averageDrop(whole: p, maskedIn: o)
    }
    self = [
      .fidelity: label == Statistics.largest(maskedIn) ? 1 : 0,
      .averageIncrease: InterpretationMetrics.averageIncrease(whole: p, maskedIn: o),
      .averageDrop: drop,
      .averageGain: InterpretationMetrics.averageGain(whole: p, maskedIn: o),
      .faithfulness: InterpretationMetrics.faithfulness(whole: p, maskedOut: m),
      .sparseness: InterpretationMetrics.sparseness(mask),
      .complexity: InterpretationMetrics.complexity(mask),
      .meanMask: mask.reduce(0) { $0 + Double($1) } / Double(Swift.max(1, mask.count)),
    ]
  }
}
