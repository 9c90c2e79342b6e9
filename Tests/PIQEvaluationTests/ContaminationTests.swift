import PIQEvaluation
import Testing

@Suite struct ContaminationTests {
  private func expect(_ samples: [Float], _ expected: [Float]) {
    #expect(samples.count == expected.count)
    #expect(zip(samples, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(samples)")
  }

  /// Lengths 5 and 2: 0.8 [0.6, -0.8] + 0.2 [0, 1] = [0.48, -0.44], whose maximum is 0.48.
  @Test func mixtures() {
    expect(Contamination.mixture([3, -4], with: [0, 2]), [1, -0.44 / 0.48])
  }

  @Test func theOtherClipIsCutOrPadded() {
    expect(Contamination.mixture([3, -4], with: [0, 2, 9]), [1, -0.44 / 0.48])
    // 0.8 [0.6, 0.8] + 0.2 [1, 0] = [0.68, 0.64]
    expect(Contamination.mixture([3, 4], with: [7]), [1, 0.64 / 0.68])
  }

  /// [1, 0] + 0.5 [0, -1].
  @Test func noise() {
    expect(Contamination.noisy([2, 0], noise: [0, -3]), [1, -0.5])
  }

  @Test func silenceStaysFinite() {
    expect(Contamination.mixture([0, 0], with: [0, 0]), [0, 0])
    expect(Contamination.mixture([0, 0], with: [0, 3]), [0, 1])
    // Nothing above zero: the sign is kept.
    expect(Contamination.mixture([-1, -1], with: [0, 0]), [-1, -1])
    expect(Contamination.mixture([], with: [1]), [])
  }

  @Test func contaminantsAreTwoOthers() {
    let chosen = Contamination.contaminants(count: 30, seed: 5)
    for (clip, others) in chosen.enumerated() {
      #expect(Set(others).count == 2)
      #expect(!others.contains(clip))
      #expect(others.allSatisfy { (0..<30).contains($0) })
    }
    #expect(Set(chosen.joined()).count > 15)
    #expect(Contamination.contaminants(count: 30, seed: 5) == chosen)
    #expect(Contamination.contaminants(count: 30, seed: 6) != chosen)
    #expect(Contamination.contaminants(count: 2, seed: 0) == [[1], [0]])
    #expect(Contamination.contaminants(count: 1, seed: 0) == [[]])
  }
}
