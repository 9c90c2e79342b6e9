import Foundation
import NeuralNetwork

/// The learning rate of each step, by the schedule of a recipe.
struct LearningRates {
  private let settings: OptimizationSettings
  private let stepsPerEpoch: Int

  init(_ settings: OptimizationSettings, stepsPerEpoch: Int) {
    self.settings = settings
    self.stepsPerEpoch = stepsPerEpoch
  }

  /// - Parameters:
  ///   - step: counted from 0 since the beginning.
  ///   - current: the rate that plateau has come to.
  func rate(at step: Int, current: Double) -> Double {
    let maximum = settings.learningRate
    switch settings.schedule {
    case .constant: return maximum
    case .plateau: return current
    case .oneCycle:
      let count = settings.epochs * stepsPerEpoch
      return OneCycleLR(maximum: maximum, stepCount: count, rising: settings.warmUp)
        .rate(at: step)
    case .cyclic:
      return CyclicLR(base: maximum / 10, maximum: maximum, stepSize: settings.cycleSteps)
        .rate(at: step)
    }
  }

  /// The memory that plateau begins with; nothing for the other schedules.
  func initialPlateau() throws -> String? {
    guard settings.schedule == .plateau else { return nil }
    return try Self.json(
      ReduceLROnPlateau(patience: settings.patience, firstEpoch: settings.firstPlateauEpoch))
  }

  /// The rate after a validated epoch, and plateau's memory.
  func next(
    after epoch: Int, score: Double, rate: Double, _ plateau: String?
  ) throws -> (rate: Double, plateau: String?) {
    guard let plateau else { return (rate, nil) }
    var schedule = try JSONDecoder().decode(ReduceLROnPlateau.self, from: Data(plateau.utf8))
    let next = schedule.next(after: epoch, loss: -score, rate: rate)
    return (next, try Self.json(schedule))
  }

  private static func json(_ schedule: ReduceLROnPlateau) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return String(decoding: try encoder.encode(schedule), as: UTF8.self)
  }
}
