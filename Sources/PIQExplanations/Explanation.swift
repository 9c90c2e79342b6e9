public import PIQ
public import PIQTensor

/// The parts of a clip that are relevant to a class.
public struct Explanation: Sendable {
  /// The relevance of each time-frequency bin, 0 to 1 [T', F]: T' frames, F bins.
  public let mask: Tensor
  /// The attributions that became the mask, with their signs [T', F]; nil for methods without.
  public let attributions: Tensor?
  /// The indices of the keys, [1, rows, columns]; nil for methods that do not quantise.
  public let codes: Codes?

  /// An explanation of these parts, of one shape [T', F].
  public init(mask: Tensor, attributions: Tensor? = nil, codes: Codes? = nil) {
    self.mask = mask
    self.attributions = attributions
    self.codes = codes
  }
}

/// An explanation with its masked spectrogram and sound.
public struct Interpretation: Sendable {
  /// The class that is explained.
  public let classIndex: Int
  /// The mask, and what it was made of.
  public let explanation: Explanation
  /// The masked spectrogram in linear magnitudes of the normalised clip [T', F].
  public let magnitude: Tensor
  /// The masked sound, at the model's rate and the clip's own level.
  public let audio: [Float]

  /// The relevance of each time-frequency bin, 0 to 1 [T', F]: T' frames, F bins.
  public var mask: Tensor { explanation.mask }
}
