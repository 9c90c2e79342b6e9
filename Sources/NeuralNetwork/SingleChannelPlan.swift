import OneDNN
package import Tensor

/// A transposed convolution with stride 1 to a single channel, as the last layer of a decoder.
///
/// Each input row is convolved with every row of the kernel at once (kH channels), and the
/// results are added up, each shifted by its row. oneDNN's own way reaches a tenth of the speed.
package final class SingleChannelPlan: ForwardPlan {
  private let kernelHeight, kernelWidth, padding: Int
  private let bias: Float
  private let rows: ConvolutionPlan

  static func fits(_ geometry: ConvolutionGeometry) -> Bool {
    geometry.isTransposed && geometry.outChannels == 1 && geometry.stride == .init(1, 1)
      && geometry.padBefore == geometry.padAfter
      && geometry.padBefore.height == geometry.padBefore.width
      && geometry.padBefore.width < geometry.kernel.width
  }

  /// - Parameters:
  ///   - weights: [I, 1, kH, kW].
  ///   - bias: [1].
  package init(_ geometry: ConvolutionGeometry, weights: Tensor, bias: Tensor) {
    kernelHeight = geometry.kernel.height
    kernelWidth = geometry.kernel.width
    padding = geometry.padBefore.height
    self.bias = bias.scalar
    let (inChannels, kH, kW) = (geometry.inChannels, geometry.kernel.height, geometry.kernel.width)
    let flipped = weights.withUnsafeBuffer { weights in
      Tensor(shape: [kH, inChannels, 1, kW]) { flipped in
        for a in 0..<kH {
          for i in 0..<inChannels {
            for b in 0..<kW {
              flipped[(a * inChannels + i) * kW + b] = weights[(i * kH + a) * kW + kW - 1 - b]
            }
          }
        }
      }
    }
    let pad = kW - 1 - padding
    let byRow = ConvolutionGeometry(
      inChannels: inChannels, outChannels: kH, kernel: .init(1, kW), stride: .init(1, 1),
      padBefore: .init(0, pad), padAfter: .init(0, pad))
    rows = ConvolutionPlan(byRow, weights: flipped, bias: Tensor(shape: [kH]))
  }

  package func callAsFunction(_ x: Tensor, adding residual: Tensor?) throws -> Tensor {
    precondition(residual == nil, "no layer of this network adds to a decoder's output")
    var output = emptyOutput(batch: x.shape[0], height: x.shape[1], width: x.shape[2])
    for clip in 0..<x.shape[0] {
      let products = try rows(x, clip: clip, rows: 0..<x.shape[1])
      accumulate(products, into: &output, clip: clip, firstRow: 0)
    }
    return output
  }

  /// The output [B, H', W', 1] for an input of that size, with nothing but the bias in it.
  func emptyOutput(batch: Int, height: Int, width: Int) -> Tensor {
    Tensor(
      shape: [
        batch, height + kernelHeight - 1 - 2 * padding, width + kernelWidth - 1 - 2 * padding, 1,
      ], repeating: bias)
  }

  /// Adds to the output what some rows of the input contribute.
  ///
  /// - Parameters:
  ///   - x: [1, rows, W, I].
  ///   - clip: which clip of the output they belong to.
  ///   - firstRow: the place of the first row among all rows of the input.
  func add(_ x: Tensor, to output: inout Tensor, clip: Int, firstRow: Int) throws {
    accumulate(try rows(x), into: &output, clip: clip, firstRow: firstRow)
  }

  private func accumulate(
    _ products: Tensor, into output: inout Tensor, clip: Int, firstRow: Int
  ) {
    let (height, width, kH) = (output.shape[1], output.shape[2], kernelHeight)
    products.withUnsafeBuffer { products in
      output.withUnsafeMutableBuffer { output in
        for row in 0..<products.count / (width * kH) {
          for a in 0..<kH {
            let target = firstRow + row + a - padding
            guard target >= 0 && target < height else { continue }
            let source = row * width * kH + a
            let destination = (clip * height + target) * width
            for column in 0..<width {
              output[destination + column] += products[source + column * kH]
            }
          }
        }
      }
    }
  }
}
