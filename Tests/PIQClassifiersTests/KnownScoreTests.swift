import Foundation
import PIQClassifiers
import PIQNeuralNetwork
import PIQTensor
import Testing

/// How likely it is that a sound is of any class.
@Suite struct KnownScoreTests {
  /// Two classes, in the directions (1, 0) and (0, -1) after a map that doubles the second value.
  private func score(weight: Double, bias: Double) -> KnownScore {
    let score = KnownScore(
      .init(weight: weight, bias: bias), classCount: 2, embeddingLength: 2)
    let values: [String: [Float]] = [
      "center": [1, 1], "map": [1, 0, 0, 2], "directions": [1, 0, 0, -1],
    ]
    for (name, parameter) in score.state {
      parameter.value = Tensor(shape: parameter.value.shape, values[name] ?? [])
    }
    return score
  }

  @Test func similarityToTheNearestClass() {
    let score = score(weight: 1, bias: 0)
    func similarity(_ x: Float, _ y: Float) -> Double {
      score.similarity(of: Tensor(shape: [2], [x, y]))
    }
    #expect(similarity(5, 1) == 1)
    #expect(similarity(1, -3) == 1)
    #expect(similarity(1, 1) == 0)
    #expect(abs(similarity(3, 2) - 0.5.squareRoot()) < 1e-12)
    #expect(abs(similarity(-1, 2) + 0.5.squareRoot()) < 1e-12)
  }

  @Test func probability() {
    let score = score(weight: 2, bias: -0.5)
    for x in [-1, 0, 2, 5] as [Float] {
      let embedding = Tensor(shape: [2], [x, 3])
      var classification = Classification(logits: [1, 2])
      score.judge(embedding, in: &classification)
      let wanted = 1 / (1 + exp(0.5 - 2 * score.similarity(of: embedding)))
      #expect(abs(Double(classification.known ?? -1) - wanted) < 1e-6)
    }
  }
}
