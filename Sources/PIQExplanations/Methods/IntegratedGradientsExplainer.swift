import PIQClassifiers
import PIQNeuralNetwork
package import PIQTensor

/// The spectrogram times the mean gradient of the class's logit on the straight line from silence to
/// it (Sundararajan, Taly and Yan, arXiv 1703.01365), by the midpoint rule. The attributions add up
/// to the logit of the clip minus that of silence.
public struct IntegratedGradientsExplainer: AttributionExplainer {
  public static let name = "integrated-gradients"
  public static var settingsUsed: Set<PartialKeyPath<ExplainerSettings>> { [\.steps] }

  package let interpreter: Interpreter
  private let classifier: any DifferentiableClassifier
  private let steps: Int

  public init(_ interpreter: Interpreter, _ settings: ExplainerSettings) throws {
    self.interpreter = interpreter
    steps = settings.steps
    classifier = try interpreter.differentiableClassifier(for: Self.self)
  }

  package func attributions(_ logPower: Tensor, as classIndex: Int, number: Int) throws -> Tensor {
    var total = Tensor(shape: logPower.shape)
    for step in 0..<steps {
      let point = logPower.scaled(by: (Float(step) + 0.5) / Float(steps))
      total = sum(total, try classifier.gradient(of: classIndex, at: point))
    }
    let products = zip(logPower.elements, total.elements).map { $0 * $1 / Float(steps) }
    return Tensor(shape: logPower.shape, products)
  }
}
