public import PIQ
import PIQCheckpoints
public import PIQClassifiers
import PIQExplanations
import PIQNeuralNetwork
import PIQPlatform
import PIQSpectral
public import PIQTensor

/// A model in SpeechBrain's layout, converted to this package's.
public struct SpeechBrainImport {
  /// The settings from the YAML and the label file.
  public let configuration: ModelConfiguration
  /// All weights under the names that a model folder uses.
  public let weights: [(name: String, tensor: Tensor)]

  /// The number of values among the weights.
  public var parameterCount: Int { weights.reduce(0) { $0 + $1.tensor.count } }

  /// Reads `hyperparams.yaml`, the label file and the three checkpoints of the folder `path`, and
  /// checks that they make a model.
  ///
  /// - Parameters:
  ///   - name: the model's name.
  ///   - normalize: the divisor of the clips when the model was trained; SpeechBrain's own
  ///     inference uses `none`.
  ///   - logitScale: the factor of the cosines before softmax.
  /// - Throws: `Failure` naming the file, what is wrong with it, and what to do.
  public init(
    path: String, name: String, normalize: Normalization = .none, logitScale: Double = 1,
    training: String? = nil, licence: String? = nil
  ) throws {
    let folder = try SpeechBrainFolder(path: path)
    let settingsPath = Folder.join(path, "hyperparams.yaml")
    try Self.refuseUnsupported(folder, settingsPath)
    do {
      configuration = try Self.configuration(
        folder, name: name, normalize: normalize, logitScale: logitScale,
        training: training ?? "imported from SpeechBrain", licence: licence)
      try configuration.validate()
      weights = try Self.weights(folder, for: configuration)
    } catch  where error is PIQError || error is STFTConfigurationError {
      throw Self.unsupported(settingsPath, "\(error)", underlying: error)
    }
  }

  private static func unsupported(
    _ path: String, _ problem: String, underlying: (any Error)? = nil
  ) -> Failure {
    Failure(
      .fileMalformed, path: path, problem: problem,
      remedy: "import a PIQ model of Conv2dEncoder_v2 and VectorQuantizedPSI_Audio",
      underlying: underlying)
  }

  private static func refuseUnsupported(_ folder: SpeechBrainFolder, _ path: String) throws {
    // Folders of other encoders have settings and tensors in other places.
    let encoder = ConvolutionalEncoder.Settings.self
    let parts = [
      (folder.embeddingModel, encoder.className),
      (folder.classifier, ModelConfiguration.Head.className),
      (folder.psi, encoder.interpreterClassName),
    ]
    for (object, name) in parts where object.shortClassName != name {
      throw unsupported(path, "uses \(printable(object.className)), which cannot be imported yet")
    }
    guard folder.specMagPower == 0.5 else {
      throw unsupported(path, "has spec_mag_power \(folder.specMagPower); only 0.5 is known")
    }
    // Settings that would change the front end must not be ignored.
    let known: Set = ["n_fft", "hop_length", "win_length", "sample_rate"]
    if let other = folder.stft.arguments.keys.sorted().first(where: { !known.contains($0) }) {
      throw unsupported(path, "sets \(printable(other)) of the STFT, which cannot be imported")
    }
  }

  private static func configuration(
    _ folder: SpeechBrainFolder, name: String, normalize: Normalization, logitScale: Double,
    training: String, licence: String?
  ) throws -> ModelConfiguration {
    let (classifier, psi) = (folder.classifier, folder.psi)
    return ModelConfiguration(
      name: name,
      stft: try STFTConfiguration(
        sampleRate: folder.sampleRate, nFFT: folder.nFFT,
        hopMilliseconds: folder.hopLengthMilliseconds,
        windowMilliseconds: folder.winLengthMilliseconds),
      normalize: normalize,
      embeddingModel: try .init(
        className: folder.embeddingModel.shortClassName, folder.embeddingModel),
      classifier: .init(
        inputSize: try classifier.int("input_size"),
        blockCount: try classifier.int("lin_blocks", default: 0),
        blockSize: try classifier.int("lin_neurons", default: 192),
        classCount: try classifier.int("out_neurons", default: 1211)),
      psi: VectorQuantizedPSI.Settings(
        className: psi.shortClassName, dim: try psi.int("dim", default: 128),
        keyCount: try psi.int("K", default: 512),
        classCount: try psi.int("numclasses", default: 50),
        classPartitioning: try psi.bool("activate_class_partitioning", default: true),
        sharedKeys: try psi.int("shared_keys", default: 0),
        usesAdapter: try psi.bool("use_adapter", default: true),
        reducesDim: try psi.bool("adapter_reduce_dim", default: true)),
      useVQ: folder.useVQ, useMaskOutput: folder.useMaskOutput,
      maskThreshold: folder.maskThreshold, labels: try folder.labels(), logitScale: logitScale,
      training: training, licence: licence)
  }

  private static func weights(
    _ folder: SpeechBrainFolder, for configuration: ModelConfiguration
  ) throws -> [(name: String, tensor: Tensor)] {
    var checkpoints: [String: (path: String, tensors: [String: Tensor])] = [:]
    for part in SpeechBrainFolder.Part.allCases {
      let path = try folder.checkpointPath(of: part)
      checkpoints[part.rawValue] = (
        path, Self.withoutWrapper(try PyTorchCheckpoint(path: path).floats)
      )
    }
    let count = checkpoints.values.reduce(0) { sum, checkpoint in
      checkpoint.tensors.values.reduce(sum) { $0 + $1.count }
    }
    guard count >= configuration.minimumParameterCount else {
      throw Failure(
        .fileMalformed, path: folder.path,
        problem:
          "its checkpoints hold \(count) values, too few for what hyperparams.yaml describes",
        remedy: "check that hyperparams.yaml describes these checkpoints")
    }
    var weights: [(name: String, tensor: Tensor)] = []
    _ = try Interpreter(configuration) { name, shape in
      let part = String(name.prefix { $0 != "." })
      let key = String(name.dropFirst(part.count + 1))
      guard let checkpoint = checkpoints[part], let tensor = checkpoint.tensors[key] else {
        throw Failure(
          .fileMalformed, path: checkpoints[part]?.path ?? folder.path,
          problem: "lacks the tensor \(key)",
          remedy: "check that hyperparams.yaml describes this checkpoint")
      }
      guard tensor.shape == shape else {
        throw Failure(
          .fileMalformed, path: checkpoint.path,
          problem: "\(key) has shape \(tensor.shape) where hyperparams.yaml needs \(shape)",
          remedy: "check that hyperparams.yaml describes this checkpoint")
      }
      try Model.check(tensor, named: key, path: checkpoint.path)
      weights.append((name, tensor))
      return tensor
    }
    return weights
  }

  /// The tensors without the prefix that PyTorch's `DataParallel` puts before all names.
  private static func withoutWrapper(_ tensors: [String: Tensor]) -> [String: Tensor] {
    let prefix = "module."
    guard tensors.keys.allSatisfy({ $0.hasPrefix(prefix) }) else { return tensors }
    return Dictionary(
      uniqueKeysWithValues: tensors.map { (String($0.key.dropFirst(prefix.count)), $0.value) })
  }
}

extension SpeechBrainObject: KeywordArguments {}
