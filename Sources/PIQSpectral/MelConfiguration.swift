import Foundation

/// The parameters of a spectrogram in mel bands: those of librosa's and torchaudio's
/// `MelSpectrogram`, and of Kaldi's filter banks.
///
/// In JSON an object with the names below in snake case; what is missing has its default.
public struct MelConfiguration: Sendable, Codable, Equatable {
  /// The weighting of a frame's samples.
  public enum Window: String, Sendable, Codable, CaseIterable {
    /// Hann's window, periodic.
    case hann
    /// Hann's window with equal ends, as Kaldi has it.
    case symmetricHann = "symmetric-hann"
    /// Hamming's window, periodic.
    case hamming
  }

  /// From hertz to mel, and the shape of a band.
  public enum Scale: String, Sendable, Codable, CaseIterable {
    /// 2595 log10(1 + f / 700), triangles in hertz.
    case htk
    /// Linear to 1 kHz, logarithmic above (Slaney's Auditory Toolbox), triangles in hertz.
    case slaney
    /// 1127 ln(1 + f / 700), triangles in mel: Kaldi's and TensorFlow's.
    case kaldi
  }

  /// What samples before the beginning and behind the end are.
  public enum Padding: String, Sendable, Codable, CaseIterable {
    /// Frames have the length of the window; the first begins with the first sample (Kaldi, TensorFlow).
    case none
    /// The same with frames of n_fft samples and the window in their middle (`center=False` of torch and
    /// librosa).
    case uncentered
    /// Frames are centred, and the sound is mirrored at its ends.
    case reflect
    /// Frames are centred, and there are zeros around.
    case constant
  }

  /// From magnitudes to what a network takes.
  public enum Logarithm: String, Sendable, Codable, CaseIterable {
    case none, ln, log10
    /// 10 log10.
    case decibel = "db"
  }

  /// The length of a Fourier transform.
  public var nFFT = 1024
  /// The distance between frames, in samples.
  public var hopLength = 160
  /// The length of the window, in samples.
  public var windowLength = 400
  public var window = Window.hann
  public var padding = Padding.reflect
  /// M, the number of bands.
  public var melCount = 64
  /// The lowest frequency, in hertz.
  public var lowest = 0.0
  /// The highest frequency, in hertz; half the sample rate if nil.
  public var highest: Double?
  public var scale = Scale.htk
  /// Whether each band is divided by its width, as Slaney does.
  public var normalizesArea = false
  /// The exponent of the magnitudes: 1 or 2.
  public var power = 2.0
  /// Kaldi's: the share of each sample that is taken from the next one in a frame, after its mean.
  public var preemphasis = 0.0
  /// Whether each frame loses its mean first.
  public var removesMean = false
  public var logarithm = Logarithm.ln
  /// Added before the logarithm.
  public var logOffset = 0.0
  /// The least value before the logarithm.
  public var logFloor = 1e-10
  /// Subtracted from all values.
  public var mean = 0.0
  /// All values are divided by it.
  public var deviation = 1.0

  /// The defaults.
  public init() {}

  /// The names of all parameters in JSON.
  package static var names: Set<String> { Set(CodingKeys.allCases.map(\.stringValue)) }

  enum CodingKeys: String, CodingKey, CaseIterable {
    case window, padding, scale, power, preemphasis, logarithm, mean, deviation
    case nFFT = "n_fft"
    case hopLength = "hop_length"
    case windowLength = "win_length"
    case melCount = "n_mels"
    case lowest = "f_min"
    case highest = "f_max"
    case normalizesArea = "normalize_area"
    case removesMean = "remove_mean"
    case logOffset = "log_offset"
    case logFloor = "log_floor"
  }

  /// - Throws: `DecodingError`.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    func read<Value: Decodable>(_ key: CodingKeys, into value: inout Value) throws {
      value = try values.decodeIfPresent(Value.self, forKey: key) ?? value
    }
    try read(.nFFT, into: &nFFT)
    try read(.hopLength, into: &hopLength)
    try read(.windowLength, into: &windowLength)
    try read(.window, into: &window)
    try read(.padding, into: &padding)
    try read(.melCount, into: &melCount)
    try read(.lowest, into: &lowest)
    highest = try values.decodeIfPresent(Double.self, forKey: .highest)
    try read(.scale, into: &scale)
    try read(.normalizesArea, into: &normalizesArea)
    try read(.power, into: &power)
    try read(.preemphasis, into: &preemphasis)
    try read(.removesMean, into: &removesMean)
    try read(.logarithm, into: &logarithm)
    try read(.logOffset, into: &logOffset)
    try read(.logFloor, into: &logFloor)
    try read(.mean, into: &mean)
    try read(.deviation, into: &deviation)
  }

  /// Checks the parameters for sound of `sampleRate` hertz.
  ///
  /// - Throws: `STFTConfigurationError` naming the first that cannot be.
  public func validate(sampleRate: Int) throws(STFTConfigurationError) {
    func require(
      _ condition: Bool, _ name: CodingKeys, _ value: Any, _ requirement: String
    ) throws(STFTConfigurationError) {
      if !condition {
        throw STFTConfigurationError(
          name: name.stringValue, value: "\(value)", requirement: requirement)
      }
    }
    let half = Double(sampleRate) / 2
    try require(
      (2...1 << 20).contains(nFFT) && nFFT.isMultiple(of: 2), .nFFT, nFFT,
      "even and between 2 and \(1 << 20)")
    try require(
      (1...nFFT).contains(windowLength), .windowLength, windowLength,
      "between 1 and n_fft (\(nFFT))"
    )
    try require(
      (1...1 << 20).contains(hopLength), .hopLength, hopLength, "between 1 and \(1 << 20)")
    try require((1...4096).contains(melCount), .melCount, melCount, "between 1 and 4096")
    try require((0..<half).contains(lowest), .lowest, lowest, "at least 0 and below \(half)")
    if let highest {
      try require(
        highest > lowest && highest <= half, .highest, highest, "between f_min and \(half)")
    }
    try require(power == 1 || power == 2, .power, power, "1 or 2")
    try require((0..<1).contains(preemphasis), .preemphasis, preemphasis, "at least 0 and below 1")
    try require((0...1).contains(logOffset), .logOffset, logOffset, "between 0 and 1")
    try require(
      (0...1).contains(logFloor) && (logarithm == .none || logFloor + logOffset > 0), .logFloor,
      logFloor, "between 0 and 1, and above 0 without log_offset")
    try require(mean.isFinite, .mean, mean, "a number")
    try require(deviation.isFinite && deviation > 0, .deviation, deviation, "above 0")
  }

  /// T, the frames of `count` samples.
  public func frames(for count: Int) -> Int {
    guard let length = frameLength else { return count / hopLength + 1 }
    return count < length ? 0 : (count - length) / hopLength + 1
  }

  /// The fewest samples that have `frames` frames.
  public func samples(for frames: Int) -> Int {
    max(0, frames - 1) * hopLength + (frameLength ?? 0)
  }

  /// The samples of a frame that lies within the sound; nil where frames are centred.
  private var frameLength: Int? {
    switch padding {
    case .none: windowLength
    case .uncentered: nFFT
    case .reflect, .constant: nil
    }
  }
}
