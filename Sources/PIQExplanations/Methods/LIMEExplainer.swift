import Glibc
package import PIQClassifiers
import PIQNeuralNetwork
import PIQSpectral
package import PIQTensor

/// The weights of a linear model of the score of the class over which segments of the spectrogram are there
/// (LIME, Ribeiro, Singh and Guestrin, arXiv 1602.04938; for sound audioLIME, arXiv 2008.00582, and
/// SoundLIME). Segments are patches side by side; copies with more of them weigh more.
public struct LIMEExplainer: PerturbationExplainer {
  public static let name = "lime"
  public static var settingsUsed: Set<PartialKeyPath<ExplainerSettings>> {
    [\.samples, \.patch, \.baseline, \.seed]
  }

  package let interpreter: Interpreter
  private let settings: ExplainerSettings

  /// LIME's, for distances of cosines.
  private static let kernelWidth = 0.25
  /// The strength of the ridge, LIME's.
  private static let ridge = 1.0

  public init(_ interpreter: Interpreter, _ settings: ExplainerSettings) {
    (self.interpreter, self.settings) = (interpreter, settings)
  }

  package func attributions(_ clip: Clip, as classIndex: Int, number: Int) throws -> Tensor {
    let shape = clip.logPower.shape
    let size = settings.patch.cells(of: interpreter.frontEnd.stft.configuration)
    let segments = try PatchGrid.segments(of: shape, size: size, for: Self.self)
    // The first copy is the clip itself.
    let present = (0..<settings.samples).map { index in
      var random = RandomStream(
        seed: settings.seed, path: [RandomPurpose.lime.rawValue, number, index])
      return segments.map { _ in index == 0 || random.unit() < 0.5 }
    }
    let scores = try MaskedScores(interpreter, clip, of: classIndex, settings.baseline)(
      count: present.count
    ) { index in
      var mask = Tensor(shape: shape, repeating: 1)
      for (segment, isPresent) in zip(segments, present[index]) where !isPresent {
        mask.fill(segment, with: 0)
      }
      return mask
    }
    let weights = present.map { copy in
      let part = Double(copy.count(where: \.self)) / Double(copy.count)
      let distance = 1 - part.squareRoot()
      return exp(-distance * distance / (Self.kernelWidth * Self.kernelWidth))
    }
    let slopes = WeightedRidge.slopes(
      of: scores, over: present.map { $0.map { $0 ? 1 : 0 } }, weights, ridge: Self.ridge)
    var result = Tensor(shape: shape)
    for (segment, slope) in zip(segments, slopes) { result.add(Float(slope), in: segment) }
    return result
  }
}
