public import PIQSpectral
public import PIQTensor

/// A clip as the front end of a model gives it to a classifier, whole or masked.
public struct Clip: Sendable {
  /// log1p of the magnitudes of the normalised clip [T, F]: T frames, F bins.
  public let logPower: Tensor
  /// The complex spectrogram of the whole clip, whose phases a masked one keeps [T', F, 2], T' >= T.
  public let spectrogram: Spectrogram
  /// The samples were divided by this level before the STFT.
  public let level: Float
  let sound: @Sendable () -> [Float]

  /// The samples, mono, at the model's rate and the clip's own level. Those of a masked clip are
  /// computed by each call.
  public var samples: [Float] { sound() }
}
