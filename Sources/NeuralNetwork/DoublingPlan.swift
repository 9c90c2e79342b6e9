import OneDNN
package import Tensor

/// The transposed convolution with kernel 4, stride 2 and padding 1, or with kernel 3, which is one
/// of kernel 4 whose last taps are zero and whose last row and column are left out: as products of matrices where
/// channels are many and the map is large, and otherwise as two convolutions with kernel 2, because
/// oneDNN's own transposed convolution is slower.
///
/// Along each axis, with the kernel's taps w and the input x,
///
///     y[2j] = w[1] x[j] + w[3] x[j - 1]        y[2j - 1] = w[0] x[j] + w[2] x[j - 1]
///
/// so both come from the same two inputs. One convolution makes the even rows, one the odd; their
/// channels hold an odd column and the even one after it, which in channels-last order is already
/// the order of the output's columns.
package final class DoublingPlan: ForwardPlan {
  private let geometry: ConvolutionGeometry
  private let weights, bias: Tensor
  private let fusion: Fusion
  private let evenRows, oddRows: ConvolutionPlan
  private let precision = Autocast.precision
  private lazy var products = DoublingProducts(weights: weights, precision: precision)
  private var outChannels: Int { geometry.outChannels }

  static func fits(_ geometry: ConvolutionGeometry) -> Bool {
    geometry.isTransposed && [.init(4, 4), .init(3, 3)].contains(geometry.kernel)
      && geometry.stride == .init(2, 2) && geometry.padBefore == .init(1, 1)
      && geometry.padAfter == .init(1, 1)
  }

  /// The taps that meet x[j - 1] and x[j].
  private static let evenTaps = (3, 1)
  private static let oddTaps = (2, 0)

  /// - Parameters:
  ///   - weights: [I, O, 4, 4] or [I, O, 3, 3].
  ///   - bias: [O].
  package init(
    _ geometry: ConvolutionGeometry, weights: Tensor, bias: Tensor,
    fusing fusion: Fusion = Fusion()
  ) {
    self.geometry = geometry
    let weights = weights.padded(toKernel: 4)
    self.weights = weights
    self.bias = bias
    self.fusion = fusion
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

  /// The even (0) or odd (1) rows of a clip's output.
  ///
  /// - Returns: [1, H, W + 1, 2 O], which is [1, H, 2 W + 2, O]: a column too many on either side,
  ///   whose values mean nothing.
  private func phase(_ phase: Int, of x: Tensor, clip: Int) throws -> Tensor {
    // Row i comes from the rows i - 1 and i if even, from i and i + 1 if odd.
    try (phase == 0 ? evenRows : oddRows)(
      x, clip: clip, rows: 0..<x.shape[1], padTop: 1 - phase, padBottom: phase)
  }

  package func callAsFunction(_ x: Tensor, adding residual: Tensor?) throws -> Tensor {
    precondition(residual == nil, "no layer of this network adds to an upsampled map")
    let (h, w) = (x.shape[1], x.shape[2])
    let shape = geometry.shape(of: x).output
    if DoublingProducts.fits(geometry),
      precision != .float32 || DoublingProducts.paysFor(coarseHeight: h, width: w)
    {
      return try products.fine(
        NormalizedMaps(x), height: shape[1], width: shape[2], bias: bias, fusing: fusion)
    }
    var output = Tensor(shape: shape) { _ in }
    for clip in 0..<shape[0] { try run(x, clip, into: &output, clip: clip) }
    return output
  }

  /// Runs the layer on clip `source` of `x` [B, H, W, I], into clip `clip` of `output`.
  func run(_ x: Tensor, _ source: Int = 0, into output: inout Tensor, clip: Int) throws {
    let (h, w) = (x.shape[1], x.shape[2])
    let (height, width) = (output.shape[1], output.shape[2])
    let phaseRow = (2 * w + 2) * outChannels
    for phase in 0...1 {
      try self.phase(phase, of: x, clip: source).withUnsafeBuffer { rows in
        output.withUnsafeMutableBuffer { output in
          guard let source = rows.baseAddress, let destination = output.baseAddress else { return }
          inParallel(rows: h) { range in
            for i in range where 2 * i + phase < height {
              (destination + (clip * height + 2 * i + phase) * width * outChannels)
                .update(from: source + i * phaseRow + outChannels, count: width * outChannels)
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

extension Tensor {
  /// Kernels [I, O, k, k] with zeros after their last row and column up to `size`.
  func padded(toKernel size: Int) -> Tensor {
    let k = shape[2]
    guard k < size else { return self }
    var result = Tensor(shape: [shape[0], shape[1], size, size])
    withUnsafeBuffer { values in
      result.withUnsafeMutableBuffer { result in
        for kernel in 0..<shape[0] * shape[1] {
          for a in 0..<k {
            for b in 0..<k {
              result[(kernel * size + a) * size + b] = values[(kernel * k + a) * k + b]
            }
          }
        }
      }
    }
    return result
  }

  /// The first rows and columns of kernels [I, O, k, k].
  func cut(toKernel size: Int) -> Tensor {
    let k = shape[2]
    guard k > size else { return self }
    return withUnsafeBuffer { values in
      Tensor(shape: [shape[0], shape[1], size, size]) { result in
        for i in result.indices {
          let (kernel, tap) = i.quotientAndRemainder(dividingBy: size * size)
          result[i] = values[(kernel * k + tap / size) * k + tap % size]
        }
      }
    }
  }
}
