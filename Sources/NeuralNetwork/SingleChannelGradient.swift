import OneDNN
import Tensor

/// The way back through a transposed convolution with stride 1 to a single channel: the windows of
/// the gradient, kH kW values a pixel, as one matrix a row of pixels.
struct SingleChannelGradient {
  private let geometry: ConvolutionGeometry
  private let weights: Tensor

  /// - Parameter weights: [I, 1, kH, kW].
  init(_ geometry: ConvolutionGeometry, weights: Tensor) {
    self.geometry = geometry
    self.weights = weights
  }

  /// - Parameters:
  ///   - gradient: that of the output [B, H', W', 1].
  ///   - x: the input [B, H, W, I].
  /// - Returns: the gradients of the input and of the weights [I, 1, kH, kW].
  func callAsFunction(
    _ gradient: Tensor, at x: NormalizedMaps, needsWeights: Bool
  ) throws -> (input: Tensor, weights: Tensor?) {
    let (clips, height, width) = (x.maps.shape[0], x.maps.shape[1], x.maps.shape[2])
    let (channels, taps) = (geometry.inChannels, weights.count / geometry.inChannels)
    var windows = Tensor(shape: [Self.rows * width, taps])
    var input = Tensor(shape: x.maps.shape) { _ in }
    var sums = Tensor(shape: weights.shape)
    for clip in 0..<clips {
      let maps = needsWeights ? x.clip(clip) : nil
      for first in stride(from: 0, to: height, by: Self.rows) {
        let rows = first..<min(first + Self.rows, height)
        let pixels = rows.count * width
        fill(&windows, from: gradient, clip: clip, rows: rows, width: width)
        try windows.withUnsafeBuffer { windows in
          guard let windows = windows.baseAddress else { return }
          let view = MatrixView(windows, rowStride: taps)
          try input.withUnsafeMutableBuffer { input in
            try weights.withUnsafeBuffer { weights in
              guard let input = input.baseAddress, let weights = weights.baseAddress else { return }
              try addProduct(
                view, MatrixView(weights, rowStride: taps), size: (m: pixels, n: channels, k: taps),
                transposingRight: true, to: input + (clip * height + first) * width * channels,
                sumStride: channels, overwriting: true)
            }
          }
          try maps?.withUnsafeBuffer { maps in
            try sums.withUnsafeMutableBuffer { sums in
              guard let maps = maps.baseAddress, let sums = sums.baseAddress else { return }
              try addProduct(
                MatrixView(maps + first * width * channels, rowStride: channels), view,
                size: (m: channels, n: taps, k: pixels), transposingLeft: true, to: sums,
                sumStride: taps)
            }
          }
        }
      }
    }
    return (input, needsWeights ? sums : nil)
  }

  /// Rows of pixels at a time.
  private static let rows = 8

  private func fill(
    _ windows: inout Tensor, from gradient: Tensor, clip: Int, rows: Range<Int>, width: Int
  ) {
    let (outHeight, outWidth) = (gradient.shape[1], gradient.shape[2])
    let (kH, kW, pad) = (
      geometry.kernel.height, geometry.kernel.width, geometry.padBefore.height
    )
    windows.withUnsafeMutableBuffer { windows in
      gradient.withUnsafeBuffer { gradient in
        guard let base = windows.baseAddress,
          let gradient = gradient.baseAddress.map({ $0 + clip * outHeight * outWidth })
        else { return }
        inParallel(rows: rows.count * width) { range in
          for pixel in range {
            let (row, column) = (rows.lowerBound + pixel / width - pad, pixel % width - pad)
            let window = base + pixel * kH * kW
            let whole = column >= 0 && column + kW <= outWidth
            for a in 0..<kH {
              let line = window + a * kW
              guard row + a >= 0, row + a < outHeight else {
                line.update(repeating: 0, count: kW)
                continue
              }
              let source = gradient + (row + a) * outWidth + column
              if whole {
                for b in 0..<kW { line[b] = source[b] }
              } else {
                for b in 0..<kW {
                  line[b] = column + b >= 0 && column + b < outWidth ? source[b] : 0
                }
              }
            }
          }
        }
      }
    }
  }
}
