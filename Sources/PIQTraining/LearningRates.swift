import PIQAudio

/// The learning rate of each step, by the schedule of a recipe.
struct LearningRates {
  let settings: OptimizationSettings
  let stepsPerEpoch: Int

  /// - Parameters:
  ///   - step: counted from 0 since the beginning.
  ///   - current: the current rate of plateau.
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

  /// The initial state of plateau; nil for the other schedules.
  var initialPlateau: ReduceLROnPlateau? {
    guard settings.schedule == .plateau else { return nil }
    return ReduceLROnPlateau(patience: settings.patience, firstEpoch: settings.firstPlateauEpoch)
  }
}
