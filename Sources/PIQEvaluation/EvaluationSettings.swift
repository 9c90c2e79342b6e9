public import PIQAudio

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
  /// How many events are placed in backgrounds, to see whether masks find them; none if nil.
  public var localisation: LocalisationSettings?
  /// Whether AD is measured after a second softmax of the probabilities, as upstream does.
  public var softensAverageDrop = false

  /// The standard settings.
  public init() {}
}

/// Events that are placed in backgrounds.
public struct LocalisationSettings: Sendable {
  /// The classes of events, and of backgrounds.
  public var events, backgrounds: [String]
  /// How many events are placed.
  public var count: Int

  /// Placements of these classes.
  public init(events: [String], backgrounds: [String], count: Int) {
    (self.events, self.backgrounds, self.count) = (events, backgrounds, count)
  }
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
