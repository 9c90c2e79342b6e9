import PIQ
public import PIQClassifiers
import PIQPlatform
import PIQSpectral
public import PIQTensor

extension Interpreter {
  /// Checks that a clip is not too long for this machine's memory, before anything is computed.
  ///
  /// - Parameter sampleCount: its length at the model's rate.
  /// - Throws: `PIQError.tooLong`.
  public func checkLength(_ sampleCount: Int) throws(PIQError) {
    let bytes = memoryNeeded(sampleCount)
    guard bytes <= Self.mostMemory else {
      throw .tooLong(
        frames: frontEnd.stft.configuration.frames(for: sampleCount), bytes: bytes,
        most: Self.mostMemory)
    }
  }

  /// The approximate memory that processing a clip takes, in bytes.
  ///
  /// - Parameter sampleCount: its length at the model's rate.
  public func memoryNeeded(_ sampleCount: Int) -> Double {
    let stft = frontEnd.stft.configuration
    return classifier.memory(frames: stft.frames(for: sampleCount), bins: stft.bins)
  }

  /// The memory for all clips in process at once, in bytes: measured once, with a model loaded and
  /// no clip.
  public static let mostMemory = Memory.forClips

  /// The spectrogram of a clip, before any network.
  ///
  /// - Parameter samples: mono, at the model's rate.
  /// - Returns: log-power [T, F] of the normalised clip: T frames, F bins.
  /// - Throws: `PIQError.tooLong`.
  public func logPower(of samples: [Float]) throws(PIQError) -> Tensor {
    try checkLength(samples.count)
    return frontEnd.clip(samples).logPower
  }
}
