import PIQOneDNN
import PIQTensor

/// The way back through a transposed convolution with stride 1 to a single channel: the windows of
/// the gradient, kH kW values a pixel, as one matrix a row of pixels.
struct SingleChannelGradient {
  private let geometry: ConvolutionGeometry
  private let weights: Tensor
  private let precision: Precision

  /// - Parameter weights: [I, 1, kH, kW].
  init(_ geometry: ConvolutionGeometry, weights: Tensor, precision: Precision) {
    self.geometry = geometry
    self.weights = weights
    self.precision = precision
  }

  /// - Parameters:
  ///   - gradient: that of the output [B, H', W', 1].
  ///   - x: the input [B, H, W, I].
  /// - Returns: the gradients of the input and of the weights [I, 1, kH, kW].
  func callAsFunction(
    _ gradient: Tensor, at x: NormalizedMaps, needsWeights: Bool
  ) throws -> (input: Tensor, weights: Tensor?) {
    switch precision {
    case .float32: try run(Float.self, gradient, at: x, needsWeights)
    case .bfloat16: try run(BFloat16.self, gradient, at: x, needsWeights)
    }
  }

  private func run<F: Factor>(
    _: F.Type, _ gradient: Tensor, at x: NormalizedMaps, _ needsWeights: Bool
  ) throws -> (input: Tensor, weights: Tensor?) {
    let (clips, height, width) = (x.maps.shape[0], x.maps.shape[1], x.maps.shape[2])
    let (channels, taps) = (geometry.inChannels, weights.count / geometry.inChannels)
    // [kH kW, I]: products with a transposed factor are slower.
    let kernel = F.rounded(weights.reshaped([channels, taps]).transposed([1, 0]))
    let windows = WorkerBuffers<F>(count: Self.rows * width * taps)
    let pixels = WorkerBuffers<F>(count: needsWeights ? Self.rows * width * channels : 0)
    var sums = (0..<workerCount).map { _ in Tensor(shape: needsWeights ? weights.shape : [0]) }
    let totals = sums.indices.map { sums[$0].factors(of: Float.self) }
    let blocksPerClip = (height + Self.rows - 1) / Self.rows
    let input = try Tensor(shape: x.maps.shape) { (input) throws(OneDNNError) in
      guard let base = input.baseAddress else { return }
      nonisolated(unsafe) let input = base
      try kernel.withFactors(of: F.self) { (kernel) throws(OneDNNError) in
        try shareOut(blocks: clips * blocksPerClip, .fixed) { (block, worker) throws(OneDNNError) in
          let (clip, blockOfClip) = block.quotientAndRemainder(dividingBy: blocksPerClip)
          let first = blockOfClip * Self.rows
          let rows = first..<min(first + Self.rows, height)
          let (pixel, count) = ((clip * height + first) * width, rows.count * width)
          fill(windows[worker], from: gradient, clip: clip, rows: rows, width: width)
          try F.multiply(
            1, windows[worker], kernel, size: (m: count, n: channels, k: taps),
            transposingLeft: false, transposingRight: false, to: input + pixel * channels,
            adding: false)
          guard needsWeights else { return }
          x.copy(from: pixel, count: count, to: pixels[worker])
          try F.multiply(
            1, pixels[worker], windows[worker], size: (m: channels, n: taps, k: count),
            transposingLeft: true, transposingRight: false, to: totals[worker], adding: true)
        }
      }
    }
    withExtendedLifetime((windows, pixels)) {}
    return (input, needsWeights ? sums.dropFirst().reduce(sums[0]) { sum($0, $1) } : nil)
  }

  /// Rows of pixels at a time.
  private static let rows = 8

  /// Writes the windows of some rows of pixels, kH kW values each.
  private func fill<F: Factor>(
    _ windows: UnsafeMutablePointer<F>, from gradient: Tensor, clip: Int, rows: Range<Int>,
    width: Int
  ) {
    let (outHeight, outWidth) = (gradient.shape[1], gradient.shape[2])
    let (kH, kW, pad) = (
      geometry.kernel.height, geometry.kernel.width, geometry.padBefore.height
    )
    gradient.withUnsafeBuffer { gradient in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: kH * kW) { window in
        guard let window = window.baseAddress,
          let gradient = gradient.baseAddress.map({ $0 + clip * outHeight * outWidth })
        else { return }
        for pixel in 0..<rows.count * width {
          let (row, column) = (rows.lowerBound + pixel / width - pad, pixel % width - pad)
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
          F.copy(window, count: kH * kW, to: windows + pixel * kH * kW)
        }
      }
    }
  }
}
