import Foundation
public import PIQTensor
import Synchronization

/// The short-time Fourier transform and its inverse, with a periodic Hamming window.
///
/// Frames are centred: frame t is around sample t · hop, and the signal is zero-padded at both
/// ends. An object may be shared by threads.
///
///     let stft = STFT(.speechBrainPIQ)
///     let spectrogram = stft.forward(samples)
///     let same = stft.inverse(spectrogram, length: samples.count)
///
/// Origin: `speechbrain.processing.features.STFT` and `ISTFT`, that is `torch.stft` and
/// `torch.istft`.
public final class STFT: Sendable {
  /// The parameters of the transform.
  public let configuration: STFTConfiguration

  /// The window, of `windowLength` samples.
  private let window: [Float]
  /// Made by the first transform.
  private let plans = Mutex<FourierTransform?>(nil)

  /// Where the window's sum is smaller, the signal cannot be recovered. From `torch.istft`.
  private static let leastWindowSum: Float = 1e-11

  /// A transform with these parameters; its plans are made on first use.
  public init(_ configuration: STFTConfiguration) {
    self.configuration = configuration
    let length = configuration.windowLength
    window = (0..<length).map { Float(0.54 - 0.46 * cos(2 * .pi * Double($0) / Double(length))) }
  }

  /// Where the window begins within a frame of n_fft samples.
  private var windowStart: Int { (configuration.nFFT - configuration.windowLength) / 2 }

  private var transform: FourierTransform {
    plans.withLock { plans in
      if let plans { return plans }
      let made = FourierTransform(count: configuration.nFFT)
      plans = made
      return made
    }
  }

  /// The spectrogram of `samples`: [T, F, 2] with T = samples / hop + 1 frames.
  public func forward(_ samples: [Float]) -> Spectrogram {
    let transform = transform
    let frames = configuration.frames(for: samples.count)
    let bins = configuration.bins
    let buffers = FourierBuffers(count: configuration.nFFT)
    let signal = buffers.signal + windowStart
    let values = Tensor(shape: [frames, bins, 2]) { values in
      samples.withUnsafeBufferPointer { samples in
        window.withUnsafeBufferPointer { window in
          for frame in 0..<frames {
            // The sample under the window's first element.
            let start = frame * configuration.hopLength + windowStart - configuration.nFFT / 2
            let inside = Self.overlap(start, window.count, samples.count)
            for i in 0..<inside.lowerBound { signal[i] = 0 }
            for i in inside { signal[i] = samples[start + i] * window[i] }
            for i in inside.upperBound..<window.count { signal[i] = 0 }
            transform.forward(buffers)
            _ = UnsafeMutableBufferPointer(rebasing: values[(frame * bins * 2)...])
              .update(
                fromContentsOf: UnsafeBufferPointer(start: buffers.spectrumValues, count: bins * 2))
          }
        }
      }
    }
    return Spectrogram(values: values)
  }

  /// The signal behind `spectrogram`: overlapping frames are windowed and added, then divided by
  /// the sum of the squared windows.
  ///
  /// - Parameter length: the number of samples to return; (T - 1) · hop unless given. Samples that
  ///   no window reaches are zero.
  /// - Precondition: `spectrogram` has F bins.
  public func inverse(_ spectrogram: Spectrogram, length: Int? = nil) -> [Float] {
    let bins = configuration.bins
    precondition(spectrogram.bins == bins, "\(spectrogram.bins) bins instead of \(bins)")
    return spectrogram.values.withUnsafeBuffer { values in
      overlapAdd(
        frames: 0..<spectrogram.frames, places: 0..<count(length, frames: spectrogram.frames)
      ) { frame, spectrum in
        let row = values[frame * bins * 2..<(frame + 1) * bins * 2]
        _ = spectrum.update(fromContentsOf: row)
      }
    }
  }

  /// The signal whose spectrogram has the magnitudes `magnitude` and the phases of `spectrogram`.
  ///
  /// Where `spectrogram` is zero its phase is zero, as that of `atan2`.
  ///
  /// - Parameters:
  ///   - magnitude: [T', F], linear, with at most as many frames as `spectrogram`.
  ///   - spectrogram: [T, F, 2].
  ///   - length: the number of samples to return; (T' - 1) · hop unless given. Samples that no
  ///     window reaches are zero.
  /// - Precondition: the shapes are as above.
  public func inverse(
    magnitude: Tensor, phaseOf spectrogram: Spectrogram, length: Int? = nil
  ) -> [Float] {
    let bins = configuration.bins
    precondition(
      magnitude.shape.count == 2 && magnitude.shape[1] == bins && spectrogram.bins == bins
        && magnitude.shape[0] <= spectrogram.frames,
      "no phases for \(magnitude.shape) in \(spectrogram.values.shape)")
    let places = 0..<count(length, frames: magnitude.shape[0])
    return inverse(
      magnitude: magnitude, phaseOf: spectrogram, frames: 0..<magnitude.shape[0], places: places)
  }

