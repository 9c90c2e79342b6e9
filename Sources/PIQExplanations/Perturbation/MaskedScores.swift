import PIQClassifiers
import PIQPlatform
import PIQTensor
import Synchronization

/// The scores of a class for masked copies of a clip: what methods that need no gradients ask for.
///
/// A score is the class's logit; of a classifier that gives probabilities alone, its probability.
struct MaskedScores: Sendable {
  let interpreter: Interpreter
  let clip: Clip
  /// From 0 to C - 1.
  let classIndex: Int
  /// What masked cells become: the log-power of each bin [F]; silence if nil.
  let filling: Tensor?

  init(
    _ interpreter: Interpreter, _ clip: Clip, of classIndex: Int, _ baseline: Baseline
  ) {
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
    let whole = Double(base.classification.logits[classIndex])
    guard let classifier = interpreter.classifier as? any LocalClassifier, base.windows != nil
    else {
      return (whole, try self(count: places.count) { masked(places[$0]) })
    }
    let sound = base.clip.samples
    let others = try scores(count: places.count) { index in
      let place = places[index]
      let (samples, changed) = interpreter.frontEnd.sound(
        of: clip, without: place.frames, place.bins, filling: filling, whole: sound)
      let found = try classifier.classify(samples, changed: changed, since: base)
      return try found.map { Double($0.logits[classIndex]) } ?? score(masked(place))
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
    return Double(try interpreter.classifier.analyze(masked).classification.logits[classIndex])
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
