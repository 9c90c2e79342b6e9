import PIQTraining
import Testing

@Suite struct CalibrationTests {
  /// Three of four are right by the same margin, so the best probability is three in four.
  @Test func scaleThatMakesConfidenceMatchAccuracy() {
    let outcomes: [(cosines: [Float], label: Int)] = [
      ([0.5, 0], 0), ([0.5, 0], 0), ([0, 0.5], 1), ([0.5, 0], 1),
    ]
    let calibration = Calibration(outcomes)
    // 1 / (1 + exp(-s / 2)) = 3 / 4.
    #expect(abs(calibration.logitScale - 2.197) < 0.01)
    #expect(calibration.calibrationError < 1e-3)
  }
}
