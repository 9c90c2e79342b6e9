import Foundation
import PIQSpectral

/// The short-time Fourier transform as it is defined, in double precision and as slow as that is.
struct NaiveTransform {
  let configuration: STFTConfiguration

  /// The window, in the middle of n_fft samples.
  var window: [Double] {
    let (count, length) = (configuration.nFFT, configuration.windowLength)
    var window = [Double](repeating: 0, count: count)
    for i in 0..<length {
      window[(count - length) / 2 + i] = 0.54 - 0.46 * cos(2 * .pi * Double(i) / Double(length))
    }
    return window
  }

  /// [T, F, 2], row by row.
  func forward(_ samples: [Float]) -> [Double] {
    let (count, window) = (configuration.nFFT, window)
    let padding = [Double](repeating: 0, count: count / 2)
    let padded = padding + samples.map { Double($0) } + padding
    var values: [Double] = []
    for frame in 0...((padded.count - count) / configuration.hopLength) {
      for bin in 0...count / 2 {
        var (real, imaginary) = (0.0, 0.0)
        for i in 0..<count {
          let angle = -2 * Double.pi * Double(bin * i % count) / Double(count)
          let sample = padded[frame * configuration.hopLength + i] * window[i]
          real += sample * cos(angle)
          imaginary += sample * sin(angle)
        }
        values += [real, imaginary]
      }
    }
    return values
  }

  /// The samples behind [T, F, 2], `length` of them; zero where no window reaches.
  func inverse(_ values: [Double], frames: Int, length: Int) -> [Double] {
    let (count, window) = (configuration.nFFT, window)
    let bins = count / 2 + 1
    let total = max(count + (frames - 1) * configuration.hopLength, count / 2 + length)
    var (sum, weight) = ([Double](repeating: 0, count: total), [Double](repeating: 0, count: total))
    for frame in 0..<frames {
      for i in 0..<count {
        var sample = 0.0
        for bin in 0..<bins {
          let angle = 2 * Double.pi * Double(bin * i % count) / Double(count)
          let at = (frame * bins + bin) * 2
          // Bins between the first and the last stand for their mirror images, too.
          let share = bin == 0 || bin == bins - 1 ? 1.0 : 2.0
          let imaginary = share == 1 ? 0 : values[at + 1]
          sample += share * (values[at] * cos(angle) - imaginary * sin(angle))
        }
        let place = frame * configuration.hopLength + i
        sum[place] += sample / Double(count) * window[i]
        weight[place] += window[i] * window[i]
      }
    }
    return (count / 2..<count / 2 + length).map { weight[$0] > 1e-11 ? sum[$0] / weight[$0] : 0 }
  }
}

/// Noise that is the same in every run (a linear congruential generator), within ±1.
func noise(_ count: Int, seed: UInt32 = 1) -> [Float] {
  var state = seed
  return (0..<count).map { _ in
    state = state &* 1_664_525 &+ 1_013_904_223
    return Float(state >> 8) / Float(1 << 23) - 1
  }
}

/// The largest absolute difference over the largest expected value; infinite where counts differ.
func relativeDifference(_ actual: [Float], _ expected: [Double]) -> Double {
  guard actual.count == expected.count else { return .infinity }
  let scale = expected.reduce(1e-30) { max($0, $1.magnitude) }
  return zip(actual, expected).reduce(0) { max($0, (Double($1.0) - $1.1).magnitude) } / scale
}

func relativeDifference(_ actual: [Float], _ expected: [Float]) -> Double {
  relativeDifference(actual, expected.map { Double($0) })
}
