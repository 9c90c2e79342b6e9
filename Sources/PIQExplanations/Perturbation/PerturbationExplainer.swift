package import PIQClassifiers
package import PIQTensor

/// A method that changes the clip and watches the score of the class. It needs scores alone, and works on
/// every classifier. The mask is what speaks for the class, divided by the largest.
package protocol PerturbationExplainer: Explainer {
  var interpreter: Interpreter { get }

  /// How much each cell [T, F] adds to the score of the class.
  func attributions(_ clip: Clip, as classIndex: Int, number: Int) throws -> Tensor
}

extension PerturbationExplainer {
  public func explain(
    _ analysis: Analysis, as classIndex: Int, tail: Tail, number: Int
  ) throws -> Explanation {
    let all = try attributions(analysis.clip, as: classIndex, number: number)
    guard all.isFinite else { throw PIQError.notFinite }
    let covered = all.rows(0..<interpreter.coveredFrames(of: all.shape[0], tail: tail))
    let positive = covered.elements.map { max(0, $0) }
    let largest = positive.max() ?? 0
    return Explanation(
      mask: Tensor(
        shape: covered.shape, largest > 0 ? positive.map { $0 / largest } : positive),
      attributions: covered)
  }
}
