public import PIQTensor

/// The decision of a classifier about a clip.
public struct Classification: Sendable {
  /// The input of the softmax, one value a class: for cosine heads, cosine times logit scale.
  public let logits: [Float]
  /// The softmax of the logits.
  public let probabilities: [Float]
  /// The classes from the likeliest to the least; the first of equals comes first.
  public let ranking: [Int]

  /// The class with the largest logit; the first one if several have it.
  public var index: Int { ranking[0] }

  /// A decision with these logits and probabilities, one of each a class, at least one.
  public init(logits: [Float], probabilities: [Float]) {
    self.logits = logits
    self.probabilities = probabilities
    ranking = logits.indices.sorted { (logits[$0], $1) > (logits[$1], $0) }
  }
}

/// A classified clip, with the intermediate results that explanations need.
public struct Analysis: Sendable {
  /// The clip that was classified.
  public let clip: Clip
  /// The decision.
  public let classification: Classification
  /// The output of the classifier's encoder; nil for a classifier that gives only scores.
  package let encoded: EncodedClip?

  /// The log-power spectrogram of the clip [T, F]: T frames, F bins.
  public var logPower: Tensor { clip.logPower }

  /// The analysis of a classifier that gives only scores.
  public init(_ clip: Clip, _ classification: Classification) {
    self.init(clip, classification, encoded: nil)
  }

  /// The analysis of a classifier with an encoder.
  ///
  /// - Parameter encoded: the encoder's output; nil for a classifier that gives scores alone.
  package init(_ clip: Clip, _ classification: Classification, encoded: EncodedClip?) {
    self.clip = clip
    self.classification = classification
    self.encoded = encoded
  }
}
