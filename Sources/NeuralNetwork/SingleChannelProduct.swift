import OneDNN
import Tensor

/// A transposed convolution to a single channel as one product of matrices a strip, kH kW values a
/// pixel, which are then added up where they overlap.
struct SingleChannelProduct {
  private let geometry: ConvolutionGeometry
  private let weights: Tensor
  private let bias: Float
  private let precision: Precision

  /// - Parameters:
  ///   - weights: [I, 1, kH, kW].
  ///   - bias: [1].
  init(
    _ geometry: ConvolutionGeometry, weights: Tensor, bias: Tensor, precision: Precision
  ) {
    self.geometry = geometry
    self.weights = weights
    self.bias = bias.scalar
    self.precision = precision
  }

  /// Maps [B, H, W, I] to [B, H', W', 1].
  func callAsFunction(_ x: NormalizedMaps) throws -> Tensor {
    switch precision {
    case .float32: try run(Float.self, x)
    case .bfloat16: try run(BFloat16.self, x)
    }
  }

  private func run<F: Factor>(_: F.Type, _ x: NormalizedMaps) throws -> Tensor {
    let shape = geometry.shape(of: x.maps)
    let kernel = F.rounded(weights)
    var output = Tensor(shape: shape.output) { _ in }
    for clip in 0..<shape.batch {
      try run(F.self, x, kernel, shape, into: &output, clip: clip)
    }
    return output
  }

  /// Rows of pixels at a time.
  private static let rows = 8

  private func run<F: Factor>(
    _: F.Type, _ x: NormalizedMaps, _ kernel: Tensor, _ shape: ConvolutionShape,
    into output: inout Tensor, clip: Int
  ) throws {
    let (height, width, channels) = (shape.height, shape.width, shape.inChannels)
    let taps = weights.count / channels
    let pixels = WorkerBuffers<F>(count: Self.rows * width * channels)
    let products = try Tensor(shape: [height * width, taps]) { (products) throws(OneDNNError) in
      guard let base = products.baseAddress else { return }
      nonisolated(unsafe) let target = base
      try pixels.using { () throws(OneDNNError) in
        try kernel.withFactors(of: F.self) { (kernel) throws(OneDNNError) in
          let blocks = (height + Self.rows - 1) / Self.rows
          try shareOut(blocks: blocks) { (block, worker) throws(OneDNNError) in
            let first = block * Self.rows * width
            let count = min(Self.rows * width, height * width - first)
            x.copy(from: clip * height * width + first, count: count, to: pixels[worker])
            try F.multiply(
              1, pixels[worker], kernel, size: (m: count, n: taps, k: channels),
              transposingLeft: false, transposingRight: false, to: target + first * taps,
              adding: false)
          }
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
    let stride = shape.stride
    // With the columns that padding cuts off.
    let uncut = (shape.width - 1) * stride.width + kW
    let sums = UnsafeMutablePointer<Float>.allocate(capacity: uncut)
    defer { sums.deallocate() }
    for row in rows {
      sums.initialize(repeating: bias, count: uncut)
      for a in 0..<kH {
        let (source, rest) = (row + padTop - a).quotientAndRemainder(dividingBy: stride.height)
        guard rest == 0, row + padTop >= a, source < shape.height else { continue }
        let line = products + source * shape.width * kH * kW + a * kW
        for column in 0..<shape.width {
          let (values, sums) = (line + column * kH * kW, sums + column * stride.width)
          for b in 0..<kW { sums[b] += values[b] }
        }
      }
      (output + row * width).update(from: sums + padLeft, count: width)
    }
  }
}
