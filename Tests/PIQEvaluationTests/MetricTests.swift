import Foundation
import PIQEvaluation
import PIQExplanations
import PIQTensor
import Testing

@Suite struct MetricTests {
  private func metrics(
    _ whole: [Double], _ maskedIn: [Double], _ maskedOut: [Double], mask: [Float] = [1, 0, 0, 0],
    softens: Bool = false
  ) -> MetricValues {
    MaskedOutcome(
      whole: whole, maskedIn: maskedIn, maskedOut: maskedOut, mask: mask,
      softensAverageDrop: softens
    ).metrics
  }

  private func expect(_ values: MetricValues, _ expected: MetricValues) {
    for (metric, value) in expected {
      #expect(abs((values[metric] ?? .nan) - value) < 1e-6, "\(metric)")
    }
  }

  @Test func aDrop() {
    expect(
      metrics([0.2, 0.8], [0.6, 0.4], [0.3, 0.7]),
      [
        .fidelity: 0, .averageIncrease: 0, .averageDrop: 50, .averageGain: 0, .faithfulness: 0.1,
        .sparseness: 0.75, .complexity: 0, .meanMask: 0.25,
      ])
  }

  @Test func aGain() {
    expect(
      metrics([0.2, 0.8], [0.1, 0.9], [0.9, 0.1], mask: [0.5, 0.5, 0.5, 0.5]),
      [
        .fidelity: 1, .averageIncrease: 100, .averageDrop: 0, .averageGain: 50,
        .faithfulness: 0.7, .sparseness: 0, .complexity: log(4), .meanMask: 0.5,
      ])
  }

  /// Upstream's: certainty that is lost altogether drops by 1 - 1/e.
  @Test func aDropThroughASecondSoftmax() {
    let values = metrics([1, 0], [0, 1], [1, 0], softens: true)
    expect(values, [.averageDrop: 100 * (1 - exp(-1)), .fidelity: 0])
  }

  @Test func meansAreOfEachMetric() {
    let means = [
      metrics([0.2, 0.8], [0.6, 0.4], [0.3, 0.7]), metrics([0, 1], [0, 1], [0, 1]),
    ]
    .means()
    expect(means, [.fidelity: 0.5, .averageDrop: 25, .faithfulness: 0.05])
  }
}
