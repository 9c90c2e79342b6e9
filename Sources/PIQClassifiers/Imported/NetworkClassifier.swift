import PIQKernels
import PIQNeuralNetwork
package import PIQOpenVINO
import PIQTensor

/// An imported classifier: a network that OpenVINO runs on windows of a clip, with a head of its own if
/// it was trained on the network's embeddings. It gives scores, and no gradients.
///
/// Several threads may share one.
public final class NetworkClassifier: Classifier {
  /// What turns embeddings into scores.
  package struct Head: @unchecked Sendable {
    // Sendable: its weights are frozen.
    private let classifier: CosineClassifier
    private let logitScale: Float
    private let known: KnownScore?

    /// A head whose weights are frozen.
    package init(_ classifier: CosineClassifier, logitScale: Double, known: KnownScore? = nil) {
      (self.classifier, self.logitScale, self.known) = (classifier, Float(logitScale), known)
    }

    /// The decision about an embedding [D].
    package func classify(_ embedding: [Float]) throws -> Classification {
      let cosines = try classifier(
        Tensor(shape: [1, embedding.count], embedding), mode: .evaluation)
      var classification = Classification(logits: cosines.elements.map { $0 * logitScale })
      known?.judge(Tensor(shape: [embedding.count], embedding), in: &classification)
      return classification
    }
  }

  public let classCount: Int
  private let configuration: NetworkConfiguration
  private let input: NetworkInput
  private let network: OpenVINONetwork
  /// The index of the output with the scores, or with the embedding for a head.
  private let output: Int
  private let head: Head?

  /// How many windows go through the network at once: bounds the memory of a long clip.
  private static let mostAtOnce = 32

  /// A classifier of these parts.
  ///
  /// - Parameters:
  ///   - output: the index of the output with the scores; with a head, of that with the embedding.
  ///   - classCount: C, the columns of the scores.
  package init(
    _ network: OpenVINONetwork, _ input: NetworkInput, _ configuration: NetworkConfiguration,
    output: Int, classCount: Int, head: Head? = nil
  ) {
    (self.network, self.input, self.configuration) = (network, input, configuration)
    (self.output, self.classCount, self.head) = (output, classCount, head)
  }

  /// The decision about a clip: the probabilities of its windows, combined; with a head, that about the
  /// mean of their embeddings.
  ///
  /// - Throws: `PIQError.mismatch` for scores of other columns; `PIQError.notFinite`; `Failure`.
  public func analyze(_ clip: Clip) throws -> Analysis {
    let windows = try findings(of: clip)
    let combined = combined(windows)
    guard head != nil else {
      return Analysis(clip, try decision(combined), windows: windows)
    }
    return Analysis(
      clip, try decision(combined), embedding: Tensor(shape: [combined.count], combined),
      windows: windows)
  }

  /// The mean of the embeddings of a clip's windows [D].
  ///
  /// - Throws: as `analyze`, for a classifier whose output is an embedding.
  package func embedding(of clip: Clip) throws -> [Float] {
    var all: [WindowFindings] = []
    try forEachOutput(of: clip) { all.append(try embedded($0)) }
    return combined(all, isMaximum: false)
  }

  /// The decision about combined probabilities, or an embedding.
  private func decision(_ combined: [Float]) throws -> Classification {
    guard let head else { return Classification(logits: combined, activation: .none) }
    let classification = try head.classify(combined)
    guard classification.logits.allSatisfy(\.isFinite) else { throw PIQError.notFinite }
    return classification
  }

  private var takesMaximum: Bool { head == nil && configuration.aggregate == .max }

  private func combined(_ windows: [WindowFindings]) -> [Float] {
    combined(windows, isMaximum: takesMaximum)
  }

  /// The mean, or the largest, of what windows hold.
  private func combined(_ windows: [WindowFindings], isMaximum: Bool) -> [Float] {
    guard var values = windows.first?.values else { return [] }
    var parts = windows[0].parts
    for window in windows.dropFirst() {
      parts += window.parts
      for (i, value) in window.values.enumerated() {
        values[i] = isMaximum ? max(values[i], value) : values[i] + value
      }
    }
    let divisor = isMaximum ? 1 : Double(parts)
    return values.map { Float($0 / divisor) }
  }

