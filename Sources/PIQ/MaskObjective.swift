public import PIQClassifiers
public import PIQKernels
import PIQNeuralNetwork
public import PIQTensor

/// Further terms of the mask's loss: the class in the masked-in part, its absence from the
/// masked-out part, sparsity, and smoothness (L-MAC's objective, arXiv 2403.13086), and nothing in silence.
public struct MaskObjective: Sendable, Hashable {
  /// The weight of the cross-entropy, at the class of the whole clip, of the masked-in part
  /// (`l_in_w`).
  public var maskedIn: Double
  /// The weight of -log(1 - p), p being the probability of that class for the masked-out part
  /// (`l_out_w`). L-MAC takes log p, which has no lower bound and dominates where a classifier is
  /// confident.
  public var maskedOut: Double
  /// The weight of the mean of the mask (`reg_w_l1`).
  public var sparsity: Double
  /// The weight of the mean absolute difference between neighbours in time and in frequency
  /// (`reg_w_tv`).
  public var totalVariation: Double
  /// The weight of the mean of the mask where nothing is heard: from 1 in silence to 0 where the
  /// spectrogram reaches a tenth of the clip's largest value. There a mask has no effect on sound or
  /// class, and shows what the decoder's strides leave.
  public var silence: Double

  /// Weights for the terms.
  public init(
    maskedIn: Double = 0, maskedOut: Double = 0, sparsity: Double = 0, totalVariation: Double = 0,
    silence: Double = 0
  ) {
    self.silence = silence
    self.maskedIn = maskedIn
    self.maskedOut = maskedOut
    self.sparsity = sparsity
    self.totalVariation = totalVariation
  }

  /// Whether all weights are zero.
  public var isEmpty: Bool { self == MaskObjective() }

  /// The value of each term, before its weight.
  public struct Terms: Sendable, Equatable {
    /// The mean cross-entropy of the masked-in part, in nats.
    public var maskedIn = 0.0
    /// The mean of -log(1 - p) of the masked-out part.
    public var maskedOut = 0.0
    /// The mean of the mask.
    public var sparsity = 0.0
    /// The mean absolute difference of neighbours.
    public var totalVariation = 0.0
    /// The mean of the mask times how silent the spectrogram is.
    public var silence = 0.0
  }

  /// The part of a clip's largest value from which it is not silent.
  private static let loudness: Float = 0.1

  /// The clips classified at a time; few, to limit memory.
  private static let clipsAtATime = 4

  /// The terms for a batch, and the gradient of their weighted sum for the mask's pre-sigmoid
  /// values.
  ///
  /// - Parameters:
  ///   - reconstruction: the mask before its sigmoid [B, T', F', 1].
  ///   - logPower: the clips' spectrograms [B, T, F].
  ///   - labels: the class of each of the B clips.
  ///   - classifier: frozen, or its parameters have gradients afterwards.
  ///   - precision: that of the operands of large products.
  /// - Returns: the terms, and the gradient in the shape of `reconstruction`.
  /// - Throws: `PIQError.mismatch`, `OneDNNError`.
  public func differentiated(
    _ reconstruction: Tensor, logPower: Tensor, labels: [Int],
    classifier: EncoderClassifier, precision: Precision = .float32
  ) throws -> (terms: Terms, gradient: Tensor) {
    let clips = reconstruction.shape[0]
    let area = Area(mask: reconstruction.shape, spectrogram: logPower.shape)
    let mask = sigmoid(reconstruction)
    var terms = Terms()
    // First for the mask, then for its pre-sigmoid values.
    var gradient = Tensor(shape: reconstruction.shape)
    for first in stride(from: 0, to: clips, by: Self.clipsAtATime) {
      let range = first..<min(first + Self.clipsAtATime, clips)
      for (weight, isKept) in [(maskedIn, true), (maskedOut, false)] where weight != 0 {
        let masked = area.masked(logPower, by: mask, clips: range, keeping: isKept)
        let logits = try classifier.differentiatedLogits(
          masked, mode: .evaluation, precision: precision)
        let labels = Array(labels[range])
        let loss =
          isKept
          ? CrossEntropy(logits: logits.value, labels: labels)
          : CrossEntropy(logits: logits.value, excluding: labels)
        let share = Float(range.count) / Float(clips)
        let term = isKept ? \Terms.maskedIn : \Terms.maskedOut
        terms[keyPath: term] += Double(loss.value * share)
        let back = try logits.pullback(loss.gradient.scaled(by: Float(weight) * share))
        // The masked-out part falls where the mask rises.
        area.add(back, times: logPower, scaledBy: isKept ? 1 : -1, clips: range, to: &gradient)
      }
    }
    addRegularisation(of: mask, area, to: &gradient, &terms)
    if silence != 0 { addSilence(of: mask, logPower, area, to: &gradient, &terms) }
    mask.withUnsafeBuffer { mask in
      gradient.withUnsafeMutableBuffer { gradient in
        for i in 0..<gradient.count { gradient[i] *= mask[i] * (1 - mask[i]) }
      }
    }
    return (terms, gradient)
  }

