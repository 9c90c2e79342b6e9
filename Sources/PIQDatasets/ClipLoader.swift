import PIQAudioIO
import PIQPlatform

/// Reads clips at one sample rate.
public final class ClipLoader {
  private let rate: Int
  private var resamplers: [Int: Resampler] = [:]
  private static let resamplersKept = 16

  /// - Parameter rate: what clips are resampled to, in hertz.
  public init(rate: Int) { self.rate = rate }

  /// The samples of a clip: the mean of its channels.
  ///
  /// - Parameter check: called with the number of samples before they are resampled.
  /// - Throws: `SoundFileError`; `Failure` when it is too loud to compute with; what `check`
  ///   throws.
  public func load(_ path: String, check: (Int) throws -> Void) throws -> [Float] {
    let recording = try Recording.read(path: path)
    // Squares of larger ones overflow.
    if recording.samples.contains(where: { $0.magnitude > 1e15 }) {
      throw Failure(
        .clipTooLoud, path: path, problem: "is too loud to compute with",
        remedy: "scale it to full scale, ±1")
    }
    guard recording.sampleRate != rate else {
      try check(recording.samples.count)
      return recording.samples
    }
    let resampler = resampler(from: recording.sampleRate)
    try check(resampler.outputCount(for: recording.samples.count))
    return resampler.resample(recording.samples)
  }

  /// A resampler, made once for each rate that comes up again.
  private func resampler(from other: Int) -> Resampler {
    if let known = resamplers[other] { return known }
    let resampler = Resampler(from: other, to: rate)
    if resamplers.count == Self.resamplersKept { resamplers.removeAll() }
    resamplers[other] = resampler
    return resampler
  }
}
