import OneDNN
package import Tensor

/// The transposed convolution with kernel 4, stride 2 and padding 1 as two convolutions with
/// kernel 2, because oneDNN's own transposed convolution is slower.
///
/// Along each axis, with the kernel's taps w and the input x,
///
///     y[2j] = w[1] x[j] + w[3] x[j - 1]        y[2j - 1] = w[0] x[j] + w[2] x[j - 1]
///
/// so both come from the same two inputs. One convolution makes the even rows, one the odd; their
/// channels hold an odd column and the even one after it, which in channels-last order is already
/// the order of the output's columns.
package final class DoublingPlan: ForwardPlan {
  let outChannels: Int
  private let evenRows, oddRows: ConvolutionPlan

  static func fits(_ geometry: ConvolutionGeometry) -> Bool {
    geometry.isTransposed && geometry.kernel == .init(4, 4) && geometry.stride == .init(2, 2)
      && geometry.padBefore == .init(1, 1) && geometry.padAfter == .init(1, 1)
  }

  /// The taps that meet x[j - 1] and x[j].
  private static let evenTaps = (3, 1)
  private static let oddTaps = (2, 0)

  /// - Parameters:
  ///   - weights: [I, O, 4, 4].
  ///   - bias: [O].
  package init(
    _ geometry: ConvolutionGeometry, weights: Tensor, bias: Tensor, fusing fusion: Fusion = Fusion()
  ) {
    outChannels = geometry.outChannels
    var doubled = fusion
    doubled.affine = fusion.affine.map { (Self.twice($0.scale), Self.twice($0.shift)) }
    func plan(_ rowTaps: (Int, Int)) -> ConvolutionPlan {
      let phase = ConvolutionGeometry(
        inChannels: geometry.inChannels, outChannels: 2 * geometry.outChannels, kernel: .init(2, 2),
        stride: .init(1, 1), padBefore: .init(0, 1), padAfter: .init(0, 1))
      return ConvolutionPlan(
        phase, weights: Self.phaseWeights(weights, rowTaps: rowTaps), bias: Self.twice(bias),
        fusing: doubled)
    }
    evenRows = plan(Self.evenTaps)
    oddRows = plan(Self.oddTaps)
  }

  /// The rows of the output that are 0 (even) or 1 (odd) more than twice a row of `rows`.
  ///
  /// - Returns: [1, rows, W + 1, 2 O], which is [1, rows, 2 W + 2, O]: a column too many on either
  ///   side, whose values mean nothing.
  func phase(_ phase: Int, of x: Tensor, clip: Int, rows: Range<Int>) throws -> Tensor {
    if phase == 0 {
      // Row i comes from the rows i - 1 and i.
      let above = rows.lowerBound > 0 ? 1 : 0
      return try evenRows(
        x, clip: clip, rows: rows.lowerBound - above..<rows.upperBound, padTop: 1 - above)
    } else {
      // Row i comes from the rows i and i + 1.
      let below = rows.upperBound < x.shape[1] ? 1 : 0
      return try oddRows(
        x, clip: clip, rows: rows.lowerBound..<rows.upperBound + below, padBottom: 1 - below)
    }
  }

  package func callAsFunction(_ x: Tensor, adding residual: Tensor?) throws -> Tensor {
    precondition(residual == nil, "no layer of this network adds to an upsampled map")
    let (b, h, w) = (x.shape[0], x.shape[1], x.shape[2])
    var output = Tensor(shape: [b, 2 * h, 2 * w, outChannels]) { _ in }
    for clip in 0..<b { try run(x, clip, into: &output, clip: clip) }
    return output
  }

  /// Runs the layer on clip `source` of `x` [B, H, W, I], into clip `clip` of `output`.
  func run(_ x: Tensor, _ source: Int = 0, into output: inout Tensor, clip: Int) throws {
    let (h, w) = (x.shape[1], x.shape[2])
    let row = 2 * w * outChannels
    let phaseRow = row + 2 * outChannels
    for phase in 0...1 {
      try self.phase(phase, of: x, clip: source, rows: 0..<h).withUnsafeBuffer { rows in
        output.withUnsafeMutableBuffer { output in
          guard let source = rows.baseAddress, let destination = output.baseAddress else { return }
          inParallel(rows: h) { range in
            for i in range {
              (destination + (2 * (clip * h + i) + phase) * row)
                .update(from: source + i * phaseRow + outChannels, count: row)
            }
          }
        }
      }
    }
  }

  /// [I, O, 4, 4] to [2 O, I, 2, 2]: first the odd column's weights, then the even one's.
  private static func phaseWeights(_ weights: Tensor, rowTaps: (Int, Int)) -> Tensor {
    let (inChannels, outChannels) = (weights.shape[0], weights.shape[1])
    let rows = [rowTaps.0, rowTaps.1]
    let columns = [oddTaps.0, oddTaps.1, evenTaps.0, evenTaps.1]
    return weights.withUnsafeBuffer { weights in
      Tensor(shape: [2 * outChannels, inChannels, 2, 2]) { phase in
        for o in 0..<2 * outChannels {
          let firstColumn = o < outChannels ? 0 : 2
          for i in 0..<inChannels {
            let kernel = (i * outChannels + o % outChannels) * 16
            for a in 0..<2 {
              for b in 0..<2 {
                phase[((o * inChannels + i) * 2 + a) * 2 + b] =
                  weights[kernel + rows[a] * 4 + columns[firstColumn + b]]
              }
            }
          }
        }
      }
    }
  }

  private static func twice(_ vector: Tensor) -> Tensor {
    Tensor(shape: [2 * vector.count], vector.elements + vector.elements)
  }
}
