import PIQAudioIO
import PIQPlatform

/// Reads clips at one sample rate.
public struct ClipLoader: Sendable {
  private let rate: Int

  /// - Parameter rate: the rate to resample clips to, in hertz.
  public init(rate: Int) { self.rate = rate }

  /// The samples of a clip: the mean of its channels.
  ///
  /// - Parameter check: called with the number of samples before they are resampled.
  /// - Throws: `SoundFileError`; `Failure` when it is too loud to compute with; what `check`
  ///   throws.
  public func load(_ path: String, check: (Int) throws -> Void) throws -> [Float] {
    let recording = try Recording.read(path: path)
    try checkLevel(of: recording.samples, path: path)
    try check(recording.sampleCount(at: rate))
    return recording.resampled(to: rate).samples
  }
}
