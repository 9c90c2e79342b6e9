import Foundation
public import PIQ
public import PIQCheckpoints
import PIQClassifiers
public import PIQExplanations
public import PIQKernels
public import PIQPlatform
public import PIQTensor

/// A model on disk: a folder with `model.json` (settings) and `model.safetensors` (weights).
public struct Model: Sendable {
  /// The folder.
  public let path: String
  /// The settings.
  public let configuration: ModelConfiguration
  /// The number of values among the weights.
  public let parameterCount: Int
  /// The networks, loaded.
  public let interpreter: Interpreter
  /// The SHA-256 of `model.safetensors`, in hexadecimal.
  public let sha256: String
  /// That of `model.json`.
  public let settingsSHA256: String
  /// How the weights are stored.
  public let dtype: TensorDType

  static let configurationFile = "model.json"
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
    self.path = path
    let settingsPath = Folder.join(path, Self.configurationFile)
    configuration = try Self.readConfiguration(settingsPath)
    let weightsPath = Folder.join(path, Self.weightsFile)
    try Self.checkMemory(for: weightsPath)
    let file = try SafetensorsFile(path: weightsPath)
    // First: networks discard what they keep in another form.
    sha256 = try file.sha256()
    var parameters = 0
    interpreter = try Self.naming(settingsPath) { [configuration] in
      try Self.checkSize(of: file.header, for: configuration, weightsPath)
      let precision = try precision.resolved(
        for: .inference, channels: configuration.classifier.inputSize)
      return try Interpreter(
        configuration, precision: precision,
        sources: { name, shape in
          try Self.checkShape(name, shape, in: file.header, weightsPath)
          let source = try file.source(of: name)
          try Self.check(source.value, named: name, path: weightsPath)
          parameters += shape.reduce(1, *)
          return source
        })
    }
    parameterCount = parameters
    dtype = file.names.first.flatMap(file.dtype) ?? .float32
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

  /// Checks that a model can be written to the folder `path` without replacing another.
  ///
  /// - Throws: `Failure`.
  public static func checkIsFree(_ path: String) throws(Failure) {
    for name in [configurationFile, weightsFile] {
      let file = Folder.join(path, name)
      guard FileStatus(file) == nil else {
        throw Failure(
          .modelExists, path: file, problem: "exists already",
          remedy: "choose another folder, or replace the model")
      }
    }
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

  /// Checks that a model fits into memory before it is loaded.
  private static func checkMemory(for path: String) throws(Failure) {
    guard let status = FileStatus(path) else { return }
    // The file, its weights, and what the networks derive from them.
    let needed = 4 * Double(status.size)
    let available = Memory.available
    guard needed <= available else {
      throw Failure(
        .outOfMemory, path: path,
        problem: "needs about \(Int(needed / 1e6) + 1) MB of memory, where "
          + "\(Int(available / 1e6)) MB are left",
        remedy: Memory.remedy)
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

  private static func incomplete(_ path: String, _ problem: String) -> Failure {
    Failure(.modelMalformed, path: path, problem: problem, remedy: "import the model again")
  }

  /// Checks the settings, and that there are enough values for them before networks are allocated.
  static func checkSize(
    of header: SafetensorsHeader, for configuration: ModelConfiguration, _ path: String
  ) throws {
    try configuration.validate()
    guard header.valueCount >= configuration.minimumParameterCount else {
      throw incomplete(
        path, "holds \(header.valueCount) values, too few for what model.json describes")
    }
  }

  /// Checks that there is a tensor of this name and shape.
  static func checkShape(
    _ name: String, _ shape: [Int], in header: SafetensorsHeader, _ path: String
  ) throws(Failure) {
    guard let found = header.shape(of: name) else {
      throw incomplete(path, "lacks the tensor \(printable(name))")
    }
    guard found == shape else {
      throw incomplete(
        path, "\(printable(name)) has shape \(found) where model.json needs \(shape)")
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
