import PIQKernels
public import PIQSpectral
public import PIQTensor

/// A clip as the front end of a model gives it to a classifier, whole or masked.
public struct Clip: Sendable {
  /// The samples were divided by this level before the STFT.
  public let level: Float
  private let sound: @Sendable () -> [Float]
  private let transformed: @Sendable () -> Spectrogram
  private let magnitudes: @Sendable () -> Tensor

  /// The complex spectrogram of the whole clip, whose phases a masked one keeps [T', F, 2], T' >= T.
  public var spectrogram: Spectrogram { transformed() }

  /// log1p of the magnitudes of the normalised clip [T, F]: T frames, F bins.
  public var logPower: Tensor { magnitudes() }

  /// The samples, mono, at the model's rate and the clip's own level. Those of a masked clip are
  /// computed by each call.
  public var samples: [Float] { sound() }

  /// A whole clip, whose spectrogram is computed when it is first needed: a network that hears samples
  /// needs none.
  init(_ samples: [Float], level: Float, transform: @escaping @Sendable () -> Spectrogram) {
    let (spectrogram, logPower) = (Lazy<Spectrogram>(), Lazy<Tensor>())
    let transformed: @Sendable () -> Spectrogram = { spectrogram(make: transform) }
    self.transformed = transformed
    self.level = level
    magnitudes = { logPower { transformed().logPower() } }
    sound = { samples }
  }

  /// A clip of which the log-power [T, F] alone is known, without phases and samples.
  package init(logPower: Tensor) {
    let shape = logPower.shape
    transformed = { Spectrogram(values: Tensor(shape: shape + [2])) }
    level = 1
    magnitudes = { logPower }
    sound = { [] }
  }

  /// A clip with another log-power [T, F], and its samples.
  init(_ clip: Clip, logPower: Tensor, samples: @escaping @Sendable () -> [Float]) {
    transformed = clip.transformed
    level = clip.level
    magnitudes = { logPower }
    sound = samples
  }
}
