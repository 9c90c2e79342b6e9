import PIQSpectral
public import PIQTensor

/// What the classifier says about a clip.
public struct Classification: Sendable {
  /// What softmax sees: cosine times logit scale, one value a class.
  public let logits: [Float]
  /// The softmax of the logits.
  public let probabilities: [Float]

  /// The class with the largest logit; the first one if several have it.
  public var index: Int { ranking[0] }

  /// The classes from the likeliest to the least.
  public let ranking: [Int]

  init(logits: [Float], probabilities: [Float]) {
    self.logits = logits
    self.probabilities = probabilities
    ranking = logits.indices.sorted { (logits[$0], $1) > (logits[$1], $0) }
  }
}

/// A clip on its way: its spectrogram, what the classifier made of it, and what an interpretation
/// needs besides.
public struct Analysis: Sendable {
  /// The samples as they came in, at the model's rate.
  public let samples: [Float]
  /// log1p of the magnitudes of the normalised clip [T, F]: T frames, F bins.
  public let logPower: Tensor
  /// What the classifier says.
  public let classification: Classification

  /// What the samples were divided by before the STFT.
  public let level: Float
  let spectrogram: Spectrogram
  let encoded: EncodedClip
}

/// Why a clip is heard as a class: what of it mattered, as a mask, a spectrogram and a sound.
public struct Interpretation: Sendable {
  /// The class whose keys were used.
  public let index: Int
  /// What of each time and frequency mattered, 0 to 1 [T', F]: T' frames, F bins.
  public let mask: Tensor
  /// The masked spectrogram in linear magnitudes of the normalised clip [T', F].
  public let magnitude: Tensor
  /// The indices of the keys, [1, rows, columns]; nothing for a model that does not quantise.
  public let codes: Codes?
  /// The masked sound, at the model's rate and the clip's own level.
  public let audio: [Float]
}

/// Which frames of a clip an interpretation covers.
public enum Tail: String, Sendable, Codable, CaseIterable {
  /// The whole clip, whatever its length.
  case keep
  /// SpeechBrain's: what the decoder gives for whole groups of 32 frames. The last frames of most
  /// clips are lost, and clips of fewer than 32 frames are refused.
  case crop
}
