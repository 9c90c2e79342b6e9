import OneDNN
import Tensor

/// A transposed convolution with stride 1 to a single channel as one product of matrices a strip,
/// kH kW values a pixel, which are then added up where they overlap.
struct SingleChannelProduct {
  private let geometry: ConvolutionGeometry
  private let weights: Tensor
  private let bias: Float

  /// - Parameters:
  ///   - weights: [I, 1, kH, kW].
  ///   - bias: [1].
  init(_ geometry: ConvolutionGeometry, weights: Tensor, bias: Tensor) {
    self.geometry = geometry
    self.weights = weights
    self.bias = bias.scalar
  }

  /// Maps [B, H, W, I] to [B, H', W', 1].
  func callAsFunction(_ x: NormalizedMaps) throws -> Tensor {
    let shape = geometry.shape(of: x.maps)
    var output = Tensor(shape: shape.output) { _ in }
    for clip in 0..<shape.batch { try run(x.clip(clip), shape, into: &output, clip: clip) }
    return output
  }

  private func run(
    _ x: Tensor, _ shape: ConvolutionShape, into output: inout Tensor, clip: Int
  ) throws {
    let (pixels, channels) = (shape.height * shape.width, shape.inChannels)
    let taps = weights.count / channels
    var products = Tensor(shape: [pixels, taps]) { _ in }
    try x.withUnsafeBuffer { x in
      try weights.withUnsafeBuffer { weights in
        try products.withUnsafeMutableBuffer { products in
          guard let x = x.baseAddress, let weights = weights.baseAddress,
            let products = products.baseAddress
          else { return }
          try addProduct(
            MatrixView(x, rowStride: channels), MatrixView(weights, rowStride: taps),
            size: (m: pixels, n: taps, k: channels), to: products, sumStride: taps,
            overwriting: true)
        }
      }
    }
    products.withUnsafeBuffer { products in
      output.withUnsafeMutableBuffer { output in
        let (outHeight, outWidth) = (shape.output[1], shape.output[2])
        guard let products = products.baseAddress,
          let output = output.baseAddress.map({ $0 + clip * outHeight * outWidth })
        else { return }
        inParallel(rows: outHeight) { rows in
          overlap(products, shape, rows: rows, width: outWidth, into: output)
        }
      }
    }
  }

  /// Adds up what the rows `rows` of the output consist of.
  private func overlap(
    _ products: UnsafePointer<Float>, _ shape: ConvolutionShape, rows: Range<Int>, width: Int,
    into output: UnsafeMutablePointer<Float>
  ) {
    let (kH, kW) = (shape.kernel.height, shape.kernel.width)
    let (padTop, padLeft) = (shape.padBefore.height, shape.padBefore.width)
    // With the columns that padding cuts off.
    let uncut = shape.width + kW - 1
    let sums = UnsafeMutablePointer<Float>.allocate(capacity: uncut)
    defer { sums.deallocate() }
    for row in rows {
      sums.initialize(repeating: bias, count: uncut)
      for a in 0..<kH {
        let source = row + padTop - a
        guard source >= 0, source < shape.height else { continue }
        let line = products + source * shape.width * kH * kW + a * kW
        for column in 0..<shape.width {
          let (values, sums) = (line + column * kH * kW, sums + column)
          for b in 0..<kW { sums[b] += values[b] }
        }
      }
      (output + row * width).update(from: sums + padLeft, count: width)
    }
  }
}
