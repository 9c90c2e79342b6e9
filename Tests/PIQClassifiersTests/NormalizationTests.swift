import PIQClassifiers
import Testing

@Suite struct NormalizationTests {
  /// What no recorder can have recorded is not brought to full scale.
  @Test(arguments: [Normalization.peak, .max]) func silenceStaysSilent(normalize: Normalization) {
    #expect(normalize.level(of: [0, 0]) == 1)
    #expect(normalize.level(of: [1e-9, -1e-9, 5e-8]) == 1)
    #expect(normalize.level(of: []) == 1)
    // One step of 16 bits, and one of 24.
    #expect(normalize.level(of: [0, 0x1p-15]) == 0x1p-15)
    #expect(normalize.level(of: [0, 0x1p-23]) == 0x1p-23)
  }

  @Test func rootMeanSquare() {
    #expect(Normalization.rms.level(of: [3, -4, 0, 0]) == 2.5)
    #expect(Normalization.rms.level(of: [1e-9, -1e-9]) == 1)
    #expect(Normalization.rms.level(of: []) == 1)
    // A sum in single precision would stop growing.
    #expect(abs(Normalization.rms.level(of: Array(repeating: 0.1, count: 3_000_000)) - 0.1) < 1e-7)
  }

  @Test func noneHasNoLevel() { #expect(Normalization.none.level(of: [0.5, 3]) == 1) }
}
