import PIQ
public import PIQClassifiers
import PIQKernels
import PIQNeuralNetwork
import PIQTensor

/// The model's own interpreter (PIQ, arXiv 2303.12659): quantises the classifier's representation
/// with the keys of the class, and decodes it to a mask.
public struct InterpreterExplainer: Explainer {
  public static let name = "interpreter"

  private let model: Interpreter

  public init(_ interpreter: Interpreter, _: ExplainerSettings) throws {
    guard interpreter.hasInterpreter else { throw PIQError.noInterpreter }
    model = interpreter
  }

  public func explain(
    _ analysis: Analysis, as classIndex: Int, tail: Tail, number: Int
  ) throws -> Explanation {
    guard let encoder = (model.classifier as? EncoderClassifier)?.encoder, let psi = model.psi,
      let encoded = analysis.encoded
    else { throw PIQError.noInterpreter }
    let frames = analysis.logPower.shape[0]
    let hidden = try LayerClock.within("embedding_model") {
      try encoder.representation(
        of: encoded, frames: frames, tail: tail, reduction: model.reduction)
    }
    let precision = model.precision
    let (reconstruction, codes) = try LayerClock.within("psi") {
      guard model.configuration.useVQ else {
        return (try psi.decode(hidden, mode: .evaluation, precision: precision), nil as Codes?)
      }
      let output = try psi(hidden, labels: [classIndex], mode: .evaluation, precision: precision)
      return (output.reconstruction, output.codes)
    }
    let decoded = reconstruction.reshaped(Array(reconstruction.shape[1...2]))
    let mask = try LayerClock.step("mask") {
      try self.mask(from: encoder.aligned(decoded, frames: frames))
    }
    guard mask.isFinite else { throw PIQError.notFinite }
    return Explanation(mask: mask, codes: codes)
  }

  private func mask(from decoded: Tensor) throws -> Tensor {
    if model.configuration.useMaskOutput { return sigmoid(decoded) }
    var mask = softplus(decoded)
    mask.withUnsafeMutableBuffer { mask in
      let threshold = (mask.max() ?? 0) * Float(model.configuration.maskThreshold)
      for i in mask.indices { mask[i] = mask[i] > threshold ? 1 : 0 }
    }
    return mask
  }
}
