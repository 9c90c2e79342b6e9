public import PIQAudio

/// The clips for training, validation and test, and the length of crops.
public struct DataSettings: Codable, Sendable, Hashable {
  /// The training folds; if empty, all folds without another use.
  public var trainFolds: [Int] = []
  /// The validation folds. If empty, the highest one where the data have folds, and `validFraction`
  /// of each class where they have none.
  public var validFolds: [Int] = []
  /// The test folds, measured once, at the end.
  public var testFolds: [Int] = []
  /// The part of each class for validation, where there are no folds.
  public var validFraction = 0.2
  /// The part of each class for the test at the end, where there are no folds.
  public var testFraction = 0.0
  /// The length of a crop in seconds, from a part of the clip that is not silent; the whole clip if
  /// 0.
  public var cropSeconds = 2.5
  /// The channel of the sound files, from 1; the mean of all if 0.
  public var channel = 0

  /// The standard division.
  public init() {}

  enum CodingKeys: String, CodingKey {
    case trainFolds = "train_folds"
    case validFolds = "valid_folds"
    case testFolds = "test_folds"
    case validFraction = "valid_fraction"
    case testFraction = "test_fraction"
    case cropSeconds = "crop_seconds"
    case channel
  }
}

/// The settings of the optimisation.
public struct OptimizationSettings: Codable, Sendable, Hashable {
  /// The optimiser.
  public enum Optimizer: String, Codable, Sendable, CaseIterable {
    /// `torch.optim.Adam`.
    case adam
    /// `torch.optim.AdamW`.
    case adamW = "adamw"
  }

  /// The schedule of the learning rate.
  public enum Schedule: String, Codable, Sendable, CaseIterable {
    /// It is constant.
    case constant
    /// It rises and falls once, along half cosines (`OneCycleLR`).
    case oneCycle = "one-cycle"
    /// It rises and falls linearly and periodically (`CyclicLRScheduler`).
    case cyclic
    /// It is halved when the validation score stops rising (`ReduceLROnPlateau`).
    case plateau
  }

  /// The number of passes over all clips.
  public var epochs: Int
  /// B, the clips of a step.
  public var batchSize = 16
  public var optimizer: Optimizer
  /// The largest learning rate.
  public var learningRate: Double
  public var weightDecay: Double
  public var schedule: Schedule
  /// The part of the steps in which the rate of one-cycle rises.
  public var warmUp = 0.3
  /// The steps from the least to the largest rate of the cyclic schedule.
  public var cycleSteps = 65_000
  /// The epochs without a better score before plateau halves the rate.
  public var patience = 3
  /// The first epoch whose score counts for plateau.
  public var firstPlateauEpoch = 101
  /// The largest common norm of all gradients, above which they are scaled down; 0 for no limit.
  public var gradientNorm: Double
  /// The part of the moving average of the weights that a step keeps; the average is what is validated
  /// and becomes the model. None if 0.
  public var averageDecay = 0.0
  /// Validation follows each of this many epochs, and the last one.
  public var validateEvery = 1
  /// The precision of the operands of large products; weights and sums are always in single
  /// precision. `auto` counts as single precision until `choosePrecision` has replaced it.
  public var precision = PrecisionChoice.auto

  enum CodingKeys: String, CodingKey {
    case epochs, optimizer, schedule, patience, precision
    case batchSize = "batch_size"
    case learningRate = "learning_rate"
    case weightDecay = "weight_decay"
    case warmUp = "warm_up"
    case cycleSteps = "cycle_steps"
    case firstPlateauEpoch = "first_plateau_epoch"
    case gradientNorm = "gradient_norm"
    case averageDecay = "average_decay"
    case validateEvery = "validate_every"
  }
}

/// The augmentation of clips, for small data sets.
public struct AugmentationSettings: Codable, Sendable, Hashable {
  /// Whether a clip is shifted circularly by a random time.
  public var timeShift: Bool
  /// The most by which the level is raised or lowered after it was normalised, in dB.
  public var gain = 0.0
  /// The least signal-to-noise ratio in dB; every other clip gets white noise at an SNR of up to 40
  /// dB above it; none if 0.
  public var noise = 0.0
  /// The most by which a clip is played faster or slower, as a part: 0.1 for a tenth.
  public var speed = 0.0
  /// The most by which three bands of random place and width are raised or lowered, in dB.
  public var equalizer = 0.0
  /// The parameter of the Beta distribution of the weights of two mixed clips; no mixing if 0
  /// (mixup, arXiv 1710.09412).
  public var mixup = 0.0
  /// The number of time masks in the spectrogram (SpecAugment, arXiv 1904.08779).
  public var timeMasks = 0
  /// The longest of them, in frames.
  public var timeMaskFrames = 0
  /// The number of frequency masks.
  public var frequencyMasks = 0
  /// The widest of them, in bins.
  public var frequencyMaskBins = 0

