/// The parameters of a short-time Fourier transform, in samples.
///
/// In JSON an object of `sample_rate`, `n_fft`, `hop_length` and `win_length`.
public struct STFTConfiguration: Sendable, Hashable {
  /// Samples a second.
  public let sampleRate: Int
  /// The length of a Fourier transform; even.
  public let nFFT: Int
  /// The distance between the centres of successive frames.
  public let hopLength: Int
  /// The length of the window, which lies in the middle of a frame of `nFFT` samples.
  public let windowLength: Int

  /// The front end of SpeechBrain's PIQ recipe: 16 kHz, n_fft 1024, a hop of 11.6099 ms and a
  /// window of 23.2199 ms.
  public static let speechBrainPIQ = STFTConfiguration(
    unchecked: 16_000, nFFT: 1024, hopLength: 186, windowLength: 372)

  /// The longest Fourier transform, and the highest sample rate accepted.
  private static let (largestNFFT, highestRate) = (1 << 20, 100_000_000)

  /// Parameters in samples.
  ///
  /// - Throws: `STFTConfigurationError` unless the rate is positive, `nFFT` even and at most 2^20,
  ///   and 1 ≤ `hopLength` ≤ `windowLength` ≤ `nFFT`.
  public init(
    sampleRate: Int, nFFT: Int, hopLength: Int, windowLength: Int
  ) throws(STFTConfigurationError) {
    func require(
      _ condition: Bool, _ name: String, _ value: Int, _ requirement: String
    ) throws(STFTConfigurationError) {
      if !condition {
        throw STFTConfigurationError(name: name, value: "\(value)", requirement: requirement)
      }
    }
    try require(
      (1...Self.highestRate).contains(sampleRate), "sample_rate", sampleRate,
      "between 1 and \(Self.highestRate)")
    try require(
      (2...Self.largestNFFT).contains(nFFT) && nFFT.isMultiple(of: 2), "n_fft", nFFT,
      "even and between 2 and \(Self.largestNFFT)")
    try require(
      (1...nFFT).contains(windowLength), "win_length", windowLength, "between 1 and n_fft (\(nFFT))"
    )
    try require(
      (1...windowLength).contains(hopLength), "hop_length", hopLength,
      "between 1 and win_length (\(windowLength))")
    self.init(unchecked: sampleRate, nFFT: nFFT, hopLength: hopLength, windowLength: windowLength)
  }

  /// Parameters in milliseconds, as in SpeechBrain's YAML: rounded to samples, ties to even.
  ///
  /// - Throws: `STFTConfigurationError`, as the other initialiser does.
  public init(
    sampleRate: Int, nFFT: Int, hopMilliseconds: Double, windowMilliseconds: Double
  ) throws(STFTConfigurationError) {
    func samples(_ name: String, _ milliseconds: Double) throws(STFTConfigurationError) -> Int {
      let samples = (Double(sampleRate) / 1000 * milliseconds).rounded(.toNearestOrEven)
      guard let count = Int(exactly: samples) else {
        throw STFTConfigurationError(
          name: name, value: "\(milliseconds) ms", requirement: "a time of at most one frame")
      }
      return count
    }
    try self.init(
      sampleRate: sampleRate, nFFT: nFFT, hopLength: samples("hop_length", hopMilliseconds),
      windowLength: samples("win_length", windowMilliseconds))
  }

  private init(unchecked sampleRate: Int, nFFT: Int, hopLength: Int, windowLength: Int) {
    self.sampleRate = sampleRate
    self.nFFT = nFFT
    self.hopLength = hopLength
    self.windowLength = windowLength
  }

  /// Frequency bins from 0 to half the sample rate, both included.
  public var bins: Int { nFFT / 2 + 1 }

  /// How many frames the spectrogram of `samples` samples has.
  public func frames(for samples: Int) -> Int { samples / hopLength + 1 }

  /// How many samples the inverse of `frames` frames has unless told otherwise.
  public func samples(for frames: Int) -> Int { max(0, frames - 1) * hopLength }
}

extension STFTConfiguration: Codable {
  private enum CodingKeys: String, CodingKey {
    case sampleRate = "sample_rate"
    case nFFT = "n_fft"
    case hopLength = "hop_length"
    case windowLength = "win_length"
  }

  /// - Throws: `DecodingError`, whose description for invalid parameters is that of the
  ///   `STFTConfigurationError`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let sampleRate = try container.decode(Int.self, forKey: .sampleRate)
    let nFFT = try container.decode(Int.self, forKey: .nFFT)
    let hopLength = try container.decode(Int.self, forKey: .hopLength)
    let windowLength = try container.decode(Int.self, forKey: .windowLength)
    do {
      try self.init(
        sampleRate: sampleRate, nFFT: nFFT, hopLength: hopLength, windowLength: windowLength)
    } catch {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(
          codingPath: container.codingPath, debugDescription: error.description,
          underlyingError: error))
    }
  }
}

/// An invalid parameter of a short-time Fourier transform.
public struct STFTConfigurationError: Error, CustomStringConvertible, Equatable {
  /// The parameter's name in JSON.
  public let name: String
  /// The given value.
  public let value: String
  /// The condition that it fails.
  public let requirement: String

  public var description: String { "\(name): is \(value); it must be \(requirement)" }
}
