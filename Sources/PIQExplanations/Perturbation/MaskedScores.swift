import Glibc
import PIQClassifiers
import PIQPlatform
import PIQTensor
import Synchronization

/// The scores of a class for masked copies of a clip: what methods that need no gradients ask for.
///
/// A score is the class's logit; of a classifier that gives probabilities alone, the logarithm of its odds:
/// what doubles a small probability counts as much as what doubles its distance from 1.
struct MaskedScores: Sendable {
  let interpreter: Interpreter
  let clip: Clip
  /// From 0 to C - 1.
  let classIndex: Int
  /// What masked cells become: the log-power of each bin [F]; silence if nil.
  let filling: Tensor?
  private let givesProbabilities: Bool

  /// The scores of a clip; throws as the classifier does.
  init(
    _ interpreter: Interpreter, _ clip: Clip, of classIndex: Int, _ baseline: Baseline
  ) throws {
    givesProbabilities =
      try interpreter.classifier.analyze(clip).classification.givesProbabilitiesAlone
    (self.interpreter, self.clip, self.classIndex) = (interpreter, clip, classIndex)
    filling = baseline == .mean ? clip.logPower.meanOfRows : nil
  }

  /// The scores of `count` copies, several at the same time; they do not depend on how many.
  ///
  /// - Parameter mask: gives the mask [T, F] of each.
  /// - Throws: as the classifier does.
  func callAsFunction(
    count: Int, mask: @Sendable (_ index: Int) -> Tensor
  ) throws -> [Double] {
    try scores(count: count) { try score(mask($0)) }
  }

  /// What `score` gives for each of `count` copies, with the progress.
  private func scores(
    count: Int, _ score: @Sendable (_ index: Int) throws -> Double
  ) throws -> [Double] {
    // Not known on other threads.
    let observer = ScoringProgress.observer
    let done = Atomic(0)
    return try inOrder(count: count) { index in
      let score = try score(index)
      observer?(done.add(1, ordering: .relaxed).newValue, count)
      return score
    }
  }

  /// The score of the clip under a mask of ones, and those without each of some cells.
  ///
  /// Of a classifier that hears parts by themselves, only what a cell changes is computed anew: the scores
  /// are the same.
  ///
  /// - Throws: as the classifier does.
  func without(_ places: [PatchPlace]) throws -> (whole: Double, others: [Double]) {
    let ones = Tensor(shape: clip.logPower.shape, repeating: 1)
    let base = try interpreter.classifier.analyze(
      interpreter.frontEnd.masked(clip, by: ones, filling: filling))
    let whole = score(base.classification)
    guard let classifier = interpreter.classifier as? any LocalClassifier, classifier.hearsParts
    else {
      return (whole, try self(count: places.count) { masked(places[$0]) })
    }
    let sound = base.clip.samples
    let others = try scores(count: places.count) { index in
      let place = places[index]
      let (samples, changed) = interpreter.frontEnd.sound(
        of: clip, without: place.frames, place.bins, filling: filling, whole: sound)
      let found = try classifier.classify(samples, changed: changed, since: base)
      return try found.map(score) ?? score(masked(place))
    }
    return (whole, others)
  }

  private func masked(_ place: PatchPlace) -> Tensor {
    var mask = Tensor(shape: clip.logPower.shape, repeating: 1)
    mask.fill(place, with: 0)
    return mask
  }

  /// The score of the clip under one mask [T, F].
  func score(_ mask: Tensor) throws -> Double {
    let masked = interpreter.frontEnd.masked(clip, by: mask, filling: filling)
    return score(try interpreter.classifier.analyze(masked).classification)
  }

  /// The score in a decision.
  private func score(_ classification: Classification) -> Double {
    let value = Double(classification.logits[classIndex])
    guard givesProbabilities else { return value }
    // Single precision has no probability between 0 and 1e-38, and none between 1 - 6e-8 and 1.
    let probability = min(max(value, 1e-12), 1 - 1e-7)
    return log(probability / (1 - probability))
  }
}

extension Tensor {
  /// The mean of the rows of [T, F]: [F].
  fileprivate var meanOfRows: Tensor {
    let (rows, columns) = (shape[0], shape[1])
    var sums = [Double](repeating: 0, count: columns)
    withUnsafeBuffer { values in
      for i in values.indices { sums[i % columns] += Double(values[i]) }
    }
    return Tensor(shape: [columns], sums.map { Float($0 / Double(rows)) })
  }
}
