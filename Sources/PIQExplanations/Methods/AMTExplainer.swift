import PIQClassifiers
import PIQNeuralNetwork
package import PIQTensor

/// Thresholds a map of the classifier's own (Activation Map Thresholding, SpeechBrain's
/// `interpret_amt.py`): what it attends to, or where it is most active, resized bilinearly to the
/// spectrogram. The cells at or above a quantile of it become the mask, 1 there and 0 elsewhere. The
/// map is the same for all classes.
public struct AMTExplainer: AttributionExplainer {
  public static let name = "amt"
  public static var settingsUsed: Set<PartialKeyPath<ExplainerSettings>> { [\.quantile] }

  package let interpreter: Interpreter
  private let classifier: EncoderClassifier
  private let quantile: Double

  public init(_ interpreter: Interpreter, _ settings: ExplainerSettings) throws {
    guard let classifier = interpreter.classifier as? EncoderClassifier,
      classifier.givesActivationMaps
    else {
      throw PIQError.unsupported(
        "\(Self.name) needs a map of attention or modulation, which only FocalNet and ViT give")
    }
    (self.interpreter, self.classifier) = (interpreter, classifier)
    quantile = settings.quantile
  }

  package func attributions(_ logPower: Tensor, as classIndex: Int, number: Int) throws -> Tensor {
    let map = try classifier.activationMap(at: logPower)
    let resize = BilinearResize(rows: logPower.shape[0], columns: logPower.shape[1])
    return resize(map.reshaped([1] + map.shape + [1])).reshaped(logPower.shape)
  }

  package func mask(_ attributions: Tensor) -> Tensor {
    let threshold = Self.quantile(quantile, of: attributions.elements)
    return Tensor(
      shape: attributions.shape, attributions.elements.map { $0 >= threshold ? 1 : 0 })
  }

  /// The value that the fraction `part` of `values` lies below, between two of them by their
  /// distance (`torch.quantile`).
  ///
  /// - Parameter values: at least one.
  static func quantile(_ part: Double, of values: [Float]) -> Float {
    let sorted = values.sorted()
    let position = part * Double(sorted.count - 1)
    let (low, high) = (Int(position.rounded(.down)), Int(position.rounded(.up)))
    return sorted[low] + Float(position - Double(low)) * (sorted[high] - sorted[low])
  }
}
