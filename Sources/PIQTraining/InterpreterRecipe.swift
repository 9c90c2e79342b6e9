import PIQAudio

/// How an interpreter is trained.
public struct InterpreterRecipe: Recipe {
  public var seed: UInt64 = 1
  public var data = DataSettings()
  public var optimization = OptimizationSettings(
    epochs: 40, optimizer: .adam, learningRate: 5e-4, weightDecay: 2e-6, schedule: .oneCycle,
    gradientNorm: 5)
  public var augmentation = AugmentationSettings(timeShift: true)
  public var network = NetworkSettings()
  public var objective = ObjectiveSettings()

  /// The sizes of the interpreter.
  public struct NetworkSettings: Codable, Sendable, Hashable {
    /// The keys of the codebook (`K`).
    public var keyCount = 1024
    /// How many of them no class owns (`shared_keys`).
    public var sharedKeys = 0
    /// Whether classes own keys (`activate_class_partitioning`).
    public var classPartitioning = true
    /// Whether a residual block adapts the representation (`use_adapter`).
    public var usesAdapter = true
    /// Whether a convolution halves it before quantisation (`adapter_reduce_dim`).
    public var reducesDim = true

    enum CodingKeys: String, CodingKey {
      case keyCount = "K"
      case sharedKeys = "shared_keys"
      case classPartitioning = "activate_class_partitioning"
      case usesAdapter = "use_adapter"
      case reducesDim = "adapter_reduce_dim"
    }
  }

  /// The weights of the objective's terms.
  public struct ObjectiveSettings: Codable, Sendable, Hashable {
    /// Of the cross-entropy between the mask and the loud bins (`rec_loss_coef`).
    public var reconstruction = 1.0
    /// The threshold of loud bins, as a fraction of the maximum (`mask_th`).
    public var maskThreshold = 0.35
    /// Of the cross-entropy of the masked-in part.
    public var maskedIn = 0.1
    /// Of -log(1 - p) of the class in the masked-out part.
    public var maskedOut = 0.05
    /// Of the mean of the mask.
    public var sparsity = 0.1
    /// Of the mean absolute difference between neighbours.
    public var totalVariation = 0.0
    /// Of the mean of the mask where the clip is silent.
    public var silence = 0.0

    enum CodingKeys: String, CodingKey {
      case reconstruction, sparsity, silence
      case maskThreshold = "mask_th"
      case maskedIn = "masked_in"
      case maskedOut = "masked_out"
      case totalVariation = "total_variation"
    }

    /// The recipe of SpeechBrain's `train_piq.py`.
    public static var upstream: ObjectiveSettings {
      ObjectiveSettings(
        reconstruction: 1, maskedIn: 0, maskedOut: 0, sparsity: 0, totalVariation: 0)
    }

    /// The terms that judge the mask by the classifier's output.
    var mask: MaskObjective {
      MaskObjective(
        maskedIn: maskedIn, maskedOut: maskedOut, sparsity: sparsity,
        totalVariation: totalVariation, silence: silence)
    }
  }

  /// The recipe that works on ESC-10.
  public init() {}

  public var ownProblem: String? {
    let weights = [
      ("reconstruction", objective.reconstruction), ("masked_in", objective.maskedIn),
      ("masked_out", objective.maskedOut), ("sparsity", objective.sparsity),
      ("total_variation", objective.totalVariation), ("silence", objective.silence),
    ]
    for (name, weight) in weights where !(0...1e6).contains(weight) {
      return "\(name) is \(weight); a weight is 0 or more"
    }
    guard weights.contains(where: { $0.1 > 0 }) else {
      return "all weights of the objective are 0; then there is nothing to learn"
    }
    return nil
  }
}
