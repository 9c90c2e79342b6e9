import Foundation
import PIQClassifiers
import PIQNeuralNetwork
import PIQTensor
import Testing

/// How likely it is that a sound is of any class.
@Suite struct KnownScoreTests {
  private func score(weight: Double, bias: Double) -> KnownScore {
    let score = KnownScore(
      .init(weight: weight, bias: bias), classCount: 2, embeddingLength: 2)
    for (name, parameter) in score.state {
      // Twice as far along the second axis.
      parameter.value = Tensor(shape: [2, 2], name == "means" ? [0, 0, 10, 0] : [1, 0, 0, 2])
    }
    return score
  }

  @Test func distanceFromTheNearestClass() {
    let score = score(weight: -1, bias: 0)
    func distance(_ x: Float, _ y: Float) -> Double {
      score.distance(of: Tensor(shape: [2], [x, y]))
    }
    #expect(distance(0, 0) == 0)
    #expect(abs(distance(3, 0) - 3 / 2.0.squareRoot()) < 1e-12)
    #expect(abs(distance(9, 0) - 1 / 2.0.squareRoot()) < 1e-12)
    #expect(abs(distance(10, 3) - 6 / 2.0.squareRoot()) < 1e-12)
  }

  @Test func probability() {
    let score = score(weight: -2, bias: 3)
    for x in [0, 2, 5] as [Float] {
      let embedding = Tensor(shape: [2], [x, 0])
      let wanted = 1 / (1 + exp(2 * score.distance(of: embedding) - 3))
      #expect(abs(Double(score(embedding)) - wanted) < 1e-6)
    }
  }
}