  /// The means of the mask and of the differences within it, over the shared area.
  private func addRegularisation(
    of mask: Tensor, _ area: Area, to gradient: inout Tensor, _ terms: inout Terms
  ) {
    let count = Double(mask.shape[0] * area.frames * area.bins)
    let (l1, tv) = (Float(sparsity / count), Float(totalVariation / count))
    var (sum, variation) = (0.0, 0.0)
    mask.withUnsafeBuffer { mask in
      gradient.withUnsafeMutableBuffer { gradient in
        for clip in 0..<area.mask[0] {
          for t in 0..<area.frames {
            let row = (clip * area.mask[1] + t) * area.mask[2]
            for i in row..<row + area.bins {
              sum += Double(mask[i])
              gradient[i] += l1
            }
            guard tv != 0 else { continue }
            func compare(_ i: Int, _ j: Int) {
              let difference = mask[j] - mask[i]
              variation += Double(abs(difference))
              let slope: Float = difference > 0 ? tv : difference < 0 ? -tv : 0
              gradient[j] += slope
              gradient[i] -= slope
            }
            for i in row..<row + area.bins - 1 { compare(i, i + 1) }
            if t + 1 < area.frames {
              for i in row..<row + area.bins { compare(i, i + area.mask[2]) }
            }
          }
        }
      }
    }
    terms.sparsity = sum / count
    terms.totalVariation = variation / count
  }

  /// The mean of the mask where the spectrograms are silent, over the shared area.
  private func addSilence(
    of mask: Tensor, _ logPower: Tensor, _ area: Area, to gradient: inout Tensor,
    _ terms: inout Terms
  ) {
    let count = Double(mask.shape[0] * area.frames * area.bins)
    let slope = Float(silence / count)
    var sum = 0.0
    mask.withUnsafeBuffer { mask in
      logPower.withUnsafeBuffer { x in
        gradient.withUnsafeMutableBuffer { gradient in
          for clip in 0..<area.mask[0] {
            let own = clip * area.spectrogram[1] * area.spectrogram[2]
            let loud =
              Self.loudness * x[own..<own + area.frames * area.spectrogram[2]].reduce(0, max)
            for t in 0..<area.frames {
              let (row, logRow) = (
                (clip * area.mask[1] + t) * area.mask[2], own + t * area.spectrogram[2]
              )
              for f in 0..<area.bins {
                let quietness = loud > 0 ? max(0, 1 - x[logRow + f] / loud) : 1
                sum += Double(quietness * mask[row + f])
                gradient[row + f] += slope * quietness
              }
            }
          }
        }
      }
    }
    terms.silence = sum / count
  }
}

/// The frames and bins that a batch of masks and a batch of spectrograms share.
private struct Area {
  let mask, spectrogram: [Int]
  let frames, bins: Int

  init(mask: [Int], spectrogram: [Int]) {
    self.mask = mask
    self.spectrogram = spectrogram
    frames = min(mask[1], spectrogram[1])
    bins = min(mask[2], spectrogram[2])
  }

  /// The masked-in or masked-out spectrograms of some clips: [clips, frames, F].
  func masked(_ logPower: Tensor, by mask: Tensor, clips: Range<Int>, keeping: Bool) -> Tensor {
    var result = Tensor(shape: [clips.count, frames, spectrogram[2]])
    forEachRow(clips) { logRow, maskRow, row in
      logPower.withUnsafeBuffer { x in
        mask.withUnsafeBuffer { m in
          result.withUnsafeMutableBuffer { result in
            for f in 0..<bins {
              result[row + f] = x[logRow + f] * (keeping ? m[maskRow + f] : 1 - m[maskRow + f])
            }
          }
        }
      }
    }
    return result
  }

  /// Adds `gradient` [clips, frames, F] times the spectrograms to that of the masks.
  func add(
    _ gradient: Tensor, times logPower: Tensor, scaledBy factor: Float, clips: Range<Int>,
    to sum: inout Tensor
  ) {
    forEachRow(clips) { logRow, maskRow, row in
      gradient.withUnsafeBuffer { g in
        logPower.withUnsafeBuffer { x in
          sum.withUnsafeMutableBuffer { sum in
            for f in 0..<bins { sum[maskRow + f] += factor * g[row + f] * x[logRow + f] }
          }
        }
      }
    }
  }

  /// Where the rows of the spectrograms, the masks, and the shared part of `clips` begin.
  private func forEachRow(_ clips: Range<Int>, _ body: (Int, Int, Int) -> Void) {
    for clip in clips {
      for t in 0..<frames {
        body(
          (clip * spectrogram[1] + t) * spectrogram[2], (clip * mask[1] + t) * mask[2],
          ((clip - clips.lowerBound) * frames + t) * spectrogram[2])
      }
    }
  }
}
