import Glibc
import PIQKernels
import PIQPlatform
public import PIQSpectral
public import PIQTensor

/// The divisor of a clip before its STFT.
public enum Normalization: String, Sendable, Codable, CaseIterable {
  /// 1: no normalisation, as in SpeechBrain's inference.
  case none
  /// The largest absolute sample.
  case peak
  /// The largest sample, as in SpeechBrain's training.
  case max
  /// The root mean square of the samples: sounds of one loudness, whatever their loudest moment.
  case rms

  /// The divisor of `samples`; 1 for silence, which stays silent: divided by almost nothing, it would
  /// be as loud as a clip.
  package func level(of samples: [Float]) -> Float {
    let level: Float =
      switch self {
      case .none: 1
      case .peak: samples.reduce(0) { Swift.max($0, abs($1)) }
      case .max: samples.max() ?? 0
      case .rms: Self.rootMeanSquare(samples)
      }
    return abs(level) < Silence.level ? 1 : level
  }

  private static func rootMeanSquare(_ samples: [Float]) -> Float {
    let energy = samples.reduce(0) { $0 + Double($1) * Double($1) }
    return samples.isEmpty ? 0 : Float((energy / Double(samples.count)).squareRoot())
  }
}

/// Turns sound into the spectrograms that classifiers take, and masked spectrograms into sound.
///
///     let clip = frontEnd.clip(samples)  // mono, at the model's rate
///     let masked = frontEnd.masked(clip, by: mask).samples
public struct FrontEnd: Sendable {
  /// The short-time Fourier transform.
  public let stft: STFT
  /// The normalisation before it.
  public let normalize: Normalization

  /// A front end with this configuration.
  public init(_ configuration: STFTConfiguration, normalize: Normalization) {
    stft = STFT(configuration)
    self.normalize = normalize
  }

  /// The clip of `samples`: mono, at the model's rate, at least one.
  public func clip(_ samples: [Float]) -> Clip {
    let level = normalize.level(of: samples)
    return Clip(samples, level: level) { [stft] in
      LayerClock.step("spectrogram") {
        stft.forward(level == 1 ? samples : samples.map { $0 / level })
      }
    }
  }

  /// A clip with its log-power times `mask`.
  ///
  /// - Parameters:
  ///   - mask: [T', F], for the first T' frames, which the result has.
  ///   - filling: the log-power [F] that takes the place of what the mask takes away; silence if nil.
  /// - Precondition: T' is not above the clip's T, and F is the clip's.
  public func masked(_ clip: Clip, by mask: Tensor, filling: Tensor? = nil) -> Clip {
    var logPower = clip.logPower.withUnsafeBuffer { logPower in
      mask.withUnsafeBuffer { mask in
        Tensor(shape: [mask.count]) { for i in $0.indices { $0[i] = mask[i] * logPower[i] } }
      }
    }.reshaped(mask.shape)
    if let filling {
      let filling = filling.elements
      mask.withUnsafeBuffer { mask in
        logPower.withUnsafeMutableBuffer { values in
          for i in values.indices { values[i] += (1 - mask[i]) * filling[i % filling.count] }
        }
      }
    }
    // A mask of all frames leaves the clip its length.
    let isWhole = mask.shape[0] == clip.logPower.shape[0]
    return Clip(clip, logPower: logPower) { [logPower] in
      sound(
        of: magnitude(of: logPower), like: clip, length: isWhole ? clip.samples.count : nil)
    }
  }

  /// The sound of a clip without a part of its spectrogram, the same as that of a mask with zeros there.
  ///
  /// - Parameters:
  ///   - frames: of the part.
  ///   - bins: of the part.
  ///   - filling: as for `masked`.
  ///   - whole: the sound of a mask of ones.
  /// - Returns: the samples, and the places where they may differ from `whole`.
  package func sound(
    of clip: Clip, without frames: Range<Int>, _ bins: Range<Int>, filling: Tensor?, whole: [Float]
  ) -> (samples: [Float], changed: Range<Int>) {
    let logPower = clip.logPower
    let changed = stft.places(of: frames).clamped(to: whole.indices)
    let needed = stft.frames(of: changed, among: logPower.shape[0])
    var part = logPower.rows(needed)
    let columns = logPower.shape[1]
    part.withUnsafeMutableBuffer { values in
      for frame in frames.clamped(to: needed) {
        let row = (frame - needed.lowerBound) * columns
        for bin in bins {
          // As `masked` has it.
          values[row + bin] = 0 * values[row + bin] + (filling.map { $0[flat: bin] } ?? 0)
        }
      }
    }
    let heard = stft.inverse(
      magnitude: magnitude(of: part), phaseOf: clip.spectrogram, frames: needed, places: changed)
    var samples = whole
    for (place, sample) in zip(changed, heard) {
      samples[place] = clip.level == 1 ? sample : sample * clip.level
    }
    return (samples, changed)
  }

  /// The linear magnitudes of the normalised clip behind `logPower` [T, F]: expm1 of each value.
  package func magnitude(of logPower: Tensor) -> Tensor {
    logPower.withUnsafeBuffer { values in
      Tensor(shape: [values.count]) { for i in $0.indices { $0[i] = expm1f(values[i]) } }
    }.reshaped(logPower.shape)
  }

  /// The sound of magnitudes [T', F] with the phases and the level of `clip`.
  ///
  /// - Parameter length: the number of samples; (T' - 1) times the hop length unless given.
  package func sound(of magnitude: Tensor, like clip: Clip, length: Int? = nil) -> [Float] {
    let sound = stft.inverse(magnitude: magnitude, phaseOf: clip.spectrogram, length: length)
    return clip.level == 1 ? sound : sound.map { $0 * clip.level }
  }
}
