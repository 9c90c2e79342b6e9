import Foundation
import PIQ
public import PIQCheckpoints
public import PIQClassifiers
import PIQPlatform
import PIQSpectral
import PIQTensor

extension ImportSource {
  /// The settings of the model.
  mutating func configuration(
    name: String, _ options: SpeechBrainImport.Options
  ) throws -> ModelConfiguration {
    let encoder = try encoder(options)
    let head = try head()
    return ModelConfiguration(
      name: name, stft: try stft(), normalize: options.normalize, embeddingModel: encoder,
      classifier: head, psi: try psi(), useVQ: folder?.useVQ ?? true,
      useMaskOutput: folder?.useMaskOutput ?? true, maskThreshold: folder?.maskThreshold ?? 0.35,
      labels: try labels(count: head.classCount, options.labels), logitScale: options.logitScale,
      training: options.training ?? "imported from SpeechBrain", licence: options.licence)
  }

  /// The recipe's where there is no YAML.
  private func stft() throws -> STFTConfiguration {
    guard let folder else { return .speechBrainPIQ }
    return try STFTConfiguration(
      sampleRate: folder.sampleRate, nFFT: folder.nFFT,
      hopMilliseconds: folder.hopLengthMilliseconds,
      windowMilliseconds: folder.winLengthMilliseconds)
  }

  private func psi() throws -> VectorQuantizedPSI.Settings? {
    guard let psi = folder?.psi else { return nil }
    return VectorQuantizedPSI.Settings(
      className: psi.shortClassName, dim: try psi.int("dim", default: 128),
      keyCount: try psi.int("K", default: 512),
      classCount: try psi.int("numclasses", default: 50),
      classPartitioning: try psi.bool("activate_class_partitioning", default: true),
      sharedKeys: try psi.int("shared_keys", default: 0),
      usesAdapter: try psi.bool("use_adapter", default: true),
      reducesDim: try psi.bool("adapter_reduce_dim", default: true))
  }

  /// The head: the YAML's, or that of the checkpoint's shapes.
  private func head() throws -> ModelConfiguration.Head {
    if let classifier = folder?.classifier {
      return ModelConfiguration.Head(
        inputSize: try classifier.int("input_size"),
        blockCount: try classifier.int("lin_blocks", default: 0),
        blockSize: try classifier.int("lin_neurons", default: 192),
        classCount: try classifier.int("out_neurons", default: 1211))
    }
    let shapes = checkpoints[.classifier]?.shapes ?? [:]
    guard let last = shapes["weight"], last.count == 2 else {
      throw Failure(
        .fileMalformed, path: checkpoints[.classifier]?.path ?? path,
        problem: "is no classifier of SpeechBrain's: it has no matrix weight",
        remedy: "fetch the whole model")
    }
    // Blocks of a norm and a linear layer, counted together.
    let linear = (0..<32).compactMap { shapes["blocks.\($0).w.weight"] }.filter { $0.count == 2 }
    return ModelConfiguration.Head(
      inputSize: linear.first?[1] ?? last[1], blockCount: linear.count, blockSize: last[1],
      classCount: last[0])
  }

  // MARK: Encoder

  private mutating func encoder(
    _ options: SpeechBrainImport.Options
  ) throws -> EncoderConfiguration {
    guard let type = pretrainedType else {
      let encoder = folder?.embeddingModel
      guard let encoder else { throw Self.unsupported(path, "has an encoder that is not known") }
      return try EncoderConfiguration(className: encoder.shortClassName, encoder)
    }
    return EncoderConfiguration(try settings(type, options))
  }

