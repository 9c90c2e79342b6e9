import Foundation
import PIQAudio
import PIQEvaluation
import PIQTraining
import Testing

/// What tells the sounds of classes from others, and how it is calibrated.
@Suite struct KnownFitTests {
  private static let settings = KnownScore.Settings(weight: 1, bias: 0)

  /// Classes lie along the first axes; the last value tells nothing, and moves ten times as much.
  @Test func spreadWithinClassesDoesNotCount() {
    var random = RandomStream(seed: 1, path: [])
    func embedding(_ axis: Int?) -> [Float] {
      var values = random.normal(6).map { 0.1 * $0 }
      if let axis { values[axis] += 1 }
      values[5] *= 100
      return values
    }
    let clips = (0..<60).map { (values: embedding($0 % 3), label: $0 % 3) }
    let score = KnownFit(clips, classCount: 3).score(Self.settings, classCount: 3)
    func similarities(_ axis: Int) -> [Double] {
      (0..<50).map { _ in score.similarity(of: Tensor(shape: [6], embedding(axis))) }
    }
    let known = (0..<3).flatMap(similarities)
    let other = similarities(3)
    let all = known.map { ($0, true) } + other.map { ($0, false) }
    #expect(known.reduce(0, +) / 150 > 0.8)
    #expect(
      Statistics.areaUnderROC(all.map(\.0), isPositive: all.map(\.1)) ?? 0 > 0.95)
  }

  /// Embeddings that are all the same have no direction.
  @Test func nothingMoves() {
    let clips = (0..<4).map { (values: [Float](repeating: 2, count: 3), label: $0 % 2) }
    let score = KnownFit(clips, classCount: 2).score(Self.settings, classCount: 2)
    #expect(score.similarity(of: Tensor(shape: [3], [2, 2, 2])) == 0)
    #expect(score.state.allSatisfy { $0.parameter.value.isFinite })
  }

  /// As sure as the sounds let it be, whatever their numbers.
  @Test func calibration() {
    var sounds: [(similarity: Double, isKnown: Bool)] = []
    for i in 0..<400 { sounds.append((0.5 + 0.001 * Double(i), true)) }
    for i in 0..<40 { sounds.append((0.3 + 0.01 * Double(i), false)) }
    let settings = KnownScore.Settings(fitting: sounds)
    #expect(abs(settings(0.6) - 0.5) < 0.05, "the middle of 0.3 to 0.7 and 0.5 to 0.9")
    #expect(settings(0.85) > 0.9 && settings(0.35) < 0.1)
    // All on the right side: the function stays finite.
    let apart = KnownScore.Settings(fitting: [(0.9, true), (0.8, true), (0.1, false)])
    #expect(apart.weight.isFinite && apart.bias.isFinite && apart.weight > 0)
  }
}
