public import PIQSpectral

/// An imported classifier: a network in a file, and what the file does not say. The `network` of
/// model.json.
public struct NetworkConfiguration: Sendable, Codable, Equatable {
  /// What a network takes.
  public enum Input: String, Sendable, Codable, CaseIterable {
    /// Samples.
    case waveform
    /// log1p of the magnitudes of the model's STFT.
    case logPower = "log-power"
    /// A spectrogram in mel bands.
    case mel
    /// Its logarithm.
    case logMel = "log-mel"
  }

  /// What a window is divided by before it goes in.
  public enum Gain: String, Sendable, Codable, CaseIterable {
    /// 1.
    case none
    /// Its largest absolute sample.
    case peak
    /// Its standard deviation, after its mean is taken away (`do_normalize` of Hugging Face).
    case standardize
  }

  /// How the scores of windows become those of a clip.
  public enum Aggregate: String, Sendable, Codable, CaseIterable {
    case mean, max
  }

  /// How a network with 8-bit weights is computed; others are computed in single precision.
  public enum Execution: String, Sendable, Codable, CaseIterable {
    /// As OpenVINO does unless told otherwise: what the weights are multiplied by is rounded to 8 bits
    /// where the CPU has instructions for it. Scores depend on the CPU.
    case performance
    /// In single precision.
    case accuracy
  }

  /// The order of the axes of a spectrogram.
  public enum Layout: String, Sendable, Codable, CaseIterable {
    case timeFrequency = "time-frequency"
    case frequencyTime = "frequency-time"
  }

  /// The file's name in the model's folder.
  public var file: String
  /// Its SHA-256, in hexadecimal.
  public var sha256: String
  public var input: Input
  /// The bands of `mel` and `log-mel`.
  public var mel: MelConfiguration?
  public var layout: Layout
  /// Whether frames behind the end of a sound are 0 before they are normalised, as in transformers'
  /// `ASTFeatureExtractor`, rather than those of silence.
  public var padsFrames: Bool?
  /// The length of a window, in seconds.
  public var window: Double
  /// The distance between windows, in seconds.
  public var hop: Double
  public var gain: Gain
  /// How the network's scores become probabilities.
  public var activation: OutputActivation
  /// How those of windows are combined.
  public var aggregate: Aggregate
  /// How products with 8-bit weights are computed.
  public var execution: Execution
  /// The tensor with the scores.
  public var scores: String
  /// The tensor that heads are trained on; nil if none is known.
  public var embedding: String?
  /// The tensor that interpreters decode; nil if none is known.
  public var representation: String?

  enum CodingKeys: String, CodingKey {
    case file, sha256, input, mel, layout, window, hop, gain, activation, aggregate, scores
    case execution, embedding, representation
    case padsFrames = "pad_frames"
  }

  /// A network that takes samples.
  public init(
    file: String, sha256: String = "", input: Input = .waveform, mel: MelConfiguration? = nil,
    layout: Layout = .timeFrequency, window: Double, hop: Double, gain: Gain = .none,
    activation: OutputActivation = .none, aggregate: Aggregate = .mean,
    execution: Execution = .performance, scores: String,
    embedding: String? = nil, representation: String? = nil
  ) {
    self.file = file
    self.sha256 = sha256
    self.input = input
    self.mel = mel
    self.layout = layout
    self.window = window
    self.hop = hop
    self.gain = gain
    self.activation = activation
    self.aggregate = aggregate
    self.execution = execution
    self.scores = scores
    self.embedding = embedding
    self.representation = representation
  }

  /// Checks the settings for sound of `sampleRate` hertz.
  ///
  /// - Throws: `PIQError.configuration`.
  public func validate(sampleRate: Int) throws(PIQError) {
    let others = [".", "..", "model.json", "model.safetensors"]
    guard !file.isEmpty, !file.contains("/"), !others.contains(file) else {
      throw .configuration("network file is \(file.debugDescription), which is no name of a file")
    }
    let least = 1 / Double(sampleRate)
    guard window.isFinite, window >= least, window <= 3600 else {
      throw .configuration("network window is \(window); it must be at most an hour, in seconds")
    }
    guard hop.isFinite, hop >= least, hop <= window else {
      throw .configuration("network hop is \(hop); it must be above 0 and at most the window")
    }
    if input == .mel || input == .logMel {
      guard let mel else { throw .configuration("network mel is missing") }
      do { try mel.validate(sampleRate: sampleRate) } catch {
        throw .configuration("network mel: \(error)")
      }
    }
  }

  /// The length of a window, in samples.
  package func windowLength(at sampleRate: Int) -> Int {
    Swift.max(1, Int((window * Double(sampleRate)).rounded()))
  }

  /// The distance between windows, in samples.
  func hopLength(at sampleRate: Int) -> Int {
    Swift.max(1, Int((hop * Double(sampleRate)).rounded()))
  }
}
