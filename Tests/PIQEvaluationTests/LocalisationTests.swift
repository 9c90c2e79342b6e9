import Foundation
import PIQEvaluation
import Testing

/// Events in backgrounds, and whether values a frame tell them apart.
@Suite struct LocalisationTests {
  private func isEvent(_ frames: Range<Int>, of count: Int) -> [Bool] {
    (0..<count).map { frames.contains($0) }
  }

  @Test func areas() {
    func area(_ values: [Double], _ event: Range<Int>) -> Double? {
      Statistics.areaUnderROC(values, isPositive: isEvent(event, of: values.count))
    }
    #expect(area([0, 0, 3, 2, 0], 2..<4) == 1)
    #expect(area([1, 1, 0, 0, 1], 2..<4) == 0)
    #expect(area([1, 1, 1, 1], 1..<2) == 0.5)
    // Of 2 times 2 pairs, one is the wrong way round, and one a tie.
    #expect(area([2, 1, 2, 0], 0..<2) == 0.625)
    #expect(area([1, 2], 0..<2) == nil)
    #expect(area([1, 2], 5..<6) == nil)
  }

  @Test func overlaps() {
    func overlap(_ frames: Range<Int>) -> Double {
      Localisation.overlap(frames, isEvent: isEvent(2..<6, of: 10))
    }
    #expect(overlap(2..<6) == 1)
    #expect(overlap(0..<10) == 0.4)
    #expect(overlap(4..<8) == 1.0 / 3)
    #expect(overlap(7..<9) == 0)
    #expect(Localisation.overlap(0..<0, isEvent: [false, false]) == 0)
  }

  @Test func placements() throws {
    let labels = [0, 1, 2, 0, 3]
    let all = Placement.all(50, labels: labels, events: [0, 1], backgrounds: [2], seed: 3)
    #expect(
      all.count == 50 && all.allSatisfy { [0, 1, 3].contains($0.event) && $0.background == 2 })
    #expect(Set(all.map(\.event)) == [0, 1, 3])
    #expect(Placement.all(5, labels: labels, events: [9], backgrounds: [2], seed: 3).isEmpty)

    // The loud second of the event at the level of the background.
    let background = (0..<4000).map { 0.1 * sin(Float($0) * 0.3) }
    var event = [Float](repeating: 0.01, count: 3000)
    for i in 1500..<2500 { event[i] = i.isMultiple(of: 2) ? 0.8 : -0.8 }
    for placement in all.prefix(5) {
      let mixture = placement.mixture(event: event, background: background, sampleRate: 1000)
      #expect(mixture.samples.count == 4000 && mixture.event.count == 1000)
      let added = zip(mixture.samples, background).map { Double($0 - $1) }
      for i in added.indices {
        #expect(mixture.event.contains(i) ? abs(abs(added[i]) - 0.0707) < 1e-3 : added[i] == 0)
      }
    }
    // Events longer than what they are placed in are cut.
    let short = all[0].mixture(event: event, background: [1, 1, 1, 1], sampleRate: 1000)
    #expect(short.samples.count == 4 && short.event.count == 2)
  }
}
