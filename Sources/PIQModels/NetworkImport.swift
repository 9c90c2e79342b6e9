import Glibc
public import PIQ
import PIQCheckpoints
public import PIQClassifiers
import PIQOpenVINO
import PIQPlatform
import PIQSpectral
import PIQTensor

/// A classifier in an ONNX or TFLite file, made into a model of this package.
public struct NetworkImport {
  /// What the file does not say; nil where a default or a test of the network decides.
  public struct Options: Sendable {
    /// The path of a file of labels; `config.json` beside the file if nil.
    public var labels: String?
    /// Samples a second; those of `preprocessor_config.json` if nil.
    public var sampleRate: Int?
    /// The length of a window, in seconds; the input's fixed length if nil.
    public var window: Double?
    /// The distance between windows, in seconds; half the window if nil.
    public var hop: Double?
    /// What the network takes; a waveform if nil, or what `frontEnd` describes.
    public var input: NetworkConfiguration.Input?
    /// The path of a file that describes how sound is prepared; `preprocessor_config.json` beside the
    /// network if nil.
    public var frontEnd: String?
    public var layout: NetworkConfiguration.Layout?
    public var gain: NetworkConfiguration.Gain?
    /// How scores become probabilities; found by a test if they already are.
    public var activation: OutputActivation?
    public var aggregate = NetworkConfiguration.Aggregate.mean
    public var execution = NetworkConfiguration.Execution.performance
    /// The tensor with the scores; the output with a column a label if nil.
    public var scores: String?
    public var embedding: String?
    public var representation: String?
    /// Those of the STFT, in samples; SpeechBrain's in milliseconds if nil.
    public var nFFT, hopLength, windowLength: Int?
    /// How the model was trained.
    public var training: String?
    /// The model's licence.
    public var licence: String?

    /// The defaults.
    public init() {}
  }

  /// The settings.
  public let configuration: ModelConfiguration
  /// What was found or assumed, for the user.
  public let remarks: [String]
  private let file: NetworkFile

  /// Reads the file at `path`, and runs its network on test sounds.
  ///
  /// - Parameter name: the model's name.
  /// - Throws: `Failure` naming the file, what is wrong or missing, and what to do.
  public init(path: String, name: String, _ options: Options = Options()) throws {
    file = try NetworkFile(path: path)
    var trial = try NetworkTrial(file, options)
    let labels = try trial.labels()
    let network = try trial.configuration(labels: labels)
    let configuration = ModelConfiguration(
      name: name, stft: trial.stft, network: network, labels: labels,
      training: options.training ?? "imported from \(network.file)", licence: options.licence)
    do {
      try configuration.validate()
    } catch {
      throw Failure(
        .networkUnusable, path: path, problem: "\(error)", remedy: "choose other settings",
        underlying: error)
    }
    self.configuration = configuration
    remarks = trial.remarks
  }

  /// Writes the model's folder, made if missing: the network's file, with weights that it kept beside it
  /// inside, and `model.json`.
  ///
  /// - Throws: `Failure` when there is a model already and `replacing` is false.
  public func write(to path: String, replacing: Bool = false) throws {
    try Model.write(configuration, network: file, to: path, replacing: replacing)
  }
}

extension NetworkFile {
  /// The bytes of one file that needs no other.
  func withWholeBytes<Result>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    if let onnx { return try onnx.withBytes(body) }
    return try FileContents(path: path).withBytes(body)
  }

  /// The SHA-256 of these bytes, in hexadecimal.
  func sha256() throws(Failure) -> String {
    let hash = try withWholeBytes { bytes throws(Failure) in FileHash.sha256(of: bytes) }
    guard let hash else { throw FileHash.unknown(path) }
    return hash
  }
}
