import PIQOneDNN
import PIQTensor

/// A transposed convolution to a single channel, as the last layer of a decoder: strip by strip of
/// rows, one product of matrices gives kH kW values a pixel, which are then added up where they
/// overlap. oneDNN's own way reaches a tenth of the speed.
final class SingleChannelProduct: ForwardPlan {
  private let geometry: ConvolutionGeometry
  /// The weights [I, kH kW], as factors.
  private let kernel: Tensor
  private let bias: Float
  private let precision: Precision
  private var taps: Int { geometry.kernel.height * geometry.kernel.width }

  /// Whether a layer is of this kind.
  static func fits(_ geometry: ConvolutionGeometry) -> Bool {
    geometry.isTransposed && geometry.outChannels == 1
      && [geometry.padBefore, geometry.padAfter].allSatisfy { $0.height >= 0 && $0.width >= 0 }
  }

  /// - Parameters:
  ///   - weights: [I, 1, kH, kW].
  ///   - bias: [1].
  init(_ geometry: ConvolutionGeometry, weights: Tensor, bias: Tensor, precision: Precision) {
    self.geometry = geometry
    self.bias = bias.scalar
    self.precision = precision
    switch precision {
    case .float32: kernel = weights
    case .bfloat16: kernel = BFloat16.rounded(weights)
    }
  }

  func work(on x: Tensor) -> LayerClock.Work {
    let multiplications = geometry.shape(of: x).multiplications
    let kernel = precision == .float32 ? Float.kernel : BFloat16.kernel
    return .init(
      method: "product (\(kernel))", multiplications: multiplications, performed: multiplications)
  }

  func callAsFunction(_ x: Tensor, adding residual: Tensor?) throws -> Tensor {
    precondition(residual == nil, "no layer of this network adds to a decoder's output")
    return try self(NormalizedMaps(x))
  }

  /// Rows of a strip, and of a block within it: what a strip's products take stays small.
  private static let stripHeight = 48
  private static let blockHeight = 4

  /// Maps [B, H, W, I] to [B, H', W', 1].
  func callAsFunction(_ x: NormalizedMaps) throws -> Tensor {
    let (b, h, w) = (x.maps.shape[0], x.maps.shape[1], x.maps.shape[2])
    var output = emptyOutput(batch: b, height: h, width: w)
    for clip in 0..<b {
      for first in stride(from: 0, to: h, by: Self.stripHeight) {
        let rows = first..<min(first + Self.stripHeight, h)
        try add(x, clip: clip, rows: rows, to: &output, clip: clip, firstRow: first)
      }
    }
    return output
  }

  /// The output [B, H', W', 1] for an input of that size, with nothing but the bias in it.
  func emptyOutput(batch: Int, height: Int, width: Int) -> Tensor {
    var shape = geometry.shape(of: Tensor(shape: [batch, 0, 0, geometry.inChannels]))
    (shape.height, shape.width) = (height, width)
    return Tensor(shape: shape.output, repeating: bias)
  }

  /// Adds to the output what some rows of the input contribute.
  ///
  /// - Parameters:
  ///   - x: [B, H, W, I].
  ///   - source: the clip of `x`, and which of its rows.
  ///   - clip: which clip of the output they belong to.
  ///   - firstRow: the place of the first of these rows among all rows of the input.
  func add(
    _ x: NormalizedMaps, clip source: Int, rows: Range<Int>, to output: inout Tensor, clip: Int,
    firstRow: Int
  ) throws {
    let products = try self.products(of: x, clip: source, rows: rows)
    let (height, width) = (output.shape[1], output.shape[2])
    products.withUnsafeBuffer { products in
      output.withUnsafeMutableBuffer { output in
        guard let products = products.baseAddress,
          let output = output.baseAddress.map({ $0 + clip * height * width })
        else { return }
        let strip = Strip(products, rows: rows.count, columns: x.maps.shape[2], first: firstRow)
        let reached = strip.reached(geometry, of: height)
        inParallel(rows: reached.count) { range in
          overlap(
            strip,
            rows: range.lowerBound + reached.lowerBound..<range.upperBound + reached.lowerBound,
            width: width, into: output)
        }
      }
    }
  }

