import Foundation
public import PIQ
public import PIQCheckpoints
import PIQClassifiers
public import PIQExplanations
public import PIQKernels
public import PIQPlatform
public import PIQTensor

/// A model on disk: a folder with `model.json` (settings), and `model.safetensors` (weights) or the file
/// of an imported network, or both.
public struct Model: Sendable {
  /// The folder.
  public let path: String
  /// The settings.
  public let configuration: ModelConfiguration
  /// The networks, loaded.
  public let interpreter: Interpreter
  /// The SHA-256 of `model.safetensors`, in hexadecimal; of the network's file where there are no other
  /// weights.
  public let sha256: String
  /// That of `model.json`.
  public let settingsSHA256: String
  /// The weights in `model.safetensors`; nil where there are none.
  public let weights: StoredWeights?

  package static let configurationFile = "model.json"
  static let weightsFile = "model.safetensors"

  /// Loads the model in the folder `path`.
  ///
  /// Weights are F32, F16 or BF16 under SpeechBrain's state-dict names, prefixed
  /// `embedding_model.`, `classifier.` and `psi.`.
  ///
  /// - Parameter precision: that of the operands of the decoder's products; `auto` measures.
  /// - Throws: `Failure` when a file is missing, truncated, malformed, or does not match the
  ///   settings; `OneDNNError`.
  public init(path: String, precision: PrecisionChoice = .float32) throws {
    let settingsPath = Folder.join(path, Self.configurationFile)
    let configuration = try Self.readConfiguration(settingsPath)
    let parts = try Self.naming(settingsPath) {
      try configuration.validate()
      if let network = configuration.network {
        return try Parts(path, configuration, network)
      }
      return try Parts(path, configuration, precision)
    }
    (self.path, self.configuration) = (path, configuration)
    (interpreter, sha256, weights) = (parts.interpreter, parts.sha256, parts.weights)
    settingsSHA256 = try FileHash.sha256(ofFileAt: settingsPath)
  }

  /// Writes a model folder, made if missing. Both files appear whole or not at all.
  ///
  /// - Parameter weights: under the names that `init(path:)` reads.
  /// - Throws: `Failure` when there is a model already and `replacing` is false, or a value
  ///   is too large for `dtype`; `Failure`.
  public static func write(
    _ configuration: ModelConfiguration, weights: [(name: String, tensor: Tensor)],
    dtype: TensorDType, to path: String, replacing: Bool = false
  ) throws {
    if !replacing { try checkIsFree(path) }
    try Folder.make(path)
    let settings = try JSON.indented(configuration) + "\n"
    let weightsPath = Folder.join(path, weightsFile)
    // What cannot be stored is found before the old model goes.
    let contents = try Safetensors.contents(
      of: weights, metadata: ["format": "pt"], dtype: dtype, path: weightsPath)
    let settingsPath = Folder.join(path, configurationFile)
    // Without settings there is no model: an interruption leaves none rather than a mixed one.
    settingsPath.withSystemPath { _ = unlink($0) }
    try contents.write(to: weightsPath)
    try AtomicFile.write(settings.utf8, to: settingsPath)
  }

  /// Writes the folder of a model with an imported network, made if missing.
  ///
  /// - Parameter weights: those of a head on its embedding.
  /// - Throws: `Failure`, as for other models.
  static func write(
    _ configuration: ModelConfiguration, network: NetworkFile,
    weights: [(name: String, tensor: Tensor)] = [], dtype: TensorDType = .float32, to path: String,
    replacing: Bool = false
  ) throws {
    guard let name = configuration.network?.file else {
      throw PIQError.configuration("there is no network")
    }
    let file = Folder.join(path, name)
    if !replacing {
      try checkIsFree(path)
      guard FileStatus(file) == nil else { throw exists(file) }
    }
    try Folder.make(path)
    let settings = try JSON.indented(configuration) + "\n"
    let settingsPath = Folder.join(path, configurationFile)
    // The file may be the one that is read.
    let bytes = try network.withWholeBytes { bytes throws(Failure) in Data(bytes) }
    settingsPath.withSystemPath { _ = unlink($0) }
    try AtomicFile.write(bytes, to: file)
    let weightsPath = Folder.join(path, weightsFile)
    if weights.isEmpty {
      weightsPath.withSystemPath { _ = unlink($0) }
    } else {
      try Safetensors.contents(
        of: weights, metadata: ["format": "pt"], dtype: dtype, path: weightsPath
      ).write(to: weightsPath)
    }
    try AtomicFile.write(settings.utf8, to: settingsPath)
  }

  /// Checks that the model's networks can be trained further.
  ///
  /// - Throws: `Failure` of an imported network.
  public func checkIsTrainable() throws(Failure) {
    guard configuration.network == nil else {
      throw Failure(
        .networkIsFixed, path: path, problem: "is an imported network, which stays as it is",
        remedy: "train a head on it")
    }
  }

  /// Checks that a model can be written to the folder `path` without replacing another.
  ///
  /// - Throws: `Failure`.
  public static func checkIsFree(_ path: String) throws(Failure) {
    for name in [configurationFile, weightsFile] {
      let file = Folder.join(path, name)
      guard FileStatus(file) == nil else { throw exists(file) }
    }
  }

  private static func exists(_ path: String) -> Failure {
    Failure(
      .modelExists, path: path, problem: "exists already",
      remedy: "choose another folder, or replace the model")
  }

  /// Checks that a network can compute with the weights `tensor` of the file at `path`.
  ///
  /// - Throws: `Failure`.
  static func check(_ tensor: Tensor, named name: String, path: String) throws(Failure) {
    guard tensor.isFinite else {
      throw Failure(
        .fileMalformed, path: path, problem: "\(printable(name)) has values that are not finite",
        remedy: "use a model whose training did not diverge")
    }
    guard !name.hasSuffix("running_var") || tensor.elements.allSatisfy({ $0 >= 0 }) else {
      throw Failure(
        .fileMalformed, path: path, problem: "\(printable(name)) has negative variances",
        remedy: "use a file that was written by a training")
    }
  }

  /// Runs `body`; an error of the networks becomes one of the settings at `path`.
  static func naming<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as PIQError {
      throw Failure(
        .modelMalformed, path: path, problem: error.description,
        remedy: "correct it, or import again", underlying: error)
    }
  }

  static func readConfiguration(_ path: String) throws -> ModelConfiguration {
    let remedy = "name the folder of an imported model"
    let file: FileContents
    do throws(Failure) {
      file = try FileContents(path: path, atMost: 16 << 20, problem: "is too large for settings")
    } catch {
      throw Failure(
        error.code == .fileNotFound ? .modelMalformed : error.code, path: error.path,
        problem: error.problem, remedy: remedy,
        isTransient: error.isTransient, underlying: error.underlying)
    }
    do {
      return try file.withBytes {
        try JSON.decode(ModelConfiguration.self, from: $0)
      }
    } catch let error as DecodingError {
      // Foundation reports a number out of range as malformed JSON.
      let isJSON = file.withBytes { (try? JSONSerialization.jsonObject(with: Data($0))) != nil }
      let problem =
        error.inWords
        ?? (isJSON ? "holds a number that does not fit its setting" : "is not JSON")
      throw Failure(.modelMalformed, path: path, problem: problem, remedy: remedy)
    } catch {
      throw Failure(.modelMalformed, path: path, problem: "is not JSON", remedy: remedy)
    }
  }
}