  /// The settings of an encoder of transformers: what its tensors say, else config.json, else the name
  /// on the hub, else the options.
  private mutating func settings<Settings: PretrainedEncoderSettings>(
    _ type: Settings.Type, _ options: SpeechBrainImport.Options
  ) throws -> Settings {
    guard let file = checkpoints[.embeddingModel] else {
      return try JSON.decode(type, from: "{}".utf8)
    }
    let hub = folder?.embeddingModel.pretrained?.source
    let published = hub.flatMap { type.published(Folder.name(of: $0)) }
    var object: [String: Any] = [:]
    if let published {
      let bytes = Data(try JSON.line(published).utf8)
      object = try JSONSerialization.jsonObject(with: bytes) as? [String: Any] ?? [:]
    }
    if let configuration = try transformersConfiguration(type) {
      object.merge(configuration) { $1 }
    }
    object["antialias"] = options.antialias
    let heads = "num_attention_heads"
    // None: as many as fit.
    if object[heads] == nil { object[heads] = options.heads ?? 0 }
    let described = configurationFile ?? settingsPath
    do {
      var settings = try JSON.decode(type, from: JSONSerialization.data(withJSONObject: object))
      settings.adopt(file.shapes)
      try settings.validate(bins: stft().bins)
      return settings
    } catch let error as DecodingError {
      throw Failure(
        .fileMalformed, path: described,
        problem: error.inWords ?? "holds a number that does not fit its setting",
        remedy: "fetch it again", underlying: error)
    } catch let error as PIQError {
      throw Self.unsupported(described, "\(error)", underlying: error)
    }
  }

  /// The config.json beside the encoder's checkpoint, or in the folder, if it is of its family.
  private mutating func transformersConfiguration(
    _ type: any PretrainedEncoderSettings.Type
  ) throws -> [String: Any]? {
    guard let file = configurationFile else { return nil }
    let contents = try FileContents(
      path: file, atMost: 1 << 20, problem: "is too large for settings")
    let object = contents.withBytes { try? JSONSerialization.jsonObject(with: Data($0)) }
    guard let object = object as? [String: Any] else {
      throw Failure(
        .fileMalformed, path: file, problem: "is no JSON object", remedy: "fetch it again")
    }
    guard let family = object["model_type"] as? String, family == type.modelType else {
      remarks.append("\(printable(file)) is of no \(type.modelType), and was left out")
      return nil
    }
    return object
  }

  private var configurationFile: String? {
    let beside = checkpoints[.embeddingModel].map { Folder.parent(of: $0.path) }
    return ([beside].compactMap(\.self) + [path]).map { Folder.join($0, "config.json") }
      .first { FileStatus($0) != nil }
  }

  // MARK: Labels

  /// The labels: those of the file that is named, of label_encoder.txt, or of config.json.
  private mutating func labels(count: Int, _ named: String?) throws -> [String] {
    if let named {
      let labels = try LabelFile.read(path: named)
      guard labels.count == count else {
        throw Failure(
          .fileMalformed, path: named,
          problem: "has \(labels.count) labels, where the classifier has \(count) outputs",
          remedy: "name the labels that the classifier was trained on")
      }
      return labels
    }
    let files = ModelFiles(path: path)
    if let file = files.first(ModelFiles.labels) { return try LabelFile.read(path: file) }
    if let labels = try labelsOfConfiguration(count: count) { return labels }
    if let folder { return try folder.labels() }
    throw Failure(
      .labelsNotFound, path: path,
      problem: "has no label_encoder.txt (the names of \(count) classes)",
      remedy: "name a file of labels")
  }

  private mutating func labelsOfConfiguration(count: Int) throws -> [String]? {
    guard pretrainedType != nil, let file = configurationFile,
      let labels = try LabelFile.labels(ofConfiguration: file)
    else { return nil }
    // transformers' own, where nobody gave any.
    let areMade = labels.enumerated().allSatisfy { $1 == "LABEL_\($0)" }
    guard labels.count == count, !areMade else {
      remarks.append(
        "\(printable(file)) has \(labels.count) labels"
          + (areMade ? " that are numbers" : ", where the classifier has \(count) outputs")
          + ", and they were left out")
      return nil
    }
    return labels
  }
}

extension SpeechBrainObject: KeywordArguments {}
