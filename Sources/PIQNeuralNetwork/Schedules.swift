import Glibc

/// Reduces the learning rate when the loss has stopped falling (SpeechBrain's `ReduceLROnPlateau`).
///
///     var schedule = ReduceLROnPlateau(patience: 3, firstEpoch: 101)
///     optimizer.learningRate = schedule.next(
///       after: epoch, loss: loss, rate: optimizer.learningRate)
///
/// A loss is compared with the least one so far, also after a reduction: the count of epochs
/// restarts from zero, but the loss to beat stays.
public struct ReduceLROnPlateau: Codable, Sendable, Hashable {
  /// The least learning rate (`lr_min`).
  public let minimum: Double
  /// The factor of the learning rate.
  public let factor: Double
  /// The epochs without improvement that pass before a reduction.
  public let patience: Int
  /// The first epoch whose loss counts, from 1: SpeechBrain's `dont_halve_until_epoch` plus 1.
  public let firstEpoch: Int
  /// The loss to beat; SpeechBrain starts from this number.
  private var anchor = 99999.0
  private var waited = 0

  /// A schedule with SpeechBrain's defaults.
  public init(
    minimum: Double = 1e-8, factor: Double = 0.5, patience: Int = 2, firstEpoch: Int = 66
  ) {
    self.minimum = minimum
    self.factor = factor
    self.patience = patience
    self.firstEpoch = firstEpoch
  }

  /// The learning rate for the next epoch.
  ///
  /// - Parameters:
  ///   - epoch: the epoch that has ended, from 1.
  ///   - loss: its loss; less is better, and a value that is not finite is the worst.
  ///   - rate: its learning rate.
  public mutating func next(after epoch: Int, loss: Double, rate: Double) -> Double {
    let loss = loss.isFinite ? loss : .greatestFiniteMagnitude
    var rate = rate
    if epoch < firstEpoch {
      anchor = loss
    } else if loss <= anchor {
      anchor = loss
      waited = 0
    } else if waited < patience {
      waited += 1
    } else {
      rate *= factor
      waited = 0
    }
    return max(rate, minimum)
  }
}

/// A learning rate that rises and falls linearly (Smith, arXiv 1506.01186; SpeechBrain's
/// `CyclicLRScheduler`).
///
///     let schedule = CyclicLR(base: 2e-6, maximum: 2e-5, stepSize: 65_000)
///     optimizer.learningRate = schedule.rate(at: step)
public struct CyclicLR: Codable, Sendable, Hashable {
  /// How the height of the peaks changes.
  public enum Peaks: Codable, Sendable, Hashable {
    /// It is constant (`triangular`).
    case constant
    /// Each is half as high above the base as the one before (`triangular2`).
    case halving
    /// The height is multiplied by this number with every step (`exp_range`, its gamma).
    case decaying(Double)
  }

  /// The least learning rate (`base_lr`).
  public let base: Double
  /// The learning rate of the first peak (`max_lr`).
  public let maximum: Double
  /// The steps from the least to the largest rate (`step_size`); less than 1 counts as 1.
  public let stepSize: Int
  /// How the height of the peaks changes (`mode`).
  public let peaks: Peaks

  /// A schedule between the rates `base` and `maximum`, `stepSize` steps from one to the other.
  public init(base: Double, maximum: Double, stepSize: Int, peaks: Peaks = .constant) {
    self.base = base
    self.maximum = maximum
    self.stepSize = stepSize
    self.peaks = peaks
  }

  /// The learning rate of a step, counted from 0.
  ///
  /// SpeechBrain takes step 0 with the optimiser's own rate, and this one from step 1 on.
  public func rate(at step: Int) -> Double {
    let phase = Double(step) / Double(max(1, stepSize))
    let cycle = (1 + phase / 2).rounded(.down)
    let height = max(0, 1 - abs(phase - 2 * cycle + 1))
    let scale =
      switch peaks {
      case .constant: 1.0
      case .halving: pow(2, 1 - cycle)
      case .decaying(let gamma): pow(gamma, Double(step))
      }
    return base + (maximum - base) * height * scale
  }
}

/// A learning rate that rises to its maximum and falls far below where it began, each along half a
/// cosine (Smith and Topin, arXiv 1708.07120; `torch.optim.lr_scheduler.OneCycleLR` with
/// `cycle_momentum=False`).
///
///     let schedule = OneCycleLR(maximum: 2e-4, stepCount: epochs * stepsPerEpoch)
///     optimizer.learningRate = schedule.rate(at: step)
public struct OneCycleLR: Codable, Sendable, Hashable {
  /// The largest learning rate (`max_lr`).
  public let maximum: Double
  /// The steps of the whole training (`total_steps`).
  public let stepCount: Int
  /// The part of them in which the rate rises, from 0 to 1 (`pct_start`).
  public let rising: Double
  /// The maximum over the first rate (`div_factor`).
  public let initialDivisor: Double
  /// The first rate over the last one (`final_div_factor`).
  public let finalDivisor: Double

  /// A schedule with PyTorch's defaults.
  public init(
    maximum: Double, stepCount: Int, rising: Double = 0.3, initialDivisor: Double = 25,
    finalDivisor: Double = 1e4
  ) {
    self.maximum = maximum
    self.stepCount = stepCount
    self.rising = rising
    self.initialDivisor = initialDivisor
    self.finalDivisor = finalDivisor
  }

  /// The learning rate of a step, counted from 0; after the last step it stays.
  public func rate(at step: Int) -> Double {
    let first = maximum / initialDivisor
    let (peak, end) = (rising * Double(stepCount) - 1, Double(stepCount) - 1)
    let step = Double(step)
    return step <= peak
      ? Self.halfCosine(from: first, to: maximum, at: step / peak)
      : Self.halfCosine(from: maximum, to: first / finalDivisor, at: (step - peak) / (end - peak))
  }

  private static func halfCosine(from start: Double, to end: Double, at part: Double) -> Double {
    // NaN where no steps are left: then the phase is over.
    let part = part.isNaN ? 1 : min(max(part, 0), 1)
    return end + (start - end) / 2 * (cos(.pi * part) + 1)
  }
}