  /// The frames that samples at `places` of a signal of T frames depend on.
  package func frames(of places: Range<Int>, among count: Int) -> Range<Int> {
    let (hop, reach) = (configuration.hopLength, configuration.windowLength)
    let first = configuration.nFFT / 2 - windowStart
    func frame(_ place: Int) -> Int { min(max(0, (place + hop - 1) / hop), count) }
    let lower = frame(max(0, places.lowerBound + first - reach + 1))
    return lower..<max(lower, frame(max(0, places.upperBound + first)))
  }

  /// The samples that frames change.
  package func places(of frames: Range<Int>) -> Range<Int> {
    let start = windowStart - configuration.nFFT / 2
    let (first, last) = (frames.lowerBound, max(frames.lowerBound, frames.upperBound - 1))
    return max(
      0, first * configuration.hopLength + start)..<max(
        0, last * configuration.hopLength + start + configuration.windowLength)
  }

  /// Some samples of the signal with the magnitudes `magnitude` and the phases of `spectrogram`: the same
  /// as in the whole signal.
  ///
  /// - Parameters:
  ///   - magnitude: [T', F], linear, of the frames `frames`.
  ///   - spectrogram: [T, F, 2], of all frames.
  ///   - frames: those that the samples depend on, or more.
  ///   - places: of the samples.
  package func inverse(
    magnitude: Tensor, phaseOf spectrogram: Spectrogram, frames: Range<Int>, places: Range<Int>
  ) -> [Float] {
    let bins = configuration.bins
    return magnitude.withUnsafeBuffer { magnitudes in
      spectrogram.values.withUnsafeBuffer { values in
        overlapAdd(frames: frames, places: places) { frame, spectrum in
          let own = (frame - frames.lowerBound) * bins
          for bin in 0..<bins {
            let i = frame * bins + bin
            let (real, imaginary) = Self.direction(values[2 * i], values[2 * i + 1])
            spectrum[2 * bin] = magnitudes[own + bin] * real
            spectrum[2 * bin + 1] = magnitudes[own + bin] * imaginary
          }
        }
      }
    }
  }

  /// How many samples frames give.
  private func count(_ length: Int?, frames: Int) -> Int {
    max(0, length ?? configuration.samples(for: frames))
  }

  /// Adds up the windowed inverse transforms of the frames that `fill` writes.
  ///
  /// - Returns: the samples at `places`.
  private func overlapAdd(
    frames: Range<Int>, places: Range<Int>,
    fill: (Int, UnsafeMutableBufferPointer<Float>) -> Void
  ) -> [Float] {
    let transform = transform
    let buffers = FourierBuffers(count: configuration.nFFT)
    let spectrum = UnsafeMutableBufferPointer(
      start: buffers.spectrumValues, count: configuration.bins * 2)
    let signal = buffers.signal + windowStart
    let scale = 1 / Float(configuration.nFFT)
    var windowSum = [Float](repeating: 0, count: places.count)
    var samples = windowSum
    for frame in frames {
      let start =
        frame * configuration.hopLength + windowStart - configuration.nFFT / 2 - places.lowerBound
      let inside = Self.overlap(start, window.count, places.count)
      if inside.isEmpty { continue }
      fill(frame, spectrum)
      transform.inverse(buffers)
      for i in inside {
        samples[start + i] += signal[i] * (window[i] * scale)
        windowSum[start + i] += window[i] * window[i]
      }
    }
    for i in samples.indices {
      samples[i] = windowSum[i] > Self.leastWindowSum ? samples[i] / windowSum[i] : 0
    }
    return samples
  }

  /// The `length` elements from `start` on that lie within 0..<`count`, counted from `start`.
  private static func overlap(_ start: Int, _ length: Int, _ count: Int) -> Range<Int> {
    let lower = min(max(0, -start), length)
    return lower..<max(lower, min(length, count - start))
  }

  /// The cosine and the sine of a point's angle.
  private static func direction(_ real: Float, _ imaginary: Float) -> (Float, Float) {
    let magnitude = (real * real + imaginary * imaginary).squareRoot()
    // The squares of very small and very large values under- or overflow.
    guard magnitude > 1e-15, magnitude < .infinity else {
      let angle = atan2f(imaginary, real)
      return (cosf(angle), sinf(angle))
    }
    return (real / magnitude, imaginary / magnitude)
  }
}