  enum CodingKeys: String, CodingKey {
    case gain, noise, speed, equalizer, mixup
    case timeShift = "time_shift"
    case timeMasks = "time_masks"
    case timeMaskFrames = "time_mask_frames"
    case frequencyMasks = "frequency_masks"
    case frequencyMaskBins = "frequency_mask_bins"
  }
}

/// The settings common to both trainings.
public protocol Recipe: Codable, Sendable, Equatable {
  /// The recipe that works on ESC-10.
  init()
  /// The seed of all random draws: initial weights, order, crops, augmentation.
  var seed: UInt64 { get set }
  var data: DataSettings { get set }
  var optimization: OptimizationSettings { get set }
  var augmentation: AugmentationSettings { get set }
  /// The problem with a setting specific to this recipe, if any.
  var ownProblem: String? { get }
}

/// How a classifier is trained.
public struct ClassifierRecipe: Recipe {
  public var seed: UInt64 = 1
  public var data = DataSettings()
  public var optimization = OptimizationSettings(
    epochs: 60, optimizer: .adamW, learningRate: 1e-3, weightDecay: 0.01, schedule: .oneCycle,
    gradientNorm: 5)
  public var augmentation = AugmentationSettings(
    timeShift: true, gain: 6, noise: 10, mixup: 0.4, timeMasks: 1, timeMaskFrames: 40,
    frequencyMasks: 1, frequencyMaskBins: 60)
  public var network = NetworkSettings()
  public var distillation = DistillationSettings()

  /// The sizes of the classifier, and its front end.
  public struct NetworkSettings: Codable, Sendable, Hashable {
    /// The class of the encoder, as in model.json.
    public var encoder = ConvolutionalEncoder.Settings.className
    /// The channels of the encoder's map (`dim`).
    public var dim = 256
    /// The layers of each stage of a FocalNet, or of a ViT; those of its class if empty.
    public var depths: [Int] = []
    /// The blocks of the classifier's head (`lin_blocks`).
    public var blockCount = 1
    /// The outputs of each block (`lin_neurons`).
    public var blockSize = 192
    /// The factor of the cosines in training; calibration replaces it in the model.
    public var logitScale = 20.0
    /// The part of a clip's target that is distributed over all classes.
    public var labelSmoothing = 0.0
    /// The divisor of a clip before its STFT.
    public var normalize = Normalization.peak
    /// In hertz.
    public var sampleRate = 16_000
    /// In samples.
    public var nFFT = 1024
    /// In milliseconds, as SpeechBrain has it.
    public var hopLength = 11.6099
    /// In milliseconds.
    public var windowLength = 23.2199

    enum CodingKeys: String, CodingKey {
      case encoder, dim, depths, normalize
      case blockCount = "lin_blocks"
      case blockSize = "lin_neurons"
      case logitScale = "logit_scale"
      case labelSmoothing = "label_smoothing"
      case sampleRate = "sample_rate"
      case nFFT = "n_fft"
      case hopLength = "hop_length"
      case windowLength = "win_length"
    }
  }

  /// What a teacher adds, where there is one.
  public struct DistillationSettings: Codable, Sendable, Hashable {
    /// The weight of the mean squared error between the teacher's embedding, each of its values
    /// standardised, and a linear map of the classifier's own (Romero et al., arXiv 1412.6550).
    public var embedding = 1.0
    /// The part of a clip's target that is the teacher's (Hinton, Vinyals and Dean, arXiv 1503.02531).
    public var targets = 0.5
  }

  /// The recipe that works on ESC-10.
  public init() {}

  public var ownProblem: String? {
    guard (0...1e6).contains(distillation.embedding) else {
      return "distillation.embedding is \(distillation.embedding); a weight is 0 or more"
    }
    guard (0...1).contains(distillation.targets) else {
      return "distillation.targets is \(distillation.targets); it must be from 0 to 1"
    }
    guard network.logitScale > 0, network.logitScale < 1e6 else {
      return "logit_scale is \(network.logitScale); it must be positive"
    }
    guard (0..<1).contains(network.labelSmoothing) else {
      return "label_smoothing is \(network.labelSmoothing); it must be from 0 to below 1"
    }
    guard optimization.batchSize > 1 else {
      return "batch_size is 1; the classifier's batch normalisation needs 2 or more"
    }
    return nil
  }
}
