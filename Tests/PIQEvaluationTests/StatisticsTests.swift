import Foundation
import PIQClassifiers
import PIQEvaluation
import PIQExplanations
import PIQTensor
import Testing

@Suite struct StatisticsTests {
  /// Four clips of two classes, by hand: two right at 0.9 and 0.6, two wrong at 0.7 and 0.9.
  private static let outcomes: [(probabilities: [Double], label: Int)] = [
    ([0.9, 0.1], 0), ([0.4, 0.6], 1), ([0.7, 0.3], 1), ([0.1, 0.9], 0),
  ]

  @Test func classification() {
    #expect(Statistics.accuracy(Self.outcomes) == 0.5)
    // 0.9 twice in one bin, one of them right: |1.8 - 1|; 0.6 right: 0.4; 0.7 wrong: 0.7.
    #expect(abs(Statistics.calibrationError(Self.outcomes) - (0.8 + 0.4 + 0.7) / 4) < 1e-12)
    let expected = -(log(0.9) + log(0.6) + log(0.3) + log(0.1)) / 4
    #expect(abs(Statistics.crossEntropy(Self.outcomes) - expected) < 1e-12)
  }

  @Test func binsAreOfEqualWidth() {
    // Both in the bin from 7/15 to 8/15, one right: the two differences add up before the modulus.
    let sameBin: [(probabilities: [Double], label: Int)] = [([0.5, 0.5], 0), ([0.48, 0.52], 0)]
    #expect(abs(Statistics.calibrationError(sameBin) - 0.02 / 2) < 1e-12)
    // Certainty has a bin.
    #expect(Statistics.calibrationError([([1, 0], 0)]) == 0)
    #expect(Statistics.calibrationError([([1, 0], 1)]) == 1)
  }

  @Test func theFirstOfEqualsIsLargest() {
    #expect([0, 2, 2].indexOfMaximum == 1)
  }

  @Test func intervalsComeFromTheSeed() {
    let values = (0..<40).map { Double($0 % 7) }
    func interval(_ seed: UInt64) -> ClosedRange<Double> {
      Statistics.intervals(count: values.count, seed: seed) { indices in
        [indices.reduce(0) { $0 + values[$1] } / Double(indices.count)]
      }[0]
    }
    #expect(interval(1) == interval(1))
    #expect(interval(1) != interval(2))
    // The mean is 2.925, its standard error 0.31: the normal interval is ±0.61.
    #expect(abs(interval(1).lowerBound - 2.31) < 0.1)
    #expect(abs(interval(1).upperBound - 3.54) < 0.1)
    // Measurements of one clip come together, and as many of each kind are drawn as there are.
    var sizes: Set<[Int]> = []
    _ = Statistics.intervals(clips: [7, 7, 7, 2], seed: 0) { indices in
      let counts = (0..<4).map { index in indices.count { $0 == index } }
      #expect(counts[0] == counts[1] && counts[1] == counts[2])
      #expect(counts[0] + counts[3] == 2)
      sizes.insert(counts)
      return [0]
    }
    #expect(sizes.count == 3)
    _ = Statistics.intervals(kinds: [1, 3], seed: 0) { indices in
      #expect(indices.count == 4 && indices[0] == 0)
      #expect(indices.dropFirst().allSatisfy { (1...3).contains($0) })
      return [0]
    }
    let constant = Statistics.intervals(count: 3, seed: 0) { _ in [4] }
    #expect(constant == [4...4])
  }
}
