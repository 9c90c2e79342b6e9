import Glibc

/// How well an interpretation explains a decision, clip by clip, as the PIQ recipe measures it.
///
/// All probabilities are of the class that is the likeliest for the whole clip.
public enum InterpretationMetrics {
  /// Upstream's guard of the quotients.
  private static let epsilon = 1e-10

  /// AD: by how much of itself, in per cent, the probability drops for the masked-in spectrogram.
  ///
  /// - Parameters:
  ///   - whole: the probability for the clip.
  ///   - maskedIn: the probability for what the mask keeps.
  public static func averageDrop(whole: Double, maskedIn: Double) -> Double {
    100 * max(0, whole - maskedIn) / (whole + epsilon)
  }

  /// AI: 100 where the probability rises for the masked-in spectrogram, else 0.
  public static func averageIncrease(whole: Double, maskedIn: Double) -> Double {
    whole < maskedIn ? 100 : 0
  }

  /// AG: by how much of what was missing to 1, in per cent, the probability rises for the masked-in
  /// spectrogram.
  public static func averageGain(whole: Double, maskedIn: Double) -> Double {
    100 * max(0, maskedIn - whole) / (1 - whole + epsilon)
  }

  /// FF: by how much the probability drops for the masked-out spectrogram.
  public static func faithfulness(whole: Double, maskedOut: Double) -> Double { whole - maskedOut }

  /// Fid-In: 1 where the masked-in spectrogram is given the clip's class, else 0.
  ///
  /// - Parameters:
  ///   - whole: the probabilities of all classes for the clip.
  ///   - maskedIn: the same for what the mask keeps.
  public static func inputFidelity(whole: [Float], maskedIn: [Float]) -> Double {
    largest(whole) == largest(maskedIn) ? 1 : 0
  }

  /// SPS: the Gini index of the absolute values, 0 where all are equal and near 1 where one stands
  /// out.
  public static func sparseness(_ saliency: [Float]) -> Double {
    let sorted = saliency.map { abs(Double($0)) }.sorted()
    let total = sorted.reduce(0, +)
    guard total > 0 else { return 0 }
    let count = Double(sorted.count)
    let weighted = sorted.enumerated().reduce(0) { sum, element in
      sum + (2 * Double(element.offset + 1) - count - 1) * element.element
    }
    return weighted / (count * total)
  }

  /// COMP: the entropy, in nats, of the absolute values as parts of their sum.
  public static func complexity(_ saliency: [Float]) -> Double {
    let magnitudes = saliency.map { abs(Double($0)) }
    let total = magnitudes.reduce(0, +)
    guard total > 0 else { return 0 }
    return magnitudes.reduce(0) { sum, value in
      value > 0 ? sum - value / total * log(value / total) : sum
    }
  }

  /// The index of the largest value; the first one if several are.
  public static func largest(_ values: [Float]) -> Int {
    values.indices.max { (values[$0], $1) < (values[$1], $0) } ?? 0
  }
}
