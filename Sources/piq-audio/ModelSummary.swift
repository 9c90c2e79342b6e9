import Foundation
import PIQAudio

/// The output of `piq-audio model info` for a model's folder.
struct ModelSummary: Encodable {
  let path: String
  let sha256: String
  let parameters: Int?
  let dtype: String?
  let configuration: ModelConfiguration
  let network: NetworkDescription?

  init(_ model: ModelDescription) {
    path = model.path
    sha256 = model.sha256
    parameters = model.weights?.parameterCount
    dtype = model.weights?.dtype.rawValue
    configuration = model.configuration
    network = model.network
  }

  /// The same as text: a row per property.
  var text: String {
    let (c, stft) = (configuration, configuration.stft)
    let classes = c.labels.enumerated().map { "\($0.offset) \($0.element)" }
    var rows = [("name", c.name), ("folder", path), ("SHA-256", sha256)]
    if let parameters, let dtype {
      rows.append(("parameters", "\(parameters), stored as \(dtype)"))
    }
    if let network = c.network {
      rows += Self.rows(network)
    } else if let encoder = c.embeddingModel {
      rows.append(
        ("encoder", encoder.className + ((c.classifier?.inputSize).map { ", dim \($0)" } ?? "")))
    }
    if let head = c.classifier {
      rows.append(
        (
          "classifier",
          "\(head.class), \(head.blockCount) blocks of \(head.blockSize), logit scale \(c.logitScale)"
        ))
    }
    if c.network == nil {
      let psi = c.psi.map { psi in
        "\(psi.className), dim \(psi.dim), K \(psi.keyCount), \(psi.sharedKeys) shared keys"
          + (psi.usesAdapter ? ", adapter" : "") + (psi.reducesDim ? ", halving" : "")
      }
      rows += [
        ("interpreter", psi ?? "none yet: see piq-audio train interpreter"),
        (
          "inference",
          (c.useVQ ? "quantised, " : "not quantised, ")
            + (c.useMaskOutput ? "mask" : "softplus over \(c.maskThreshold) of its maximum")
        ),
      ]
    }
    rows += [
      (
        c.network == nil ? "front end" : "STFT",
        "\(stft.sampleRate) Hz, n_fft \(stft.nFFT), hop length \(stft.hopLength), "
          + "window length \(stft.windowLength), normalize \(c.normalize.rawValue)"
      ),
      ("classes", classes.joined(separator: ", ")),
    ]
    if let clips = c.clips {
      rows.append(("clips", "trained on \(clips.train.count), chosen on \(clips.valid.count)"))
    }
    rows += c.figures.sorted { $0.key < $1.key }.map { part, measured in
      ("measured", "\(part): \(Self.text(measured))")
    }
    if let training = c.training { rows.append(("training", training)) }
    if let licence = c.licence { rows.append(("licence", licence)) }
    if !c.attribution.isEmpty {
      rows.append(("attribution", "\(c.attribution.count) works, which --json lists"))
    }
    return rows.map(Self.line).joined(separator: "\n") + (network.map { "\n" + $0.text } ?? "")
  }

  private static func text(_ measured: MeasuredFigures) -> String {
    let values = measured.values.sorted { $0.key < $1.key }.map { name, value in
      let interval = measured.intervals[name].flatMap { $0.count == 2 ? $0 : nil }
      return String(format: "%@ %.3f", name, value)
        + (interval.map { String(format: " (%.3f to %.3f)", $0[0], $0[1]) } ?? "")
    }
    return (values + ["\(measured.clips) clips", measured.method]).joined(separator: ", ")
  }

  private static func rows(_ network: NetworkConfiguration) -> [(String, String)] {
    let named = [
      "scores \(network.scores)", network.embedding.map { "embedding \($0)" },
      network.representation.map { "representation \($0)" },
    ]
    return [
      ("network", network.file),
      (
        "input",
        "\(network.input.rawValue), windows of \(network.window) s every \(network.hop) s, "
          + "gain \(network.gain.rawValue)"
      ),
      (
        "output",
        named.compactMap(\.self).joined(separator: ", ")
          + "; activation \(network.activation.rawValue), aggregate \(network.aggregate.rawValue)"
      ),
    ]
  }

  static func line(_ row: (String, String)) -> String {
    row.0.aligned(left: 13) + printable(row.1)
  }
}

extension NetworkDescription {
  /// Inputs, outputs and inner tensors, a row each. Of neighbours of one shape, such as a convolution, its
  /// norm and its ReLU, the last.
  var text: String {
    var rows = inputs.map { ("input", $0) } + outputs.map { ("output", $0) }
    for (index, tensor) in innerTensors.enumerated() {
      let next = innerTensors.indices.contains(index + 1) ? innerTensors[index + 1].shape : nil
      let extents = (tensor.shape ?? []).filter { $0 != 1 }
      if tensor.shape == nil || !extents.isEmpty && next != tensor.shape {
        rows.append(("tensor", tensor))
      }
    }
    let shapes = rows.map { row in
      row.1.shape.map { shape in
        "[" + shape.map { $0.map { "\($0)" } ?? "?" }.joined(separator: ", ") + "]"
      } ?? ""
    }
    let width = (shapes.map(\.count).max() ?? 0) + 2
    let lines = zip(rows, shapes).map { row, shape in
      ModelSummary.line((row.0, shape.aligned(left: width) + row.1.name))
    }
    return (lines + (remark.map { ["no shapes: \(printable($0))"] } ?? [])).joined(separator: "\n")
  }
}
