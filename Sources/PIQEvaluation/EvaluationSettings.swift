/// How a classifier and its interpreter are evaluated.
public struct EvaluationSettings: Sendable {
  /// What is explained and measured.
  public var sets = EvaluationSet.allCases
  /// What makes the masks.
  public var method = ExplanationMethod.interpreter
  /// What cosines are multiplied by before softmax; the model's own scale if nil.
  public var logitScale: Double?
  /// Decides about contaminants, noise, random masks and resamples.
  public var seed: UInt64 = 0
  /// How many noisy copies SmoothGrad averages over, and how many steps integrated gradients take.
  public var steps = 25
  /// Whether AD is measured on probabilities that went through softmax a second time, as upstream
  /// does.
  public var softensAverageDrop = false

  /// The standard settings.
  public init() {}
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

/// What makes the masks that are measured.
public enum ExplanationMethod: String, Sendable, CaseIterable {
  /// The model's own interpreter.
  case interpreter
  /// The mask of all ones: what every other one has to be compared with.
  case ones
  /// Values drawn uniformly from 0 to 1.
  case random
  /// The absolute gradient (Simonyan, Vedaldi and Zisserman, 2014).
  case saliency
  /// The absolute mean gradient of noisy copies (Smilkov et al., 2017).
  case smoothGrad = "smoothgrad"
  /// Integrated gradients from silence on (Sundararajan, Taly and Yan, 2017), absolute values.
  case integratedGradients = "integrated-gradients"
  /// Grad-CAM (Selvaraju et al., 2017) at the encoder's output.
  case gradCAM = "grad-cam"
}
