package import PIQPlatform

/// A recording as one channel of samples.
public struct Recording: Sendable, Equatable {
  /// The mean of the file's channels, or one of them; full scale is ±1.
  public var samples: [Float]
  /// Samples a second.
  public var sampleRate: Int
  /// How many channels the file has.
  public var channels: Int
  /// What is missing from the file, or is doubtful; nil if nothing is known to be.
  public var warning: String?
  /// False for a file that can mark its end and does not, although nothing is known to be missing.
  public var hasEndFlag = true
  /// Whether nothing was recorded: the samples are equal, to within a step of 24 bits each way.
  public var isSilent = false

  /// The warning, and whether it is silent, in one line; nil if there is nothing to say.
  public var remark: String? { Self.remark(warning, isSilent: isSilent) }

  /// The remark on a recording with this warning.
  package static func remark(_ warning: String?, isSilent: Bool) -> String? {
    guard isSilent else { return warning }
    return warning.map { "\($0); is silent" } ?? "is silent"
  }

  /// The length in seconds.
  public var duration: Double { Double(samples.count) / Double(sampleRate) }

  /// A recording of `samples`, mono, at `sampleRate` hertz, read from `channels` channels.
  public init(samples: [Float], sampleRate: Int, channels: Int = 1, warning: String? = nil) {
    self.samples = samples
    self.sampleRate = sampleRate
    self.channels = channels
    self.warning = warning
  }

  /// The most that `read` holds in memory, in samples.
  public static let mostSamples = 1 << 30
  /// The longest recording that `read` takes, in seconds: half a day. Bounds the size after
  /// resampling from an absurdly low rate.
  public static let longestDuration = 43_200.0

  /// Reads the sound file at `path` whole; "-" is standard input.
  ///
  /// - Parameter channel: the channel to read, from 1; the mean of all if nil.
  /// - Throws: `SoundFileError`, also when the recording is longer than `longestDuration` or has
  ///   more than `mostSamples` samples: `SoundFileReader` reads such a file in blocks.
  public static func read(path: String, channel: Int? = nil) throws(SoundFileError) -> Recording {
    try read(SoundFileReader(path: path, channel: channel)) { _ in true }
  }

  /// Reads what `reader` has, from its beginning, for as long as `isWanted` holds of the number of
  /// samples that there are so far.
  ///
  /// - Throws: as `read(path:)`.
  public static func read(
    _ reader: SoundFileReader, while isWanted: (Int) -> Bool
  ) throws(SoundFileError) -> Recording {
    let limit = min(Double(mostSamples), longestDuration * Double(reader.sampleRate))
    var samples: [Float] = []
    while !reader.isAtEnd, isWanted(samples.count) {
      samples += try reader.read(upTo: 1 << 18)
      guard Double(samples.count) <= limit else {
        let rate = Double(reader.sampleRate)
        throw SoundFileError(
          path: reader.path,
          problem: .tooLong(seconds: Double(samples.count) / rate, limit: limit / rate))
      }
    }
    var recording = Recording(
      samples: samples, sampleRate: reader.sampleRate, channels: reader.channels,
      warning: reader.warning)
    recording.hasEndFlag = reader.hasEndFlag
    recording.isSilent = reader.isSilent
    return recording
  }

  /// Writes the samples to a sound file that appears at `path` whole or not at all.
  ///
  /// - Returns: the number of samples clipped to ±1, which only integer encodings do.
  /// - Throws: `SoundFileError` or `Failure`, naming `path`.
  @discardableResult
  public func write(to path: String, as format: SoundFileFormat = .standard) throws -> Int {
    try SoundFileWriter.write(to: path, sampleRate: sampleRate, as: format) { writer in
      try writer.write(samples)
    }
  }

  /// The bytes of a sound file of the samples, as `write` writes them.
  ///
  /// - Parameter name: its name in errors.
  /// - Throws: `SoundFileError`.
  public func bytes(as format: SoundFileFormat, name: String) throws(SoundFileError) -> [UInt8] {
    try SoundFileWriter.bytes(of: samples, sampleRate: sampleRate, as: format, name: name)
  }
}

/// Checks that samples are within the range for computation.
///
/// - Throws: `Failure` when one is too loud.
package func checkLevel(of samples: [Float], path: String) throws(Failure) {
  // Squares of larger ones overflow, and the network would get a wrong clip.
  if samples.contains(where: { $0.magnitude > 1e15 }) {
    throw Failure(
      .clipTooLoud, path: path, problem: "is too loud to compute with",
      remedy: "scale it to full scale, ±1")
  }
}
