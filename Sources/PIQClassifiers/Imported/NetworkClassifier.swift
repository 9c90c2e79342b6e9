import PIQKernels
package import PIQOpenVINO
import PIQTensor

/// An imported classifier: a network that OpenVINO runs on windows of a clip. It gives scores, and no
/// gradients.
public final class NetworkClassifier: Classifier {
  public let classCount: Int
  private let configuration: NetworkConfiguration
  private let input: NetworkInput
  private let network: OpenVINONetwork
  /// The index of the output with the scores.
  private let scores: Int

  /// How many windows go through the network at once: bounds the memory of a long clip.
  private static let mostAtOnce = 32

  /// A classifier of these parts.
  ///
  /// - Parameters:
  ///   - scores: the index of the output with the scores.
  ///   - classCount: C, the columns of the scores.
  package init(
    _ network: OpenVINONetwork, _ input: NetworkInput, _ configuration: NetworkConfiguration,
    scores: Int, classCount: Int
  ) {
    (self.network, self.input, self.configuration) = (network, input, configuration)
    (self.scores, self.classCount) = (scores, classCount)
  }

  /// The decision about a clip: the probabilities of its windows, combined.
  ///
  /// - Throws: `PIQError.mismatch` for scores of other columns; `PIQError.notFinite`; `Failure`.
  public func analyze(_ clip: Clip) throws -> Analysis {
    var sum = [Double](
      repeating: configuration.aggregate == .max ? -.infinity : 0, count: classCount)
    var count = 0
    try LayerClock.within("network") {
      try input.forEach(clip, atOnce: Self.mostAtOnce) { inputs in
        for output in try network.run(inputs, outputs: [scores]) {
          for row in try rows(output[0]) {
            count += 1
            for (index, value) in row.enumerated() {
              switch configuration.aggregate {
              case .mean: sum[index] += Double(value)
              case .max: sum[index] = max(sum[index], Double(value))
              }
            }
          }
        }
      }
    }
    let divisor = configuration.aggregate == .mean ? Double(count) : 1
    return Analysis(
      clip, Classification(logits: sum.map { Float($0 / divisor) }, activation: .none))
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
