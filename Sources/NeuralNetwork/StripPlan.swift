package import Tensor

/// A doubling layer and the single-channel layer after it, a strip of rows at a time, so that the
/// large map between them never exists: at 256 channels it takes 210 MB for a clip of 5 s.
package final class StripPlan: ForwardPlan {
  /// Rows of input at a time: what the strip's maps take stays in the caches.
  private static let stripHeight = 16

  private let doubling: DoublingPlan
  private let last: SingleChannelPlan

  /// - Parameter last: made for a border of one column.
  init(_ doubling: DoublingPlan, then last: SingleChannelPlan) {
    self.doubling = doubling
    self.last = last
  }

  package func callAsFunction(_ x: Tensor, adding residual: Tensor?) throws -> Tensor {
    precondition(residual == nil, "no layer of this network adds to a decoder's output")
    let (b, h, w) = (x.shape[0], x.shape[1], x.shape[2])
    var output = last.emptyOutput(batch: b, height: 2 * h, width: 2 * w)
    for clip in 0..<b {
      for first in stride(from: 0, to: h, by: Self.stripHeight) {
        let rows = first..<min(first + Self.stripHeight, h)
        for phase in 0...1 {
          var strip = try doubling.phase(phase, of: x, clip: clip, rows: rows)
            .reshaped([1, rows.count, 2 * w + 2, doubling.outChannels])
          strip.clearOuterColumns()
          try last.add(
            strip, to: &output, clip: clip, firstRow: 2 * first + phase, rowStep: 2)
        }
      }
    }
    return output
  }
}

extension Tensor {
  /// Sets the first and the last column of [1, H, W, C] to zero.
  fileprivate mutating func clearOuterColumns() {
    let (height, width, channels) = (shape[1], shape[2], shape[3])
    withUnsafeMutableBuffer { values in
      for row in 0..<height {
        for column in [0, width - 1] {
          let start = (row * width + column) * channels
          for i in start..<start + channels { values[i] = 0 }
        }
      }
    }
  }
}
