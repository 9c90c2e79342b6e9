import PIQClassifiers
import PIQNeuralNetwork
package import PIQTensor

/// The mean gradient of the class's logit at noisy copies of the spectrogram (SmoothGrad, Smilkov et
/// al., arXiv 1706.03825).
public struct SmoothGradExplainer: AttributionExplainer {
  public static let name = "smoothgrad"
  public static var settingsUsed: Set<PartialKeyPath<ExplainerSettings>> { [\.steps, \.seed] }

  /// The standard deviation of the noise, as a part of the range of the spectrogram's values.
  package static let noiseLevel: Float = 0.15

  package let interpreter: Interpreter
  private let classifier: any DifferentiableClassifier
  private let settings: ExplainerSettings

  public init(_ interpreter: Interpreter, _ settings: ExplainerSettings) throws {
    self.interpreter = interpreter
    self.settings = settings
    classifier = try interpreter.differentiableClassifier(for: Self.self)
  }

  package func attributions(_ logPower: Tensor, as classIndex: Int, number: Int) throws -> Tensor {
    var stream = RandomStream(seed: settings.seed, .smoothing, index: number)
    return try attributions(logPower, as: classIndex, copies: settings.steps) {
      Tensor(shape: logPower.shape, stream.normal(logPower.count))
    }
  }

  /// The mean gradient over `copies` copies.
  ///
  /// - Parameter noise: gives the noise of the next copy [T, F], of standard deviation 1.
  package func attributions(
    _ logPower: Tensor, as classIndex: Int, copies: Int, noise: () -> Tensor
  ) throws -> Tensor {
    let elements = logPower.elements
    let deviation = Self.noiseLevel * ((elements.max() ?? 0) - (elements.min() ?? 0))
    var total = Tensor(shape: logPower.shape)
    for _ in 0..<copies {
      let copy = sum(logPower, noise().scaled(by: deviation))
      total = sum(total, try classifier.gradient(of: classIndex, at: copy))
    }
    return total.scaled(by: 1 / Float(copies))
  }
}
