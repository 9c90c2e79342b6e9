import Foundation
public import PIQPlatform

/// A model in SpeechBrain's layout: a folder with hyperparams.yaml, the checkpoints that its
/// pretrainer names, and label_encoder.txt; what `PIQAudioInterpreter.from_hparams` loads.
///
/// The YAML is read, never executed: no class that it names is instantiated. The settings of PIQ's
/// recipe (`recipes/ESC50/interpret/hparams/piq.yaml`) replace those missing from a file.
public struct SpeechBrainFolder: Sendable {
  /// The networks of a PIQ interpreter.
  public enum Part: String, Sendable, CaseIterable {
    case embeddingModel = "embedding_model"
    case classifier
    case psi
  }

  /// The folder.
  public let path: String
  /// Samples a second.
  public let sampleRate: Int
  /// The length of the Fourier transform in samples.
  public let nFFT: Int
  /// The distance between frames in milliseconds.
  public let hopLengthMilliseconds: Double
  /// The length of the window in milliseconds.
  public let winLengthMilliseconds: Double
  /// The exponent of the squared magnitude; 0.5 where it is not given, as in the recipe.
  public let specMagPower: Double
  /// Whether the interpreter quantises; true where it is not given.
  public let useVQ: Bool
  /// Whether the decoder gives a mask rather than a spectrogram to be thresholded; true where it is
  /// not given.
  public let useMaskOutput: Bool
  /// The threshold, as a part of the decoder's maximum; 0.35 where it is not given.
  public let maskThreshold: Double
  /// The short-time Fourier transform, of class `speechbrain.processing.features.STFT`, whose
  /// further arguments may not be supported.
  public let stft: SpeechBrainObject
  /// The encoder.
  public let embeddingModel: SpeechBrainObject
  /// The classifier on the encoder's embedding.
  public let classifier: SpeechBrainObject
  /// The interpreter; nil in the recipe of a classifier.
  public let psi: SpeechBrainObject?

  private let parameters: HyperParameters

  /// Reads hyperparams.yaml in the folder at `path`.
  ///
  /// - Throws: `Failure` when it is missing, not valid, or lacks something needed.
  public init(path: String) throws(Failure) {
    self.path = path
    let parameters = try HyperParameters(path: Folder.join(path, "hyperparams.yaml"))
    self.parameters = parameters
    stft = try parameters.object(
      at: [["modules", "compute_stft"], ["compute_stft"]], purpose: "the STFT")
    embeddingModel = try parameters.object(.embeddingModel)
    classifier = try parameters.object(.classifier)
    psi = try parameters.optionalObject(.psi)

    // The defaults of SpeechBrain's STFT.
    nFFT = try stft.int("n_fft", default: 400)
    hopLengthMilliseconds = try stft.double("hop_length", default: 10)
    winLengthMilliseconds = try stft.double("win_length", default: 25)
    let transformRate = try stft.int("sample_rate")
    sampleRate = try parameters.setting("sample_rate", transformRate, "an integer", \.int)
    specMagPower = try parameters.setting("spec_mag_power", 0.5, "a number", \.double)
    useVQ = try parameters.setting("use_vq", true, "True or False", \.bool)
    useMaskOutput = try parameters.setting("use_mask_output", true, "True or False", \.bool)
    maskThreshold = try parameters.setting("mask_th", 0.35, "a number", \.double)
    guard sampleRate == transformRate else {
      throw HyperParameters.invalid(
        parameters.path, "gives its STFT another sample_rate (\(transformRate)) than its sounds")
    }
    let positive = [
      Double(sampleRate), Double(nFFT), hopLengthMilliseconds, winLengthMilliseconds, specMagPower,
    ]
    guard positive.allSatisfy({ $0 > 0 && $0 <= 1e7 }), maskThreshold.isFinite else {
      throw HyperParameters.invalid(parameters.path, "has front-end settings that make no sense")
    }
  }

  /// The class and arguments of a network; nil where there is none.
  public func object(_ part: Part) -> SpeechBrainObject? {
    switch part {
    case .embeddingModel: embeddingModel
    case .classifier: classifier
    case .psi: psi
    }
  }

