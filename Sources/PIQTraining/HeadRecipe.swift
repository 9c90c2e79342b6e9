public import PIQAudio

/// How a head on the embeddings of an imported network is trained.
public struct HeadRecipe: Recipe {
  public var seed: UInt64 = 1
  public var data = DataSettings()
  public var optimization = OptimizationSettings(
    epochs: 60, optimizer: .adamW, learningRate: 3e-3, weightDecay: 0.05, schedule: .oneCycle,
    gradientNorm: 5)
  public var augmentation = AugmentationSettings(timeShift: true, gain: 6, noise: 10)
  public var network = NetworkSettings()

  /// The sizes of the head, and what it is trained on.
  public struct NetworkSettings: Codable, Sendable, Hashable {
    /// The blocks of the head (`lin_blocks`).
    public var blockCount = 1
    /// The outputs of each block (`lin_neurons`).
    public var blockSize = 192
    /// The factor of the cosines in training; calibration replaces it in the model.
    public var logitScale = 20.0
    /// The part of a clip's target that is distributed over all classes.
    public var labelSmoothing = 0.05
    /// How many augmented copies of each clip there are beside the clip itself: embeddings are computed
    /// once.
    public var copies = 3

    enum CodingKeys: String, CodingKey {
      case copies
      case blockCount = "lin_blocks"
      case blockSize = "lin_neurons"
      case logitScale = "logit_scale"
      case labelSmoothing = "label_smoothing"
    }
  }

  /// The recipe that works on ESC-10 with YAMNet.
  public init() {
    data.cropSeconds = 0
    optimization.precision = .float32
  }

  public var ownProblem: String? {
    guard network.logitScale > 0, network.logitScale < 1e6 else {
      return "logit_scale is \(network.logitScale); it must be positive"
    }
    guard (0..<1).contains(network.labelSmoothing) else {
      return "label_smoothing is \(network.labelSmoothing); it must be from 0 to below 1"
    }
    guard (0...100).contains(network.copies) else {
      return "copies is \(network.copies); it must be from 0 to 100"
    }
    guard (0...16).contains(network.blockCount) else {
      return "lin_blocks is \(network.blockCount); it must be from 0 to 16"
    }
    guard (1...65_536).contains(network.blockSize) else {
      return "lin_neurons is \(network.blockSize); it must be from 1 to 65536"
    }
    guard optimization.batchSize > 1 else {
      return "batch_size is 1; the head's batch normalisation needs 2 or more"
    }
    return nil
  }

  /// The configuration of the model that this recipe trains.
  ///
  /// - Parameters:
  ///   - name: the model's name.
  ///   - labels: the names of the classes, by index.
  ///   - backbone: the model whose network gives embeddings, of length `embeddingLength`.
  /// - Throws: `Failure`.
  public func configuration(
    name: String, labels: [String], backbone: ModelConfiguration, embeddingLength: Int
  ) throws(Failure) -> ModelConfiguration {
    do throws(PIQError) {
      guard let network = backbone.network else {
        throw .configuration("the backbone is no imported network")
      }
      let configuration = ModelConfiguration(
        name: name, stft: backbone.stft, network: network,
        classifier: .init(
          inputSize: embeddingLength, blockCount: self.network.blockCount,
          blockSize: self.network.blockSize, classCount: labels.count),
        labels: labels, logitScale: self.network.logitScale,
        training: "head on \(network.file) (\(backbone.training ?? "of unknown origin")), "
          + "trained by piq-audio, seed \(seed)",
        licence: backbone.licence)
      try configuration.validate()
      return configuration
    } catch {
      throw Failure(
        .settingInvalid, problem: "\(error)", remedy: "change the settings of the network",
        underlying: error)
    }
  }
}
