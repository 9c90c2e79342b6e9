import Glibc

/// A sound played at another speed: pitch and tempo change together.
package enum PlaybackSpeed {
  /// How many samples of the original `count` samples at a speed need.
  package static func samples(for count: Int, at speed: Double) -> Int {
    Int((Double(count) * speed).rounded(.up)) + 2
  }

  /// `count` samples of a sound played at a speed of 1 or so, interpolated by Catmull and Rom's cubics.
  /// Frequencies above half of the rate are not filtered out.
  ///
  /// - Parameter samples: as many as `samples(for:at:)` says, or more.
  package static func change(_ samples: [Float], to count: Int, at speed: Double) -> [Float] {
    let last = samples.count - 1
    guard last > 0 else { return Array(repeating: samples.first ?? 0, count: count) }
    return (0..<count).map { i in
      let place = Double(i) * speed
      let index = min(Int(place), last)
      let part = Float(place - Double(index))
      let (a, b) = (samples[max(0, index - 1)], samples[index])
      let (c, d) = (samples[min(last, index + 1)], samples[min(last, index + 2)])
      let slope = 0.5 * (c - a)
      let cubic = 0.5 * (d - a) + 1.5 * (b - c)
      let square = a - 2.5 * b + 2 * c - 0.5 * d
      return b + part * (slope + part * (square + part * cubic))
    }
  }
}

/// A filter that raises or lowers a band: the peaking equaliser of R. Bristow-Johnson's "Audio EQ Cookbook".
package struct PeakingFilter {
  private let b: (Float, Float, Float)
  private let a: (Float, Float)

  /// A filter around `frequency`.
  ///
  /// - Parameters:
  ///   - frequency: in hertz, above 0 and below half of the rate.
  ///   - gain: in dB.
  ///   - quality: the frequency over the width of the band.
  package init(frequency: Double, gain: Double, quality: Double, sampleRate: Int) {
    let amplitude = pow(10, gain / 40)
    let angle = 2 * Double.pi * frequency / Double(sampleRate)
    let alpha = sin(angle) / (2 * quality)
    let scale = 1 + alpha / amplitude
    let middle = Float(-2 * cos(angle) / scale)
    b = (Float((1 + alpha * amplitude) / scale), middle, Float((1 - alpha * amplitude) / scale))
    a = (middle, Float((1 - alpha / amplitude) / scale))
  }

  /// Filters a sound.
  package func callAsFunction(_ samples: inout [Float]) {
    var (x1, x2, y1, y2): (Float, Float, Float, Float) = (0, 0, 0, 0)
    for i in samples.indices {
      let x = samples[i]
      let y = b.0 * x + b.1 * x1 + b.2 * x2 - a.0 * y1 - a.1 * y2
      (x2, x1, y2, y1) = (x1, x, y1, y)
      samples[i] = y
    }
  }
}
