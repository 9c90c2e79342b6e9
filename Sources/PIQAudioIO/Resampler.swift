import Foundation

/// Changes the sample rate as torchaudio's `Resample` does with its default arguments: a sinc
/// interpolation of 6 zero crossings under a squared cosine, with a roll-off of 0.99.
///
/// After both rates are divided by their greatest common divisor, the output's phases repeat every
/// `to` samples: each phase is one short filter, and all of them are computed once. Where there
/// would be too many, they are computed on the fly. `ResamplerStream` works block by block.
///
/// Origin: `torchaudio.functional.resample` (`sinc_interp_hann`), after J. O. Smith, "Digital Audio
/// Resampling". Filters equal torchaudio's to the last bits, its rounding of phases to single
/// precision included; the output's length is exact where torchaudio rounds it to single precision.
public struct Resampler: Sendable {
  /// Both rates divided by their greatest common divisor.
  let from: Int
  let to: Int
  /// The lower rate times the roll-off.
  let cutoff: Double
  /// Half of a filter's length, in input samples.
  let width: Int
  /// A filter's length in `kernel`, in vectors.
  let stride: Int
  /// The filter of each phase, padded with zeros; empty where there would be too many.
  let kernel: [Vector]

  typealias Vector = SIMD8<Float>

  private static let zeroCrossings = 6.0
  private static let rollOff = 0.99
  /// The most elements that `kernel` may have: 16 MiB.
  private static let mostWeights = 4 << 20

  /// A resampler between two rates in hertz (or in any other unit: only their ratio matters).
  ///
  /// - Precondition: both rates are positive.
  public init(from: Int, to: Int) {
    precondition(from > 0 && to > 0, "sample rates are positive")
    let divisor = greatestCommonDivisor(from, to)
    self.from = from / divisor
    self.to = to / divisor
    cutoff = Double(min(self.from, self.to)) * Self.rollOff
    // No file is anywhere near as long as the bound, which keeps the sums below from overflowing.
    width = Int(min((Self.zeroCrossings * Double(self.from) / cutoff).rounded(.up), 1e15))
    stride = (2 * width + Vector.scalarCount - 1) / Vector.scalarCount
    let weights = (stride * Vector.scalarCount).multipliedReportingOverflow(by: self.to)
    guard self.from != self.to, !weights.overflow, weights.partialValue <= Self.mostWeights else {
      kernel = []
      return
    }
    var kernel = [Vector](repeating: .zero, count: stride * self.to)
    for phase in 0..<self.to {
      let first = Self.quotient(phase, self.from, self.to).floor - width + 1
      for tap in 0..<2 * width {
        kernel[phase * stride + tap / Vector.scalarCount][tap % Vector.scalarCount] = Self.weight(
          ofInput: first + tap, phase: phase, from: self.from, to: self.to, cutoff: cutoff)
      }
    }
    self.kernel = kernel
  }

  /// The number of output samples for `count` samples: `count * to / from`, rounded up.
  public func outputCount(for count: Int) -> Int {
    let quotient = Self.quotient(count, to, from)
    return quotient.isExact ? quotient.floor : quotient.floor + 1
  }

  /// `samples` at the other rate. The signal is zero-padded at both ends.
  public func resample(_ samples: [Float]) -> [Float] {
    var stream = ResamplerStream(self)
    return stream.resample(samples) + stream.finish()
  }

  /// The weight of input sample `index`, counted from the input sample at phase 0, for output
  /// sample `phase`.
  static func weight(ofInput index: Int, phase: Int, from: Int, to: Int, cutoff: Double) -> Float {
    // In torchaudio this quotient of integers is in single precision.
    let phaseTime = Double(-Float(phase) / Float(to))
    let time = (phaseTime + Double(index) / Double(from)) * cutoff
    guard time.magnitude < zeroCrossings else { return 0 }
    let cosine = cos(time * .pi / zeroCrossings / 2)
    let angle = time * .pi
    let sinc = angle == 0 ? 1 : sin(angle) / angle
    return Float(sinc * (cosine * cosine * (cutoff / Double(from))))
  }

  /// The position of an output sample: the input sample at or before it, and its phase.
  struct Place {
    var input = 0
    var phase = 0
    /// The distance from `input`, in units of 1/`to` input samples.
    private var remainder = 0

    mutating func advance(from: Int, to: Int) {
      phase = phase + 1 == to ? 0 : phase + 1
      input += from / to
      if remainder >= to - from % to {
        remainder -= to - from % to
        input += 1
      } else {
        remainder += from % to
      }
    }
  }

  /// `a * b / c` without intermediate overflow, for a result that fits.
  static func quotient(_ a: Int, _ b: Int, _ c: Int) -> (floor: Int, isExact: Bool) {
    let (quotient, remainder) = c.dividingFullWidth(a.multipliedFullWidth(by: b))
    return (quotient, remainder == 0)
  }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
  b == 0 ? a : greatestCommonDivisor(b, a % b)
}
