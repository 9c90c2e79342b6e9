package import PIQClassifiers
import PIQSpectral
package import PIQTensor

/// By how much the score of the class falls when a patch of the spectrogram is taken away: for each cell
/// the mean over the patches that cover it (Zeiler and Fergus, arXiv 1311.2901; captum's `Occlusion`).
public struct OcclusionExplainer: PerturbationExplainer {
  public static let name = "occlusion"
  public static var settingsUsed: Set<PartialKeyPath<ExplainerSettings>> { [\.patch, \.baseline] }

  package let interpreter: Interpreter
  private let settings: ExplainerSettings

  public init(_ interpreter: Interpreter, _ settings: ExplainerSettings) {
    (self.interpreter, self.settings) = (interpreter, settings)
  }

  package func attributions(_ clip: Clip, as classIndex: Int, number: Int) throws -> Tensor {
    let size = settings.patch.cells(of: interpreter.frontEnd.stft.configuration)
    return try attributions(
      clip, as: classIndex, size: size,
      stride: (max(1, size.frames / 2), max(1, size.bins / 2)))
  }

  /// The same for patches of some frames and bins, every so many frames and bins.
  package func attributions(
    _ clip: Clip, as classIndex: Int, size: (frames: Int, bins: Int),
    stride: (frames: Int, bins: Int)
  ) throws -> Tensor {
    let shape = clip.logPower.shape
    let places = PatchGrid(shape: shape, size: size, stride: stride).places
    let scores = try MaskedScores(interpreter, clip, of: classIndex, settings.baseline)
    let (whole, without) = try scores.without(places)
    var (sums, counts) = (Tensor(shape: shape), Tensor(shape: shape))
    for (place, score) in zip(places, without) {
      sums.add(Float(whole - score), in: place)
      counts.add(1, in: place)
    }
    return Tensor(shape: shape, zip(sums.elements, counts.elements).map { $1 > 0 ? $0 / $1 : 0 })
  }
}

extension Tensor {
  /// Sets the values of a cell of this [T, F].
  package mutating func fill(_ place: PatchPlace, with value: Float) {
    change(place) { $0 = value }
  }

  /// Adds a value to those of a cell of this [T, F].
  package mutating func add(_ value: Float, in place: PatchPlace) { change(place) { $0 += value } }

  private mutating func change(_ place: PatchPlace, _ body: (inout Float) -> Void) {
    let columns = shape[1]
    withUnsafeMutableBuffer { values in
      for row in place.frames {
        for column in place.bins { body(&values[row * columns + column]) }
      }
    }
  }
}
