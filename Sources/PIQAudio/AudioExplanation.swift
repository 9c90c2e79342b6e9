public import PIQAudioIO
public import PIQClassifiers
public import PIQExplanations

/// The parts of a sound that mattered for a class.
public struct AudioExplanation: Sendable {
  /// The class that is explained.
  public let className: String
  /// Its probability, 0 to 1.
  public let probability: Float
  /// The decision about all classes.
  public let classification: Classification
  /// The mask, the masked spectrogram and the codes.
  public let interpretation: Interpretation
  /// What mattered, to listen to: mono, at the model's rate and the clip's own level.
  public let sound: Recording
}
