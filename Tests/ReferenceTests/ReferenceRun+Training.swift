import PIQ
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
    let twice = (try probabilities(of: whole), try probabilities(of: maskedIn))
    typealias Metrics = InterpretationMetrics
    func record(_ name: String, _ value: (Int, Int) throws -> Double) rethrows {
      let values = try whole.indices.map { Float(try value($0, Metrics.largest(whole[$0]))) }
      floats["output.\(name)"] = Tensor(shape: [values.count], values)
    }
    record("AD") {
      Metrics.averageDrop(whole: Double(whole[$0][$1]), maskedIn: Double(maskedIn[$0][$1]))
    }
    record("AD_twice") {
      Metrics.averageDrop(whole: Double(twice.0[$0][$1]), maskedIn: Double(twice.1[$0][$1]))
    }
    record("AI") {
      Metrics.averageIncrease(whole: Double(whole[$0][$1]), maskedIn: Double(maskedIn[$0][$1]))
    }
    record("AG") {
      Metrics.averageGain(whole: Double(whole[$0][$1]), maskedIn: Double(maskedIn[$0][$1]))
    }
    record("faithfulness") {
      Metrics.faithfulness(whole: Double(whole[$0][$1]), maskedOut: Double(maskedOut[$0][$1]))
    }
    record("input_fidelity") { clip, _ in
      Metrics.inputFidelity(whole: whole[clip], maskedIn: maskedIn[clip])
    }
    let saliency = try reference.floats("input.saliency")
    let maps = rows(of: saliency.reshaped([saliency.shape[0], saliency.count / saliency.shape[0]]))
    floats["output.sparseness_gini"] = Tensor(
      shape: [maps.count], maps.map { Float(Metrics.sparseness($0)) })
    floats["output.complexity_entropy"] = Tensor(
      shape: [maps.count], maps.map { Float(Metrics.complexity($0)) })
  }

  private func rows(of matrix: Tensor) -> [[Float]] {
    (0..<matrix.shape[0]).map { matrix.rows($0..<$0 + 1).elements }
  }

  /// The softmax of each row, as upstream applies it to what are probabilities already.
  private func probabilities(of rows: [[Float]]) throws -> [[Float]] {
    try rows.map { try softmax(Tensor(shape: [1, $0.count], $0)).elements }
  }
}
