public import PIQAudio

/// The results for a clip: the content of `clip.interpretation.json`.
public struct ClipReport: Sendable, Codable, Equatable {
  /// The path of the sound file as it was given.
  public var input: String
  /// The class that is explained: the likeliest or the requested one.
  public var label: String
  /// Its index.
  public var index: Int
  /// Its probability.
  public var probability: Float
  /// How likely it is that the sound is of any of the model's classes, from 0 to 1; nil where nothing was
  /// calibrated for it.
  public var known: Float?
  /// The likeliest classes, best first.
  public var top: [Candidate]
  /// The model.
  public var model: ModelIdentity
  /// The input's own sample rate in hertz.
  public var sampleRate: Int
  /// The input's own number of channels.
  public var channels: Int
  /// The channel that was taken, from 1; the mean of all if nil.
  public var channel: Int?
  /// The input's length in seconds.
  public var duration: Double
  /// The files that were written, by kind.
  public var outputs: [String: String]
  /// A problem with the input that did not prevent its use.
  public var warning: String?
  /// When the recording began, in ISO 8601, where its recorder says so.
  public var time: String?
  /// False where a file that can mark its end does not, although nothing is known to be missing; nil
  /// otherwise.
  public var endFlag: Bool?
  /// The explanation method; nil in files of versions that had only one.
  public var method: ExplanationMethod?
  /// The copies or steps of the method; nil where it has none.
  public var steps: Int?
  /// The part of the cells that the method leaves out; nil where it has none.
  public var quantile: Double?
  /// The masked copies of the method; nil where it has none.
  public var samples: Int?
  /// The size of what the method takes away; nil where it takes nothing away.
  public var patch: Patch?
  /// What takes its place; nil as `patch`.
  public var baseline: Baseline?
  /// The seed of the method's random numbers; nil where it uses none.
  public var seed: UInt64?
  /// The precision of the decoder's products; nil as `method`.
  public var precision: Precision?
  /// The front end of the model; nil in files of older versions.
  public var stft: STFTConfiguration?
  /// The divisor of clips before the STFT; nil as `stft`.
  public var normalize: Normalization?
  /// What carried the class, of a clip that was explained whole.
  public var region: ExplainedRegion?
  /// Of a recording that was divided into windows: the length of a window in seconds.
  public var window: Double?
  /// How much of it the next window shares, in seconds.
  public var overlap: Double?
  /// The windows. The recording's label and probability are from the average over those that are
  /// not silent.
  public var windows: [Window]?

  /// The probability of each class: the average over the windows that are not silent. Not in files.
  public var probabilities: [Float]?

  /// A window of a recording.
  public struct Window: Sendable, Codable, Equatable {
    /// In seconds.
    public var start: Double
    /// In seconds.
    public var end: Double
    /// When it began, in ISO 8601, where the recorder says when the recording did.
    public var time: String?
    /// The likeliest class; nil for a window that was skipped as silent.
    public var label: String?
    /// Its index; nil in files of older versions, too.
    public var index: Int?
    /// Its probability.
    public var probability: Float?
    /// How likely it is that it is of any of the model's classes; nil where the model does not say.
    public var known: Float?
    /// Whether its interpretation is in the sound.
    public var explained: Bool
    /// What carried the class that was explained; nil where none was.
    public var region: ExplainedRegion?
    /// True where nothing was recorded in it, so that its class says nothing; nil otherwise.
    public var silent: Bool?

    /// A window from `start` to `end` seconds.
    public init(
      start: Double, end: Double, time: String? = nil, label: String?, index: Int?,
      probability: Float?, known: Float? = nil, explained: Bool, isSilent: Bool = false,
      region: ExplainedRegion? = nil
    ) {
      self.known = known
      self.region = region
      silent = isSilent ? true : nil
      self.time = time
      (self.start, self.end, self.label) = (start, end, label)
      (self.index, self.probability, self.explained) = (index, probability, explained)
    }
  }

  /// The input's path and channel, for messages.
  public var title: String { input + ClipInput.text(of: channel) }

  /// Adds to the warning.
  mutating func warn(_ text: String) {
    warning = warning.map { "\($0); \(text)" } ?? text
  }

  /// A class and its probability.
  public struct Candidate: Sendable, Codable, Equatable {
    public var label: String
    public var probability: Float
  }

  /// A model's name and the hash of its weights.
  public struct ModelIdentity: Sendable, Codable, Equatable {
    public var name: String
    public var sha256: String
  }

  enum CodingKeys: String, CodingKey {
    case input, label, index, probability, known, top, model, channel, channels, duration, outputs,
      warning, time
    case stft,
      normalize, method, steps, quantile, samples, patch, baseline, seed, precision
    case window, overlap, windows, region
    case sampleRate = "sample_rate"
    case endFlag = "end_flag"
  }
}