  /// The path of the checkpoint of a network: the file named by the pretrainer's `paths`, or
  /// `<loadable>.ckpt` or `.safetensors`, in one of `ModelFiles.places`.
  ///
  /// - Throws: `Failure` when there is no such file.
  public func checkpointPath(of part: Part) throws(Failure) -> String {
    let (loadable, path) = try parameters.loadable(of: part)
    return try ModelFiles(path: self.path).find(
      Checkpoint.endings.map { loadable + $0 }, orElse: path,
      purpose: "the weights of \(part.rawValue)")
  }

  /// The labels, in the order of the classifier's outputs.
  ///
  /// - Throws: `Failure` when their file is missing or not valid.
  public func labels() throws(Failure) -> [String] {
    let file = try ModelFiles(path: path).find(
      ModelFiles.labels, orElse: parameters.pretrainedPath(of: "label_encoder"),
      purpose: "the labels", code: .labelsNotFound, remedy: "name a file of labels")
    return try LabelFile.read(path: file)
  }
}

extension HyperParameters {
  fileprivate func setting<Value>(
    _ key: String, _ standard: Value, _ kind: String, _ convert: (SpeechBrainValue) -> Value?
  ) throws(Failure) -> Value {
    let origin = SpeechBrainObject.Origin(path: path, place: key)
    return try origin.convert(try value([key]), named: key, standard, kind, convert)
  }

  /// The keys under which a network may be found, outside `modules` too, as in training recipes.
  private func places(of part: SpeechBrainFolder.Part) -> [[String]] {
    let name = part.rawValue
    let pretrained = pretrainers.map { $0 + ["loadables", name] }
    return [["modules", name], [name], [name + "_model"]] + pretrained
  }

  fileprivate func object(_ part: SpeechBrainFolder.Part) throws(Failure) -> SpeechBrainObject {
    try object(at: places(of: part), purpose: "the network \(quoted(part.rawValue))")
  }

  fileprivate func optionalObject(
    _ part: SpeechBrainFolder.Part
  ) throws(Failure) -> SpeechBrainObject? {
    try object(at: places(of: part))
  }

  private func object(at places: [[String]]) throws(Failure) -> SpeechBrainObject? {
    for place in places {
      guard let value = try value(place) else { continue }
      if case .object(let object) = value { return object }
      throw Self.invalid(path, "key \(quoted(place.joined(separator: "."))) names no class")
    }
    return nil
  }

  fileprivate func object(
    at places: [[String]], purpose: String
  ) throws(Failure) -> SpeechBrainObject {
    if let object = try object(at: places) { return object }
    let key = (places.first ?? []).joined(separator: ".")
    throw Self.invalid(path, "has no \(quoted(key)) (\(purpose))")
  }

  /// The places of `Pretrainer` objects, the one called `pretrainer` first.
  private var pretrainers: [[String]] {
    guard case .mapping(let items, _) = root else { return [] }
    let keys = items.filter { $0.value.tag?.hasSuffix(".Pretrainer") == true }.keys.sorted()
    return (keys.filter { $0 == "pretrainer" } + keys.filter { $0 != "pretrainer" }).map { [$0] }
  }

  /// The name of a network among a pretrainer's `loadables`, and its entry of `paths`.
  fileprivate func loadable(
    of part: SpeechBrainFolder.Part
  ) throws(Failure) -> (name: String, path: String?) {
    let places = places(of: part)
    let own = places.lazy.compactMap { locate($0)?.keys }.first
    for pretrainer in pretrainers {
      guard case .mapping(let items, _)? = locate(pretrainer + ["loadables"])?.node else {
        continue
      }
      let names = items.keys.sorted()
      let same = names.first { locate(pretrainer + ["loadables", $0])?.keys == own }
      let alike = names.first { $0 == part.rawValue || $0 == part.rawValue + "_model" }
      if let name = same ?? alike { return (name, try pretrainedPath(of: name)) }
    }
    return (part == .psi ? "psi_model" : part.rawValue, nil)
  }

  /// The entry of a pretrainer's `paths` for the loadable `name`; nil where there is none.
  fileprivate func pretrainedPath(of name: String) throws(Failure) -> String? {
    for pretrainer in pretrainers {
      guard let value = try value(pretrainer + ["paths", name]) else { continue }
      let origin = SpeechBrainObject.Origin(path: path, place: name)
      return try origin.convert(value, named: "paths.\(name)", nil, "a path", \.string)
    }
    return nil
  }
}
