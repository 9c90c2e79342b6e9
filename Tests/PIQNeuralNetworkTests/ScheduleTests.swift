import Foundation
import PIQCheckpoints
import PIQNeuralNetwork
import PIQTensor
import TestSupport
import Testing

/// Learning rates against SpeechBrain's and PyTorch's
/// (Fixtures/scripts/make_optimizer_reference.py).
struct ScheduleTests {
  private func reference(_ name: String) throws -> [Double] {
    let file = try SafetensorsFile(
      path: Fixtures.path("reference/optimizers/schedules.safetensors"))
    return try file.floats(name).elements.map(Double.init)
  }

  private func expectEqual(_ rates: [Double], _ expected: [Double]) {
    #expect(rates.count == expected.count)
    for (index, (rate, expected)) in zip(rates, expected).enumerated() {
      #expect(abs(rate - expected) <= 1e-6 * expected, "rate \(index)")
    }
  }

  private func saved<Schedule: Codable>(_ schedule: Schedule) throws -> Schedule {
    try JSONDecoder().decode(Schedule.self, from: JSONEncoder().encode(schedule))
  }

  /// The schedule is saved and read back after every epoch.
  @Test func plateau() throws {
    var schedule = ReduceLROnPlateau(minimum: 0.1, factor: 0.5, patience: 2, firstEpoch: 4)
    var rate = 1.0
    var rates: [Double] = []
    for (index, loss) in try reference("plateau.loss").enumerated() {
      rate = schedule.next(after: index + 1, loss: loss, rate: rate)
      rates.append(rate)
      let copy = try saved(schedule)
      #expect(copy == schedule)
      schedule = copy
    }
    expectEqual(rates, try reference("plateau.rate"))
  }

  @Test(arguments: [Double.nan, .infinity])
  func aLossThatIsNotFiniteIsNoImprovement(loss: Double) throws {
    var schedule = ReduceLROnPlateau(patience: 1, firstEpoch: 2)
    #expect(schedule.next(after: 1, loss: loss, rate: 1) == 1)
    // Anything is better than that.
    #expect(schedule.next(after: 2, loss: 1e9, rate: 1) == 1)
    #expect(schedule.next(after: 3, loss: loss, rate: 1) == 1)
    #expect(schedule.next(after: 4, loss: loss, rate: 1) == 0.5)
    #expect(try saved(schedule) == schedule)
  }

  @Test(arguments: [
    ("triangular", CyclicLR.Peaks.constant), ("triangular2", .halving),
    ("exp_range", .decaying(0.97)),
  ])
  func cyclic(name: String, peaks: CyclicLR.Peaks) throws {
    let schedule = try saved(CyclicLR(base: 2e-6, maximum: 2e-5, stepSize: 7, peaks: peaks))
    let expected = try reference("\(name).rate")
    #expect(abs(schedule.rate(at: 0) - 2e-6) < 1e-12)
    expectEqual((1...expected.count).map(schedule.rate), expected)
  }

  @Test func oneCycle() throws {
    let schedule = try saved(
      OneCycleLR(
        maximum: 0.01, stepCount: 40, rising: 0.25, initialDivisor: 20, finalDivisor: 50))
    expectEqual((0..<40).map(schedule.rate), try reference("one_cycle.rate"))
    #expect(schedule.rate(at: 40) == schedule.rate(at: 39))
    #expect(schedule.rate(at: 1_000_000) == schedule.rate(at: 39))
  }

  /// Settings that leave no time to rise or to fall still give rates.
  @Test(arguments: [0, 1, 2, 4], [0.0, 0.25, 0.5, 1])
  func shortCycles(stepCount: Int, rising: Double) {
    let schedule = OneCycleLR(maximum: 0.01, stepCount: stepCount, rising: rising)
    for step in 0..<5 {
      #expect((0...0.01).contains(schedule.rate(at: step)), "step \(step)")
    }
    #expect(CyclicLR(base: 1, maximum: 2, stepSize: 0).rate(at: 1) == 2)
  }
}
