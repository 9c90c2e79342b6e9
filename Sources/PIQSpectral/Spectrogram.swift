import Glibc
public import PIQTensor

/// A complex spectrogram of T frames and F frequency bins.
public struct Spectrogram: Sendable, Equatable {
  /// [T, F, 2]: real and imaginary parts.
  public let values: Tensor

  /// T.
  public var frames: Int { values.shape[0] }
  /// F.
  public var bins: Int { values.shape[1] }

  /// - Precondition: `values` has the shape [T, F, 2].
  public init(values: Tensor) {
    precondition(
      values.shape.count == 3 && values.shape[2] == 2, "\(values.shape) is not [T, F, 2]")
    self.values = values
  }

  /// [T, F]: log(1 + sqrt(re² + im² + 1e-14)).
  ///
  /// Origin: the PIQ recipe's `preprocess`, where `spec_mag_power` is 0.5: a magnitude, although
  /// its name there is log-power.
  public func logPower() -> Tensor {
    mapped { real, imaginary in log1pf((real * real + imaginary * imaginary + 1e-14).squareRoot()) }
  }

  /// [T, F]: the angle of each value in radians, within ±π. Origin: SpeechBrain's `spectral_phase`.
  public func phase() -> Tensor { mapped { atan2f($1, $0) } }

  /// [T, F]: the absolute value of each value.
  public func magnitude() -> Tensor { mapped { hypotf($0, $1) } }

  private func mapped(_ transform: (Float, Float) -> Float) -> Tensor {
    values.withUnsafeBuffer { values in
      Tensor(shape: [frames, bins]) { result in
        for i in result.indices { result[i] = transform(values[2 * i], values[2 * i + 1]) }
      }
    }
  }
}
