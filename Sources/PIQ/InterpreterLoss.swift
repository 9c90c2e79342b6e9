import Glibc
import PIQClassifiers
import PIQNeuralNetwork
public import PIQTensor

/// The objective of the PIQ recipe (`train_piq.py`) for a batch: the cross-entropy between the mask
/// and the loud bins of the spectrogram, and the two distances between representations and keys.
public struct InterpreterLoss {
  /// The mean binary cross-entropy of the mask.
  public let reconstruction: Float
  /// The mean squared distance that moves the keys.
  public let codebook: Float
  /// The same distance, which moves the representations.
  public let commitment: Float
  /// The gradients for the pullback of `VectorQuantizedPSI.differentiated`.
  public let gradients: VectorQuantizedPSI.OutputGradients

  /// The sum that is minimised.
  public var total: Float { reconstruction + codebook + commitment }

  /// Upstream's epsilon for the logarithms.
  private static let epsilon = 1e-10

  /// Compares the mask, the sigmoid of `output.reconstruction`, with the bins above `threshold`
  /// times the maximum of each clip, both over the frames and bins that they share.
  ///
  /// - Parameters:
  ///   - logPower: [B, T, F].
  ///   - threshold: the recipe's `mask_th`.
  /// - Throws: `PIQError.mismatch` when the batches differ; `OneDNNError`.
  public init(_ output: PSIOutput, logPower: Tensor, threshold: Float = 0.35) throws {
    let shape = output.reconstruction.shape
    guard logPower.shape.count == 3, logPower.shape[0] == shape[0] else {
      throw PIQError.mismatch("masks \(shape) and spectrograms \(logPower.shape) do not fit")
    }
    let (frames, bins) = (min(shape[1], logPower.shape[1]), min(shape[2], logPower.shape[2]))
    let count = Double(shape[0] * frames * bins)
    let (spectrogram, mask) = (logPower.elements, sigmoid(output.reconstruction).elements)
    var loss = 0.0
    var gradient = Tensor(shape: shape)
    gradient.withUnsafeMutableBuffer { gradient in
      for clip in 0..<shape[0] {
        func cell(_ t: Int, _ f: Int) -> Float {
          spectrogram[(clip * logPower.shape[1] + t) * logPower.shape[2] + f]
        }
        var loudest = -Float.infinity
        for t in 0..<frames { for f in 0..<bins { loudest = max(loudest, cell(t, f)) } }
        for t in 0..<frames {
          for f in 0..<bins {
            let i = (clip * shape[1] + t) * shape[2] + f
            let m = Double(mask[i])
            let (on, off) = (m + Self.epsilon, 1 - m + Self.epsilon)
            let isLoud = cell(t, f) > loudest * threshold
            loss -= log(isLoud ? on : off)
            gradient[i] = Float((isLoud ? -1 / on : 1 / off) * m * (1 - m) / count)
          }
        }
      }
    }
    reconstruction = Float(loss / count)
    let distance = Self.meanSquare(output.quantized, output.hidden)
    (codebook, commitment) = (distance.value, distance.value)
    gradients = VectorQuantizedPSI.OutputGradients(
      reconstruction: gradient, hidden: distance.gradient.map { -$0 }, quantized: distance.gradient)
  }

  /// The mean of (a - b)², and its gradient for a.
  private static func meanSquare(_ a: Tensor, _ b: Tensor) -> (value: Float, gradient: Tensor) {
    let (x, y) = (a.elements, b.elements)
    let differences = zip(x, y).map { Double($0) - Double($1) }
    let count = Double(max(1, differences.count))
    let value = differences.reduce(0) { $0 + $1 * $1 } / count
    return (Float(value), Tensor(shape: a.shape, differences.map { Float(2 * $0 / count) }))
  }
}

extension Tensor {
  fileprivate func map(_ transform: (Float) -> Float) -> Tensor {
    Tensor(shape: shape, elements.map(transform))
  }
}
