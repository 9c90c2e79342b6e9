import PIQOneDNN
import PIQTensor

/// From a coarse map to a fine one by products of matrices: a strip of rows at a time, one product
/// gives kH kW F values a coarse pixel, which are added up where they overlap (col2im). Sums do not
/// depend on the number of cores.
struct Col2ImPlan: Sendable {
  let geometry: ConvolutionGeometry
  /// [C, F, kH, kW].
  let weights: ConvolutionWeights
  let precision: Precision
  /// [C, kH kW F], of operands.
  private let kernel = Lazy<Tensor>(keptFrom: 2)

  /// The values of a strip's products, so that they stay in the caches.
  private static let stripValues = 1 << 20
  /// Blocks that workers share a strip in, and the least pixels of each: the kernel is read for every
  /// one.
  private static let (blocks, leastPixels) = (16, 24)

  /// The fine maps [B, H', W', F] of coarse ones.
  ///
  /// - Parameters:
  ///   - coarse: [B, H, W, C].
  ///   - size: the fine maps' extents H' and W'. Rows and columns that no window reaches have the
  ///     epilogue of zero.
  func fine(
    _ coarse: NormalizedMaps, size: Extent, epilogue: Epilogue = Epilogue()
  ) throws -> Tensor {
    switch precision {
    case .float32: try fine(Float.self, coarse, size, epilogue)
    case .bfloat16: try fine(BFloat16.self, coarse, size, epilogue)
    }
  }

  private func fine<F: Operand>(
    _: F.Type, _ coarse: NormalizedMaps, _ size: Extent, _ epilogue: Epilogue
  ) throws -> Tensor {
    let (geometry, window, channels) = (geometry, geometry.windowSize, geometry.coarseChannels)
    let (clips, from) = (coarse.maps.shape[0], Extent(of: coarse.maps.shape))
    let height = max(1, min(from.height, Self.stripValues / max(1, from.width * window)))
    let blocks = min(Self.blocks, max(1, height * from.width / Self.leastPixels))
    let step = (height * from.width + blocks - 1) / blocks
    let pixels = WorkerBuffers<F>(count: step * channels)
    let sums = WorkerBuffers<Float>(count: size.width * geometry.fineChannels)
    var products = Tensor(shape: [height * from.width * window]) { _ in }
    nonisolated(unsafe) let values = products.operands(of: Float.self)
    let kernel = kernel { F.rounded(tapKernel()) }
    var output = Tensor(shape: [clips, size.height, size.width, geometry.fineChannels])
    nonisolated(unsafe) let target = output.operands(of: Float.self)
    try epilogue.withOperation(channels: geometry.fineChannels) { operation in
      try kernel.withOperands(of: F.self) { kernel in
        for clip in 0..<clips {
          for first in stride(from: 0, to: from.height, by: height) {
            let rows = first..<min(first + height, from.height)
            let count = rows.count * from.width
            try parallelFor(blocks: (count + step - 1) / step) {
              (block, worker) throws(OneDNNError) in
              let block = block * step..<min((block + 1) * step, count)
              coarse.copy(
                from: clip * from.count + first * from.width + block.lowerBound,
                count: block.count, to: pixels[worker])
              try F.multiply(
                1, pixels[worker], kernel, size: (m: block.count, n: window, k: channels),
                transposingLeft: false, transposingRight: false,
                to: values + block.lowerBound * window, adding: false)
            }
            let strip = Strip(
              geometry: geometry, values: values, rows: rows, width: from.width,
              isLast: rows.upperBound == from.height)
            try strip.add(
              to: target + clip * size.count * geometry.fineChannels, size,
              then: epilogue.isEmpty ? nil : operation, in: sums)
          }
        }
      }
    }
    return withExtendedLifetime((pixels, sums, products)) { output }
  }

  /// [C, F, kH, kW] to [C, kH kW F].
  private func tapKernel() -> Tensor {
    let (channels, fine, taps) = (weights.shape[0], weights.shape[1], geometry.taps)
    guard fine > 1 else { return weights.folded }
    return weights.folded.withUnsafeBuffer { weights in
      Tensor(shape: [channels, taps * fine]) { kernel in
        guard let weights = weights.baseAddress, let kernel = kernel.baseAddress else { return }
        nonisolated(unsafe) let (source, target) = (weights, kernel)
        inParallel(rows: channels) { range in
          for c in range {
            let (source, target) = (source + c * fine * taps, target + c * fine * taps)
            for tap in 0..<taps {
              for f in 0..<fine { target[tap * fine + f] = source[f * taps + tap] }
            }
          }
        }
      }
    }
  }

  /// The products of some coarse rows.
  private struct Strip: @unchecked Sendable {
    // Sendable: only read.
    let geometry: ConvolutionGeometry
    /// [rows, width, kH, kW, F].
    let values: UnsafePointer<Float>
    let rows: Range<Int>
    let width: Int
    let isLast: Bool

    /// Adds them to the rows of a fine map [H', W', F], and finishes those that no later strip adds
    /// to.
    func add(
      to output: UnsafeMutablePointer<Float>, _ size: Extent, then operation: PixelOperation?,
      in sums: WorkerBuffers<Float>
    ) throws(OneDNNError) {
      let (step, pad, channels) = (
        geometry.stride.height, geometry.padding.height, geometry.fineChannels
      )
      /// The first fine row that the coarse row `row` adds to.
      func start(_ row: Int) -> Int { min(size.height, max(0, row * step - pad)) }
      let first = rows.lowerBound == 0 ? 0 : start(rows.lowerBound)
      let finished = isLast ? size.height : start(rows.upperBound)
      let reached = min(size.height, (rows.upperBound - 1) * step - pad + geometry.kernel.height)
      nonisolated(unsafe) let output = output
      try parallelFor(blocks: max(0, max(finished, reached) - first)) {
        (block, worker) throws(OneDNNError) in
        let row = first + block
        let line = output + row * size.width * channels
        add(to: line, and: sums[worker], row: row, width: size.width)
        if row < finished { operation?(line, count: size.width, channels: channels) }
      }
    }

    private func add(
      to line: UnsafeMutablePointer<Float>, and other: UnsafeMutablePointer<Float>, row: Int,
      width: Int
    ) {
      let (channels, window) = (geometry.fineChannels, geometry.windowSize)
      let taps = geometry.kernel.width
      // Alternate rows of taps are summed separately: two short sums round less than a long one.
      other.update(repeating: 0, count: width * channels)
      var isOther = false
      for a in 0..<geometry.kernel.height where row + geometry.padding.height >= a {
        let (source, rest) = (row + geometry.padding.height - a)
          .quotientAndRemainder(dividingBy: geometry.stride.height)
        guard rest == 0, rows.contains(source) else { continue }
        let values = values + (source - rows.lowerBound) * self.width * window + a * taps * channels
        let target = isOther ? other : line
        for column in 0..<self.width {
          let first = column * geometry.stride.width - geometry.padding.width
          let range = max(0, -first)..<max(max(0, -first), min(taps, width - first))
          let (values, target) = (values + column * window, target + first * channels)
          for i in range.lowerBound * channels..<range.upperBound * channels {
            target[i] += values[i]
          }
        }
        isOther.toggle()
      }
      for i in 0..<width * channels { line[i] += other[i] }
    }
  }
}
