import PIQ
public import PIQClassifiers
import PIQKernels
import PIQNeuralNetwork
import PIQTensor

/// The model's own interpreter (PIQ, arXiv 2303.12659): quantises the classifier's representation
/// with the keys of the class, and decodes it to a mask.
public struct InterpreterExplainer: Explainer {
  public static let name = "interpreter"

  private let decoder: MaskDecoder

  public init(_ interpreter: Interpreter, _: ExplainerSettings) throws {
    guard let decoder = interpreter.decoder else { throw PIQError.noInterpreter }
    self.decoder = decoder
  }

  public func explain(
    _ analysis: Analysis, as classIndex: Int, tail: Tail, number: Int
  ) throws -> Explanation {
    guard let encoded = analysis.encoded else { throw PIQError.noInterpreter }
    let (encoder, psi, precision) = (decoder.encoder, decoder.psi, decoder.precision)
    let frames = analysis.logPower.shape[0]
    let hidden = try LayerClock.within("embedding_model") {
      try encoder.representation(
        of: encoded, frames: frames, tail: tail, reduction: decoder.reduction)
    }
    let (reconstruction, codes) = try LayerClock.within("psi") {
      guard decoder.useVQ else {
        return (try psi.decode(hidden, mode: .evaluation, precision: precision), nil as Codes?)
      }
      let output = try psi(hidden, labels: [classIndex], mode: .evaluation, precision: precision)
      return (output.reconstruction, output.codes)
    }
    let decoded = reconstruction.reshaped(Array(reconstruction.shape[1...2]))
    let mask = try LayerClock.step("mask") {
      try encoder.mask(of: decoded, frames: frames, tail: tail, by: activation)
    }
    guard mask.isFinite else { throw PIQError.notFinite }
    return Explanation(mask: mask, codes: codes)
  }

  /// Decoded values as a mask.
  private func activation(_ decoded: Tensor) -> Tensor {
    if decoder.useMaskOutput { return sigmoid(decoded) }
    var mask = softplus(decoded)
    mask.withUnsafeMutableBuffer { mask in
      let threshold = (mask.max() ?? 0) * decoder.maskThreshold
      for i in mask.indices { mask[i] = mask[i] > threshold ? 1 : 0 }
    }
    return mask
  }
}
