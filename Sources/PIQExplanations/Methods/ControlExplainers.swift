public import PIQClassifiers
package import PIQNeuralNetwork
import PIQTensor

/// A mask of uniform random values from 0 to 1: the baseline for methods.
public struct RandomExplainer: Explainer {
  public static let name = "random"
  public static var settingsUsed: Set<PartialKeyPath<ExplainerSettings>> { [\.seed] }

  private let interpreter: Interpreter
  private let seed: UInt64

  public init(_ interpreter: Interpreter, _ settings: ExplainerSettings) {
    (self.interpreter, seed) = (interpreter, settings.seed)
  }

  public func explain(
    _ analysis: Analysis, as classIndex: Int, tail: Tail, number: Int
  ) -> Explanation {
    var stream = RandomStream(seed: seed, .masks, index: number)
    let mask = Tensor(shape: interpreter.maskShape(for: analysis, tail: tail)) { mask in
      for i in mask.indices { mask[i] = stream.unit() }
    }
    return Explanation(mask: mask)
  }
}

/// The mask of all ones, which keeps the whole clip.
public struct OnesExplainer: Explainer {
  public static let name = "ones"

  private let interpreter: Interpreter

  public init(_ interpreter: Interpreter, _: ExplainerSettings) { self.interpreter = interpreter }

  public func explain(
    _ analysis: Analysis, as classIndex: Int, tail: Tail, number: Int
  ) -> Explanation {
    Explanation(
      mask: Tensor(shape: interpreter.maskShape(for: analysis, tail: tail), repeating: 1))
  }
}

extension Interpreter {
  fileprivate func maskShape(for analysis: Analysis, tail: Tail) -> [Int] {
    let shape = analysis.logPower.shape
    return [coveredFrames(of: shape[0], tail: tail), shape[1]]
  }
}

/// The purpose of a random stream; streams for different purposes are independent.
package enum RandomPurpose: Int {
  case contaminants = 1
  case noise, masks, smoothing, resampling, shuffle, rise, lime, curves, placements
}

extension RandomStream {
  /// A stream for one purpose and, optionally, one clip.
  package init(seed: UInt64, _ purpose: RandomPurpose, index: Int = 0) {
    self.init(seed: seed, path: [purpose.rawValue, index])
  }
}
