import Glibc
import PIQTensor

/// An image in memory: rows from the top, pixels in Cairo's RGB24 format.
struct Raster {
  let width: Int
  let height: Int
  var pixels: [UInt32]
}

extension Raster {
  /// Draws a grid [T, F] of T frames and F frequency bins, time to the right, low bins at the
  /// bottom.
  ///
  /// Along each axis a pixel shows the average of its samples, weighted by coverage; with more than
  /// two samples per pixel it shows their maximum, so that a click in an hour of silence stays
  /// visible. NaN and infinity count as 0.
  ///
  /// - Parameters:
  ///   - frames: the number of frames in the width; where the grid has fewer, the rest is drawn in
  ///     the colour of missing data.
  ///   - scale: the colours.
  ///   - isMagnitude: whether the log-power of the elements is drawn, instead of the elements.
  init(
    _ grid: Tensor, frames: Int, width: Int, height: Int, scale: ColorScale,
    isMagnitude: Bool = false
  ) {
    self.init(
      width: width, height: height,
      pixels: [UInt32](repeating: Color.noData.rgb, count: width * height))
    let (gridFrames, bins) = (grid.shape[0], grid.shape[1])
    guard gridFrames > 0 else { return }
    let time = Pooling(samples: frames, pixels: width)
    let frequency = Pooling(samples: bins, pixels: height)

    var column = [Float](repeating: 0, count: height)
    // The samples of one column of pixels.
    withUnsafeTemporaryAllocation(of: Float.self, capacity: bins) { spectrum in
      grid.withUnsafeBuffer { elements in
        for x in 0..<width {
          let span = time.spans[x]
          var total: Float = 0
          spectrum.initialize(repeating: 0)
          for frame in span.range where frame < gridFrames {
            let weight = time.takesMaximum ? 1 : time.weight(of: frame, in: span)
            for bin in 0..<bins {
              let element = elements[frame * bins + bin]
              var number = element.isFinite ? element : 0
              if isMagnitude { number = logPower(ofMagnitude: number) }
              spectrum[bin] =
                time.takesMaximum ? max(spectrum[bin], number) : spectrum[bin] + weight * number
            }
            total = time.takesMaximum ? 1 : total + weight
          }
          if total == 0 { continue }
          frequency.apply(to: spectrum, into: &column)
          for y in 0..<height {
            pixels[(height - 1 - y) * width + x] = scale.pixel(of: column[y] / total)
          }
        }
      }
    }
  }
}

/// Pools a row of samples to a row of pixels.
struct Pooling {
  /// The samples under each pixel.
  let spans: [Span]
  /// Whether a pixel shows the maximum of its samples instead of their average.
  let takesMaximum: Bool

  /// The weight of a sample that lies wholly in the pixel.
  private let inner: Float

  /// The samples that a pixel touches, and the weights of the first and the last. All the weights
  /// of a pixel add up to 1.
  struct Span {
    let range: Range<Int>
    let first: Float
    let last: Float
  }

  init(samples: Int, pixels: Int) {
    takesMaximum = samples > 2 * pixels
    inner = Float(pixels) / Float(max(samples, 1))
    spans = (0..<pixels).map { pixel in
      // Edges in units of 1/pixels sample are integers: without rounding, no pixel extends past the
      // last sample, and none is empty while there are samples.
      let (start, end) = (pixel * samples, (pixel + 1) * samples)
      let range = start / pixels..<(end + pixels - 1) / pixels
      let first = min(end, (range.lowerBound + 1) * pixels) - start
      let last = end - max(start, (range.upperBound - 1) * pixels)
      return Span(
        range: range, first: Float(first) / Float(max(samples, 1)),
        last: Float(last) / Float(max(samples, 1)))
    }
  }

  func weight(of sample: Int, in span: Span) -> Float {
    if sample == span.range.lowerBound { return span.first }
    return sample == span.range.upperBound - 1 ? span.last : inner
  }

  func apply(to samples: UnsafeMutableBufferPointer<Float>, into pixels: inout [Float]) {
    for (pixel, span) in spans.enumerated() {
      if takesMaximum {
        pixels[pixel] = samples[span.range].max() ?? 0
      } else {
        var sum: Float = 0
        for sample in span.range { sum += weight(of: sample, in: span) * samples[sample] }
        pixels[pixel] = sum
      }
    }
  }
}
