public import PIQAudio
public import PIQDatasets

/// How a classifier and its interpreter are evaluated.
public struct EvaluationSettings: Sendable {
  /// The sets that are explained and measured.
  public var sets = EvaluationSet.allCases
  /// The channel of the sound files to take, from 1; the mean of all if nil.
  public var channel: Int?
  /// The explanation method.
  public var method = ExplanationMethod.interpreter
  /// The factor of the cosines before softmax; the model's own scale if nil.
  public var logitScale: Double?
  /// The settings of the method; its seed also determines contaminants, noise and resamples.
  public var explainer = ExplainerSettings()
  /// Whether the cells of each mask are shuffled: what masks of the same values are worth that know no
  /// place.
  public var shufflesMasks = false
  /// Whether deletion and insertion are measured, also of shuffled masks: 84 more passes a
  /// clip.
  public var measuresCurves = false
  /// The events that masks have to find; none if nil.
  public var localisation: LocalisationSettings?
  /// Whether AD is measured after a second softmax of the probabilities, as upstream does.
  public var softensAverageDrop = false

  /// The standard settings.
  public init() {}
}

/// The events that masks have to find.
public enum LocalisationSettings: Sendable {
  /// So many clips of some classes, placed in those of others.
  case placements(events: [String], backgrounds: [String], count: Int)
  /// Events in the clips themselves.
  case times(EventTimes)
}

/// Which clips the interpretation metrics are measured on.
public enum EvaluationSet: String, Sendable, CaseIterable {
  /// The clips as they are.
  case inDistribution = "in_distribution"
  /// Two mixtures a clip, each with one other clip (SpeechBrain's `eval.py`, `mixtures`).
  case mixtures
  /// Each clip in white noise (SpeechBrain's `eval.py`, `white_noise`).
  case whiteNoise = "white_noise"
}
