import Foundation
import PIQPlotting
import Testing

@Suite struct TickTests {
  static let limits: [Double] = [
    1e-19, 0.00581, 0.0116, 0.3, 0.999, 1, 1.5, 2, 3.7, 5, 5.0046, 8.0078, 9.99, 60, 100, 3487.5,
    22_050, 1e9, 1e19, .greatestFiniteMagnitude / 1e10,
  ]

  @Test(arguments: limits, 1...10)
  func ticksAreRoundNumbersFromZeroUpToTheLimit(limit: Double, count: Int) throws {
    let ticks = Tick.round(upTo: limit, atMost: count)
    #expect((1...count).contains(ticks.count))
    #expect(ticks.first?.value == 0)
    #expect(ticks.allSatisfy { (0...limit * (1 + 1e-8)).contains($0.value) })
    guard ticks.count > 1 else { return }
    let step = ticks[1].value
    let mantissa = step / pow(10, (log10(step) + 1e-9).rounded(.down))
    #expect([1, 2, 5].contains { abs($0 - mantissa) < 1e-6 })
    for (index, tick) in ticks.enumerated() {
      #expect(abs(tick.value - Double(index) * step) <= 1e-9 * limit)
      // The label says exactly where the tick is.
      #expect(abs(try #require(Double(tick.label)) - tick.value) <= 1e-9 * limit)
    }
    // No two ticks read the same.
    #expect(Set(ticks.map(\.label)).count == ticks.count)
  }

  @Test func secondsAndKilohertzReadAsExpected() {
    #expect(Tick.round(upTo: 5.0046, atMost: 6).map(\.label) == ["0", "1", "2", "3", "4", "5"])
    #expect(Tick.round(upTo: 8.0078, atMost: 6).map(\.label) == ["0", "2", "4", "6", "8"])
    #expect(Tick.round(upTo: 1, atMost: 3).map(\.label) == ["0", "0.5", "1.0"])
    #expect(Tick.round(upTo: 3487, atMost: 4).map(\.label) == ["0", "1000", "2000", "3000"])
  }

  @Test(arguments: [0.0, -1, .nan, .infinity, -Double.infinity, .leastNonzeroMagnitude])
  func noLengthNoTicks(limit: Double) {
    #expect(Tick.round(upTo: limit, atMost: 6).isEmpty)
  }
}