  /// What each window of a clip holds.
  private func findings(of clip: Clip) throws -> [WindowFindings] {
    var all: [WindowFindings] = []
    try forEachOutput(of: clip) { all.append(try findings(in: $0)) }
    return all
  }

  private func findings(in output: Tensor) throws(PIQError) -> WindowFindings {
    if head != nil { return try embedded(output) }
    let rows = try rows(output)
    var values = [Double](repeating: takesMaximum ? -.infinity : 0, count: classCount)
    for row in rows {
      for (i, value) in row.enumerated() {
        values[i] = takesMaximum ? max(values[i], Double(value)) : values[i] + Double(value)
      }
    }
    return WindowFindings(values: values, parts: rows.count)
  }

  /// The sum of the embeddings in an output.
  private func embedded(_ output: Tensor) throws(PIQError) -> WindowFindings {
    guard let length = Self.embeddingLength(of: output.shape) else {
      throw .mismatch("the embedding has the shape \(output.shape)")
    }
    guard output.isFinite else { throw .notFinite }
    var sum = [Double](repeating: 0, count: length)
    for (i, value) in output.elements.enumerated() { sum[i % length] += Double(value) }
    return WindowFindings(values: sum, parts: output.count / length)
  }

  /// D of a tensor of this shape that holds one vector, or [.., D] one for each of several times; nil if
  /// it holds none.
  package static func embeddingLength(of shape: [Int]) -> Int? {
    let axes = shape.filter { $0 != 1 }
    if axes.count == 1 { return axes[0] }
    return shape.count <= 3 && axes.allSatisfy { $0 > 1 }
      ? shape.last.flatMap { $0 > 1 ? $0 : nil } : nil
  }

  private func forEachOutput(of clip: Clip, _ body: (Tensor) throws -> Void) throws {
    try LayerClock.within("network") {
      try input.forEach(clip, atOnce: Self.mostAtOnce) { inputs in
        for outputs in try network.run(inputs, outputs: [output]) { try body(outputs[0]) }
      }
    }
  }

  /// The probabilities in an output: of one window, or of several parts of it.
  private func rows(_ output: Tensor) throws(PIQError) -> [[Float]] {
    guard output.count > 0, output.shape.last == classCount else {
      throw .mismatch("the scores have the shape \(output.shape), for \(classCount) classes")
    }
    guard output.isFinite else { throw .notFinite }
    let values = output.elements
    return stride(from: 0, to: values.count, by: classCount).map {
      Classification(
        logits: Array(values[$0..<$0 + classCount]), activation: configuration.activation
      ).probabilities
    }
  }

  /// The approximate memory that a clip of T frames and F bins takes, in bytes: its spectrogram, and the
  /// windows in the network.
  public func memory(frames: Int, bins: Int) -> Double {
    let windows = Double(Self.mostAtOnce * input.inputShape.reduce(1, *))
    return 40 * Double(frames) * Double(bins) + 8 * windows
  }
}

extension NetworkClassifier: LocalClassifier {
  package var hearsParts: Bool { configuration.input != .logPower }

  /// Runs the network on the windows that hear the change alone.
  package func classify(
    _ samples: [Float], changed: Range<Int>, since base: Analysis
  ) throws -> Classification? {
    guard var windows = base.windows, windows.count == input.windowCount(of: samples.count),
      let heard = input.windows(hearing: changed, of: samples.count)
    else { return nil }
    var next = heard.lowerBound
    try input.forEach(heard, of: samples, atOnce: Self.mostAtOnce) { inputs in
      for outputs in try network.run(inputs, outputs: [output]) {
        windows[next] = try findings(in: outputs[0])
        next += 1
      }
    }
    return try decision(combined(windows))
  }
}
