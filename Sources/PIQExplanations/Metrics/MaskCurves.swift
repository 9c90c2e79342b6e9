public import PIQClassifiers
import PIQNeuralNetwork
import PIQPlatform
public import PIQTensor

/// How the probability of a class changes as the cells of a spectrogram are taken away, and as they come
/// to an empty one, those with the largest values of a mask first (Petsiuk, Das and Saenko, arXiv
/// 1806.07421). Cells of one value are in random order.
public struct MaskCurves: Sendable, Equatable {
  /// How many steps there are from none of the cells to all of them.
  public static let steps = 20

  /// The probabilities without none, 1/20, 2/20 and so on of the cells.
  public let deletion: [Double]
  /// The probabilities with them alone.
  public let insertion: [Double]

  /// The area under the first curve: small where the mask says what matters.
  public var deletionArea: Double { Self.area(deletion) }
  /// The area under the second curve: large where the mask says what suffices.
  public var insertionArea: Double { Self.area(insertion) }

  /// By the trapezoidal rule, over fractions from 0 to 1.
  private static func area(_ values: [Double]) -> Double {
    guard values.count > 1 else { return 0 }
    let ends = ((values.first ?? 0) + (values.last ?? 0)) / 2
    return (values.reduce(0, +) - 2 * ends + ends) / Double(values.count - 1)
  }
}

extension Interpreter {
  /// The curves of a mask for the class that a clip is classified as, or another.
  ///
  /// - Parameters:
  ///   - mask: [T', F], over the clip's first T' frames.
  ///   - factor: multiplies the logits before probabilities are computed.
  ///   - number: tells clips apart, for the order of cells of one value.
  /// - Throws: `PIQError`, `OneDNNError`.
  public func curves(
    of mask: Tensor, for analysis: Analysis, as classIndex: Int? = nil, scaledBy factor: Double = 1,
    seed: UInt64 = 0, number: Int = 0
  ) throws -> MaskCurves {
    try checkShape(of: mask, for: analysis.clip)
    let classIndex = classIndex ?? analysis.classification.classIndex
    var random = RandomStream(seed: seed, .curves, index: number)
    let values = mask.elements
    let order = random.permutation(values.count).sorted { values[$0] > values[$1] }
    let steps = MaskCurves.steps
    let clip = analysis.clip
    let found = try inOrder(count: 2 * (steps + 1)) { index in
      let (step, isInsertion) = (index % (steps + 1), index > steps)
      var cells = Tensor(shape: mask.shape, repeating: isInsertion ? 0 : 1)
      cells.withUnsafeMutableBuffer { cells in
        for cell in order[..<(order.count * step / steps)] { cells[cell] = isInsertion ? 1 : 0 }
      }
      let masked = frontEnd.masked(clip, by: cells)
      let outcome = try classifier.analyze(masked).classification
      return outcome.probabilities(scaledBy: factor)[classIndex]
    }
    return MaskCurves(
      deletion: Array(found[...steps]), insertion: Array(found[(steps + 1)...]))
  }
}
