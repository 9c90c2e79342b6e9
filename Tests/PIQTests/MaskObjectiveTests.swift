import Foundation
import PIQ
import PIQClassifiers
import PIQExplanations
import PIQNeuralNetwork
import PIQTensor
import TestSupport
import Testing

/// What is minimised besides PIQ's own objective.
@Suite struct MaskObjectiveTests {
  private let initializer = Initializer(seed: 31)

  private func random(_ shape: [Int], bound: Float = 1) -> Tensor {
    initializer.uniform(shape, bound: bound)
  }

  @Test func excludingAClassIsOneMinusItsProbability() {
    let logits = random([3, 4], bound: 3)
    let labels = [2, 0, 3]
    let excluding = CrossEntropy(logits: logits, excluding: labels)
    let including = CrossEntropy(logits: logits, labels: labels)
    #expect(TensorDifference(excluding.probabilities, including.probabilities).relative < 1e-6)
    let expected = labels.enumerated().reduce(0.0) { sum, item in
      sum - log(1 - Double(including.probabilities[flat: item.offset * 4 + item.element])) / 3
    }
    #expect(abs(Double(excluding.value) - expected) < 1e-5)
    let check = GradientCheck(using: initializer)
    let result = check("logits", excluding.gradient, at: logits) {
      Double(CrossEntropy(logits: $0, excluding: labels).value)
    }
    #expect([result].failures(tolerance: 1e-3).isEmpty, "\(result)")
  }

  /// Where the class is certain its value grows with the logit, and is no infinity.
  @Test func certaintyIsNoInfinity() {
    let certain = CrossEntropy(
      logits: Tensor(shape: [1, 3], [500, 20, -40] as [Float]), excluding: [0])
    #expect(abs(certain.value - 480) < 1e-3)
    let slopes = certain.gradient.elements
    #expect(slopes[0] == 1 && slopes[1] == -1 && abs(slopes[2]) < 1e-20)
    let absent = CrossEntropy(
      logits: Tensor(shape: [1, 3], [-500, 20, -40] as [Float]), excluding: [0])
    #expect(absent.value == 0)
    #expect(absent.gradient.isFinite)
  }

  /// In silence the mask counts whole, and from a tenth of the largest value on not at all.
  @Test func silence() throws {
    let classifier = try TinyModel.interpreter(TinyModel.configuration()).encoderClassifier
    var logPower = Tensor(shape: [1, 32, 33])
    logPower[flat: 0] = 2
    logPower[flat: 1] = 0.2
    logPower[flat: 2] = 0.1
    let found = try MaskObjective(silence: 1).differentiated(
      Tensor(shape: [1, 32, 33, 1]), logPower: logPower, labels: [0], classifier: classifier)
    #expect(abs(found.terms.silence - 0.5 * (32 * 33 - 2.5) / (32 * 33)) < 1e-6)
    #expect(found.gradient[flat: 0] == 0 && found.gradient[flat: 1] == 0)
    #expect(abs(found.gradient[flat: 3] / found.gradient[flat: 2] - 2) < 1e-5)
  }

  /// All terms at once, through a classifier that is not changed.
  @Test(arguments: [(32, 33), (40, 33), (32, 30)])
  func gradient(frames: Int, maskFrames: Int) throws {
    let classifier = try TinyModel.interpreter(TinyModel.configuration()).encoderClassifier
    let logPower = Tensor(
      shape: [5, frames, 33], random([5, frames, 33]).elements.map { $0 * $0 + 0.01 })
    let labels = [0, 2, 1, 1, 0]
    let objective = MaskObjective(
      maskedIn: 1, maskedOut: 0.7, sparsity: 0.5, totalVariation: 0.3, silence: 0.4)
    func terms(_ reconstruction: Tensor) throws -> (MaskObjective.Terms, Tensor) {
      try objective.differentiated(
        reconstruction, logPower: logPower, labels: labels, classifier: classifier)
    }
    let reconstruction = random([5, maskFrames, 33, 1], bound: 2)
    let gradient = try terms(reconstruction).1
    // Small steps: ReLUs and absolute values have kinks.
    let check = GradientCheck(step: 0x1p-10, using: initializer)
    let result = try check("mask", gradient, at: reconstruction) {
      let found = try terms($0).0
      return found.maskedIn + 0.7 * found.maskedOut + 0.5 * found.sparsity
        + 0.3 * found.totalVariation + 0.4 * found.silence
    }
    #expect([result].failures(tolerance: 0.05).isEmpty, "\(result)")
    let state = classifier.encoder.state + classifier.head.state
    #expect(state.allSatisfy { $0.parameter.gradient == nil })
  }
}
