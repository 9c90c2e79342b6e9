import PIQ
import PIQClassifiers
import PIQExplanations
import PIQNeuralNetwork
import PIQTensor

extension ReferenceRun {
  /// Three steps of the recipe's objective.
  mutating func runTraining(_ reference: ReferenceCase) throws {
    let psi = try VectorQuantizedPSI(
      dim: reference.int("dim"), keyCount: reference.int("K"),
      classCount: reference.int("numclasses"), using: .zeros)
    try load(psi, from: reference)
    let (beta1, beta2) = reference.pair("betas")
    let optimizer = Adam(
      psi.state, learningRate: reference.double("lr"), betas: (beta1, beta2),
      epsilon: reference.double("eps"), weightDecay: reference.double("weight_decay"))
    let hidden = try reference.floats("input.hs").channelsLast()
    for step in 0..<3 {
      let (output, pullback) = try psi.differentiated(
        hidden, labels: reference.labels(), mode: .training)
      let loss = try InterpreterLoss(
        output, logPower: reference.floats("input.logspec"),
        threshold: Float(reference.double("mask_th")))
      psi.clearGradients()
      _ = try pullback(loss.gradients)
      optimizer.step()
      floats["output.step\(step).rec"] = Tensor(shape: [], [loss.reconstruction])
      floats["output.step\(step).vq"] = Tensor(shape: [], [loss.codebook])
      floats["output.step\(step).commit"] = Tensor(shape: [], [loss.commitment])
      for (name, parameter) in psi.state { floats["after\(step).\(name)"] = parameter.value }
    }
  }

  mutating func runMetrics(_ reference: ReferenceCase) throws {
    let whole = try rows(of: reference.floats("input.predictions"))
    let maskedIn = try rows(of: reference.floats("input.mask_in"))
    let maskedOut = try rows(of: reference.floats("input.mask_out"))
    let twice = (probabilities(of: whole), probabilities(of: maskedIn))
    func record(
      _ name: String, _ metric: Metric, _ whole: [[Float]], _ maskedIn: [[Float]]
    ) {
      let values = whole.indices.map { clip in
        Float(
          metric.value(
            MaskedOutcome(
              whole: whole[clip].map(Double.init), maskedIn: maskedIn[clip].map(Double.init),
              maskedOut: maskedOut[clip].map(Double.init), mask: [])))
      }
      floats["output.\(name)"] = Tensor(shape: [values.count], values)
    }
    record("AD", .averageDrop, whole, maskedIn)
    record("AD_twice", .averageDrop, twice.0, twice.1)
    record("AI", .averageIncrease, whole, maskedIn)
    record("AG", .averageGain, whole, maskedIn)
    record("faithfulness", .faithfulness, whole, maskedIn)
    record("input_fidelity", .fidelity, whole, maskedIn)
    let saliency = try reference.floats("input.saliency")
    let maps = rows(of: saliency.reshaped([saliency.shape[0], saliency.count / saliency.shape[0]]))
    for (name, metric) in [
      ("sparseness_gini", Metric.sparseness), ("complexity_entropy", .complexity),
    ] {
      let values = maps.map {
        Float(metric.value(MaskedOutcome(whole: [1], maskedIn: [1], maskedOut: [1], mask: $0)))
      }
      floats["output.\(name)"] = Tensor(shape: [maps.count], values)
    }
  }

  private func rows(of matrix: Tensor) -> [[Float]] {
    (0..<matrix.shape[0]).map { matrix.rows($0..<$0 + 1).elements }
  }

  /// The softmax of each row, as upstream applies it to what are probabilities already.
  private func probabilities(of rows: [[Float]]) -> [[Float]] {
    rows.map { softmax($0).map { Float($0) } }
  }
}
