import PIQNeuralNetwork
import PIQTensor

/// Metrics of the effect of a mask on the decision, as in the PIQ recipe.
extension Metric {
  /// Fid-In: 1 if the masked-in spectrogram is classified like the clip, else 0.
  public static let fidelity = Metric("fid_in", "Fid-In", decimals: 2) {
    $0.maskedIn.indexOfMaximum == $0.classIndex ? 1 : 0
  }

  /// AI: 100 if the class's probability rises for the masked-in spectrogram, else 0.
  public static let averageIncrease = Metric("ai", "AI", decimals: 1) {
    $0.whole[$0.classIndex] < $0.maskedIn[$0.classIndex] ? 100 : 0
  }

  /// AD: the relative drop of the class's probability for the masked-in spectrogram, in per cent.
  public static let averageDrop = Metric("ad", "AD", decimals: 1) { outcome in
    func probability(_ probabilities: [Double]) -> Double {
      let all =
        outcome.softensAverageDrop ? softmax(probabilities.map { Float($0) }) : probabilities
      return all[outcome.classIndex]
    }
    let (whole, maskedIn) = (probability(outcome.whole), probability(outcome.maskedIn))
    return 100 * max(0, whole - maskedIn) / (whole + epsilon)
  }

  /// AG: the rise of the class's probability for the masked-in spectrogram, in per cent of its
  /// distance from 1.
  public static let averageGain = Metric("ag", "AG", decimals: 1) {
    let (whole, maskedIn) = ($0.whole[$0.classIndex], $0.maskedIn[$0.classIndex])
    return 100 * max(0, maskedIn - whole) / (1 - whole + epsilon)
  }

  /// FF: the drop of the class's probability for the masked-out spectrogram.
  public static let faithfulness = Metric("ff", "FF", decimals: 3) {
    $0.whole[$0.classIndex] - $0.maskedOut[$0.classIndex]
  }

  /// Upstream's epsilon for the quotients.
  private static let epsilon = 1e-10
}
