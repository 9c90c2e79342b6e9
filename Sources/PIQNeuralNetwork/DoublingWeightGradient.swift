import PIQOneDNN
import PIQTensor

/// The weights' gradient of the transposed convolution with kernel 4, stride 2 and padding 1, as
/// products of rows of pixels, because oneDNN's own way is slower on long rows.
///
/// A row of the input meets four rows of the output's gradient. Of each of these, the columns 2c and
/// 2c + 1 lie side by side as one row of a matrix, and serve the two inner columns of the kernel at
/// once; the outer ones see the same row one pixel further on either side.
struct DoublingWeightGradient {
  private let inChannels, outChannels: Int
  /// [4, I, 4, O]: row of the kernel, input channel, column in the order 1, 2, 0, 3, output channel.
  private var sums: Tensor

  static func fits(_ geometry: ConvolutionGeometry) -> Bool {
    DoublingPlan.fits(geometry) && geometry.kernel == .init(4, 4)
  }

  init(inChannels: Int, outChannels: Int) {
    self.inChannels = inChannels
    self.outChannels = outChannels
    sums = Tensor(shape: [4, inChannels, 4, outChannels])
  }

  /// Adds what one clip contributes.
  ///
  /// - Parameters:
  ///   - x: [1, H, W, I].
  ///   - gradient: [B, 2 H, 2 W, O].
  ///   - clip: the clip's place in `gradient`.
  mutating func add(_ x: Tensor, gradient: Tensor, clip: Int) throws {
    let (height, width) = (x.shape[1], x.shape[2])
    let (i, o) = (inChannels, outChannels)
    let rowSize = 2 * width * o
    try x.withUnsafeBuffer { x in
      try gradient.withUnsafeBuffer { gradient in
        try sums.withUnsafeMutableBuffer { sums in
          guard let x = x.baseAddress, let sums = sums.baseAddress,
            let gradient = gradient.baseAddress.map({ $0 + clip * 2 * height * rowSize })
          else { return }
          for row in 0..<height {
            let pixels = x + row * width * i
            for a in 0..<4 {
              let target = 2 * row + a - 1
              guard target >= 0, target < 2 * height else { continue }
              let line = gradient + target * rowSize
              let sums = sums + a * i * 4 * o
              func add(_ from: Int, _ start: Int, _ columns: Int, _ count: Int, _ tap: Int) throws {
                try addProduct(
                  MatrixView(pixels + from * i, rowStride: i),
                  MatrixView(line + start * o, rowStride: 2 * o),
                  size: (m: i, n: columns * o, k: count), transposingLeft: true,
                  to: sums + tap * o, sumStride: 4 * o)
              }
              try add(0, 0, 2, width, 0)
              try add(1, 1, 1, width - 1, 2)
              try add(0, 2, 1, width - 1, 3)
            }
          }
        }
      }
    }
  }

  /// The gradient [I, O, 4, 4].
  var value: Tensor {
    let (i, o) = (inChannels, outChannels)
    let order = [2, 0, 1, 3]
    return sums.withUnsafeBuffer { sums in
      Tensor(shape: [i, o, 4, 4]) { value in
        for input in 0..<i {
          for output in 0..<o {
            for a in 0..<4 {
              for b in 0..<4 {
                value[((input * o + output) * 4 + a) * 4 + b] =
                  sums[((a * i + input) * 4 + order[b]) * o + output]
              }
            }
          }
        }
      }
    }
  }
}
