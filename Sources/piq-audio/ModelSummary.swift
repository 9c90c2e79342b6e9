import Foundation
import PIQAudio

/// The output of `piq-audio model info`.
struct ModelSummary: Encodable {
  let path: String
  let sha256: String
  let parameters: Int
  let dtype: String
  let configuration: ModelConfiguration

  init(_ model: ModelDescription) {
    path = model.path
    sha256 = model.sha256
    parameters = model.parameterCount
    dtype = model.dtype.rawValue
    configuration = model.configuration
  }

  /// The same as text: a row per property.
  var text: String {
    let (c, stft) = (configuration, configuration.stft)
    let classes = c.labels.enumerated().map { "\($0.offset) \($0.element)" }
    var rows = [
      ("name", c.name), ("folder", path), ("SHA-256", sha256),
      ("parameters", "\(parameters), stored as \(dtype)"),
      ("encoder", "\(c.embeddingModel.className), dim \(c.classifier.inputSize)"),
      (
        "classifier",
        "\(c.classifier.class), \(c.classifier.blockCount) blocks of \(c.classifier.blockSize), "
          + "logit scale \(c.logitScale)"
      ),
      (
        "interpreter",
        c.psi.map { psi in
          "\(psi.className), dim \(psi.dim), K \(psi.keyCount), \(psi.sharedKeys) shared keys"
            + (psi.usesAdapter ? ", adapter" : "") + (psi.reducesDim ? ", halving" : "")
        } ?? "none yet: see piq-audio train interpreter"
      ),
      (
        "inference",
        (c.useVQ ? "quantised, " : "not quantised, ")
          + (c.useMaskOutput ? "mask" : "softplus over \(c.maskThreshold) of its maximum")
      ),
      (
        "front end",
        "\(stft.sampleRate) Hz, n_fft \(stft.nFFT), hop length \(stft.hopLength), "
          + "window length \(stft.windowLength), normalize \(c.normalize.rawValue)"
      ),
      ("classes", classes.joined(separator: ", ")),
    ]
    if let training = c.training { rows.append(("training", training)) }
    if let licence = c.licence { rows.append(("licence", licence)) }
    return rows.map { $0.0.aligned(left: 13) + printable($0.1) }.joined(separator: "\n")
  }
}
