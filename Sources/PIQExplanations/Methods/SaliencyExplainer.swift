import PIQClassifiers
package import PIQTensor

/// The gradient of the class's logit (Simonyan, Vedaldi and Zisserman, arXiv 1312.6034).
public struct SaliencyExplainer: AttributionExplainer {
  public static let name = "saliency"

  package let interpreter: Interpreter
  private let classifier: any DifferentiableClassifier

  public init(_ interpreter: Interpreter, _: ExplainerSettings) throws {
    self.interpreter = interpreter
    classifier = try interpreter.differentiableClassifier(for: Self.self)
  }

  package func attributions(_ logPower: Tensor, as classIndex: Int, number: Int) throws -> Tensor {
    try classifier.gradient(of: classIndex, at: logPower)
  }
}
