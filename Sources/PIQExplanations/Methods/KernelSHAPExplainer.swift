import Glibc
package import PIQClassifiers
import PIQNeuralNetwork
import PIQSpectral
package import PIQTensor

/// Estimates of the Shapley values of segments of the spectrogram, by a linear model of the score of the class
/// over which of them are there (Kernel SHAP, Lundberg and Lee, arXiv 1705.07874). Segments are patches side
/// by side; a copy is drawn as often as Kernel SHAP weights its number of segments, and followed by its
/// complement (Covert and Lee, arXiv 2012.01536).
public struct KernelSHAPExplainer: PerturbationExplainer {
  public static let name = "kernel-shap"
  public static var settingsUsed: Set<PartialKeyPath<ExplainerSettings>> {
    [\.samples, \.patch, \.baseline, \.seed]
  }

  package let interpreter: Interpreter
  private let settings: ExplainerSettings

  /// Of the copies with all segments and with none, whose scores the values add up to; captum's.
  private static let endWeight = 1e6
  /// The strength of the ridge, for fewer copies than segments.
  private static let ridge = 1e-2

  public init(_ interpreter: Interpreter, _ settings: ExplainerSettings) {
    (self.interpreter, self.settings) = (interpreter, settings)
  }

  package func attributions(_ clip: Clip, as classIndex: Int, number: Int) throws -> Tensor {
    let shape = clip.logPower.shape
    let size = settings.patch.cells(of: interpreter.frontEnd.stft.configuration)
    let segments = try PatchGrid.segments(of: shape, size: size, for: Self.self)
    let present = copies(of: segments.count, number: number)
    let scores = try MaskedScores(interpreter, clip, of: classIndex, settings.baseline)(
      count: present.count
    ) { index in
      var mask = Tensor(shape: shape, repeating: 1)
      for (segment, isPresent) in zip(segments, present[index]) where !isPresent {
        mask.fill(segment, with: 0)
      }
      return mask
    }
    let weights = present.indices.map { $0 < 2 ? Self.endWeight : 1 }
    let values = WeightedRidge.slopes(
      of: scores, over: present.map { $0.map { $0 ? 1 : 0 } }, weights, ridge: Self.ridge)
    var result = Tensor(shape: shape)
    for (segment, value) in zip(segments, values) { result.add(Float(value), in: segment) }
    return result
  }

  /// Which segments each copy has: all, none, then pairs of a copy and its complement.
  private func copies(of count: Int, number: Int) -> [[Bool]] {
    let ends = [true, false].map { Array(repeating: $0, count: count) }
    guard count > 1 else { return ends }
    let sizes = (1..<count).map { 1 / Double($0 * (count - $0)) }
    let total = sizes.reduce(0, +)
    return ends
      + (0..<settings.samples).map { index in
        var random = RandomStream(
          seed: settings.seed, path: [RandomPurpose.kernelSHAP.rawValue, number, index / 2])
        var rest = Double(random.unit()) * total
        var size = 1
        while size < count - 1, rest >= sizes[size - 1] {
          rest -= sizes[size - 1]
          size += 1
        }
        let chosen = Set(random.permutation(count).prefix(size))
        return (0..<count).map { chosen.contains($0) == (index % 2 == 0) }
      }
  }
}
