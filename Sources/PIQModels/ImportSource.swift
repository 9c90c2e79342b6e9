import PIQ
import PIQCheckpoints
import PIQClassifiers
import PIQExplanations
import PIQNeuralNetwork
import PIQPlatform
import PIQSpectral
import PIQTensor

/// A folder of SpeechBrain's with its checkpoints.
struct ImportSource {
  /// The part of a model that a checkpoint is of.
  typealias Part = SpeechBrainFolder.Part

  /// A checkpoint that was read.
  struct File {
    let path: String
    let tensors: [String: Tensor]

    /// The shapes of the tensors, by name.
    var shapes: [String: [Int]] { tensors.mapValues(\.shape) }
  }

  let path: String
  /// hyperparams.yaml; nil where there is none.
  let folder: SpeechBrainFolder?
  /// Where the settings are from, for messages.
  let settingsPath: String
  var checkpoints: [Part: File] = [:]
  var remarks: [String] = []

  init(path: String) throws {
    self.path = path
    let yaml = Folder.join(path, "hyperparams.yaml")
    let encoder = ModelFiles(path: path).first(
      Checkpoint.endings.map { Part.embeddingModel.rawValue + $0 })
    if FileStatus(yaml) != nil || encoder == nil {
      let folder = try SpeechBrainFolder(path: path)
      self.folder = folder
      settingsPath = yaml
      try Self.refuseUnsupported(folder, yaml)
      for part in Part.allCases where folder.object(part) != nil {
        try read(part, folder.checkpointPath(of: part))
      }
      if folder.psi == nil { remarks.append("has no interpreter: a classifier was imported") }
    } else {
      folder = nil
      settingsPath = encoder ?? path
      for part in [Part.embeddingModel, .classifier] {
        try read(
          part,
          ModelFiles(path: path).find(
            Checkpoint.endings.map { part.rawValue + $0 }, orElse: nil,
            purpose: "the weights of \(part.rawValue)"))
      }
      if let psi = ModelFiles(path: path).first(Checkpoint.endings.map { "psi_model" + $0 }) {
        remarks.append(
          "\(printable(psi)) was left out: there is no hyperparams.yaml, which would describe it")
      }
      guard pretrainedType != nil else {
        throw Failure(
          .fileMalformed, path: path,
          problem: "has no hyperparams.yaml, and \(Folder.name(of: settingsPath)) is of no encoder "
            + "that is known by its tensors",
          remedy: "fetch the whole model")
      }
    }
  }

  private mutating func read(_ part: Part, _ path: String) throws {
    checkpoints[part] = File(path: path, tensors: try Checkpoint.tensors(path: path))
  }

  /// The family of the encoder: the one that the YAML names, or whose tensors are in the checkpoint;
  /// nil for encoders of SpeechBrain.
  var pretrainedType: (any PretrainedEncoderSettings.Type)? {
    if let folder {
      guard let name = folder.embeddingModel.pretrained?.className else { return nil }
      return EncoderConfiguration.pretrainedSettingsType { $0.className == name }
    }
    let shapes = checkpoints[.embeddingModel]?.shapes ?? [:]
    return EncoderConfiguration.pretrainedSettingsType { $0.isFound(in: shapes) }
  }

  private static func refuseUnsupported(_ folder: SpeechBrainFolder, _ path: String) throws {
    let encoder = folder.embeddingModel
    let known =
      encoder.pretrained.map { EncoderConfiguration.settingsType(of: $0.className) != nil }
      ?? (encoder.shortClassName == ConvolutionalEncoder.Settings.className)
    let classifier = folder.classifier
    let parts = [
      (encoder, known),
      (classifier, classifier.shortClassName == ModelConfiguration.Head.className),
    ]
    for (object, isKnown) in parts where !isKnown {
      throw unsupported(path, "uses \(printable(object.className)), which cannot be imported")
    }
    guard folder.specMagPower == 0.5 else {
      throw unsupported(path, "has spec_mag_power \(folder.specMagPower); only 0.5 is known")
    }
    // Settings that would change the front end must not be ignored.
    let arguments: Set = ["n_fft", "hop_length", "win_length", "sample_rate"]
    if let other = folder.stft.arguments.keys.sorted().first(where: { !arguments.contains($0) }) {
      throw unsupported(path, "sets \(printable(other)) of the STFT, which cannot be imported")
    }
  }

  static func unsupported(
    _ path: String, _ problem: String, underlying: (any Error)? = nil
  ) -> Failure {
    Failure(
      .fileMalformed, path: path, problem: problem,
      remedy: "import a model of Conv2dEncoder_v2, FocalNetBackbone or ViTModel",
      underlying: underlying)
  }

  /// The name of a tensor that ends as a missing one, for messages.
  private func alike(_ key: String) -> (File) -> String {
    { file in
      let found = file.tensors.keys.sorted().first { $0.hasSuffix("." + key) }
      return found.map { "; it has \(printable($0))" } ?? ""
    }
  }

  // MARK: Weights

  /// The weights of a model with these settings, under its own names.
  func weights(
    for configuration: ModelConfiguration
  ) throws -> [(name: String, tensor: Tensor)] {
    let count = checkpoints.values.reduce(0) { sum, file in
      file.tensors.values.reduce(sum) { $0 + $1.count }
    }
    let described = folder == nil ? "the settings" : "hyperparams.yaml"
    guard count >= configuration.minimumParameterCount else {
      throw Failure(
        .fileMalformed, path: path,
        problem: "its checkpoints hold \(count) values, too few for what \(described) describes",
        remedy: "check that hyperparams.yaml describes these checkpoints")
    }
    let remedy = "check that \(described) describes this checkpoint"
    let encoder = configuration.embeddingModel.flatMap {
      EncoderConfiguration.settingsType(of: $0.className)
    }
    var weights: [(name: String, tensor: Tensor)] = []
    _ = try Interpreter(configuration) { name, shape in
      let prefix = String(name.prefix { $0 != "." })
      let key = String(name.dropFirst(prefix.count + 1))
      let part = Part(rawValue: prefix)
      let file = part.flatMap { checkpoints[$0] }
      let others = part == .embeddingModel ? encoder?.aliases(of: key) ?? [] : []
      guard let file, let tensor = ([key] + others).lazy.compactMap({ file.tensors[$0] }).first
      else {
        throw Failure(
          .fileMalformed, path: file?.path ?? path,
          problem: "lacks the tensor \(key)" + (file.map(alike(key)) ?? ""), remedy: remedy)
      }
      guard tensor.shape == shape else {
        throw Failure(
          .fileMalformed, path: file.path,
          problem: "\(key) has shape \(tensor.shape) where \(described) needs \(shape)",
          remedy: remedy)
      }
      try Model.check(tensor, named: key, path: file.path)
      weights.append((name, tensor))
      return tensor
    }
    return weights
  }
}
