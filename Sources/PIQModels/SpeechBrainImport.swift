public import PIQ
import PIQCheckpoints
public import PIQClassifiers
import PIQExplanations
import PIQNeuralNetwork
import PIQPlatform
import PIQSpectral
public import PIQTensor

/// A model of SpeechBrain's, converted to this package's: a folder that a recipe or the hub left.
public struct SpeechBrainImport {
  /// What a folder does not say.
  public struct Options: Sendable {
    /// The divisor of the clips when the model was trained; SpeechBrain's own inference uses `none`.
    public var normalize = Normalization.none
    /// The factor of the cosines before softmax.
    public var logitScale = 1.0
    /// The path of a file of labels; that of the folder if nil.
    public var labels: String?
    /// The heads of a ViT whose files do not say their number.
    public var heads: Int?
    /// Whether images are made with antialiasing, as torchvision has done since 0.17.
    public var antialias = true
    /// How the model was trained.
    public var training: String?
    /// The model's licence.
    public var licence: String?

    /// SpeechBrain's defaults.
    public init() {}
  }

  /// The settings.
  public let configuration: ModelConfiguration
  /// All weights under the names that a model folder uses.
  public let weights: [(name: String, tensor: Tensor)]
  /// What was left out or assumed, for the user.
  public let remarks: [String]

  /// The number of values among the weights.
  public var parameterCount: Int { weights.reduce(0) { $0 + $1.tensor.count } }

  /// Reads the settings, the labels and the checkpoints of the folder `path`, and checks that they make
  /// a model.
  ///
  /// With `hyperparams.yaml` it is a recipe's folder or an interpreter of the hub. Without, it holds
  /// `embedding_model` and `classifier` alone, as `speechbrain/vit-base-esc50` does.
  ///
  /// - Parameter name: the model's name.
  /// - Throws: `Failure` naming the file, what is wrong with it, and what to do.
  public init(path: String, name: String, _ options: Options = Options()) throws {
    var source = try ImportSource(path: path)
    do {
      configuration = try source.configuration(name: name, options)
      try configuration.validate()
      weights = try source.weights(for: configuration)
      remarks = source.remarks
    } catch  where error is PIQError || error is STFTConfigurationError {
      throw ImportSource.unsupported(source.settingsPath, "\(error)", underlying: error)
    }
  }
}