  /// kH kW values for each pixel of some rows: [rows W, kH kW].
  private func products(of x: NormalizedMaps, clip: Int, rows: Range<Int>) throws -> Tensor {
    switch precision {
    case .float32: try products(Float.self, x, clip, rows)
    case .bfloat16: try products(BFloat16.self, x, clip, rows)
    }
  }

  private func products<F: Factor>(
    _: F.Type, _ x: NormalizedMaps, _ clip: Int, _ rows: Range<Int>
  ) throws -> Tensor {
    let (height, width, channels) = (x.maps.shape[1], x.maps.shape[2], x.maps.shape[3])
    let taps = taps
    let start = (clip * height + rows.lowerBound) * width
    let pixels = WorkerBuffers<F>(count: Self.blockHeight * width * channels)
    return try Tensor(shape: [rows.count * width, taps]) { (products) throws(OneDNNError) in
      guard let base = products.baseAddress else { return }
      nonisolated(unsafe) let target = base
      try pixels.using { () throws(OneDNNError) in
        try kernel.withFactors(of: F.self) { (kernel) throws(OneDNNError) in
          let blocks = (rows.count + Self.blockHeight - 1) / Self.blockHeight
          try shareOut(blocks: blocks) { (block, worker) throws(OneDNNError) in
            let first = block * Self.blockHeight * width
            let count = min(Self.blockHeight * width, rows.count * width - first)
            x.copy(from: start + first, count: count, to: pixels[worker])
            try F.multiply(
              1, pixels[worker], kernel, size: (m: count, n: taps, k: channels),
              transposingLeft: false, transposingRight: false, to: target + first * taps,
              adding: false)
          }
        }
      }
    }
  }

  /// The products of some rows of the input.
  private struct Strip {
    let products: UnsafePointer<Float>
    let rows, columns: Int
    /// The place of their first row among all rows.
    let first: Int

    init(_ products: UnsafePointer<Float>, rows: Int, columns: Int, first: Int) {
      self.products = products
      self.rows = rows
      self.columns = columns
      self.first = first
    }

    /// The rows of an output of `height` rows that they contribute to.
    func reached(_ geometry: ConvolutionGeometry, of height: Int) -> Range<Int> {
      let start = first * geometry.stride.height - geometry.padBefore.height
      let end = start + (rows - 1) * geometry.stride.height + geometry.kernel.height
      let lower = min(max(0, start), height)
      return lower..<max(lower, min(end, height))
    }
  }

  /// Adds a strip's contributions to the rows `rows` of the output.
  private func overlap(
    _ strip: Strip, rows: Range<Int>, width: Int, into output: UnsafeMutablePointer<Float>
  ) {
    let (kH, kW) = (geometry.kernel.height, geometry.kernel.width)
    let (padTop, padLeft) = (geometry.padBefore.height, geometry.padBefore.width)
    let step = geometry.stride
    // With the columns that padding cuts off.
    let uncut = (strip.columns - 1) * step.width + kW
    withUnsafeTemporaryAllocation(of: Float.self, capacity: uncut) { sums in
      guard let sums = sums.baseAddress else { return }
      for row in rows {
        sums.initialize(repeating: 0, count: uncut)
        for a in 0..<kH where row + padTop >= a {
          let (source, rest) = (row + padTop - a).quotientAndRemainder(dividingBy: step.height)
          let line = source - strip.first
          guard rest == 0, line >= 0, line < strip.rows else { continue }
          let products = strip.products + line * strip.columns * kH * kW + a * kW
          for column in 0..<strip.columns {
            let (values, sums) = (products + column * kH * kW, sums + column * step.width)
            for b in 0..<kW { sums[b] += values[b] }
          }
        }
        let output = output + row * width
        for column in 0..<width { output[column] += sums[column + padLeft] }
      }
    }
  }
}
