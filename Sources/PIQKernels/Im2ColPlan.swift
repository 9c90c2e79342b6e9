import PIQOneDNN
import PIQTensor

/// From a fine map to a coarse one by products of matrices: the windows of some coarse pixels, side
/// by side, times the kernel (im2col). Sums do not depend on the number of cores.
struct Im2ColPlan: Sendable {
  let geometry: ConvolutionGeometry
  /// [C, F, kH, kW].
  let weights: ConvolutionWeights
  let precision: Precision
  /// [kH kW F, C], of operands.
  private let kernel = Lazy<Tensor>(keptFrom: 2)

  /// The coarse maps [B, H, W, C] of fine ones.
  ///
  /// - Parameters:
  ///   - fine: [B, H', W', F].
  ///   - size: the coarse maps' extents H and W.
  ///   - residual: [B, H, W, C], added before the epilogue; nothing is added if nil.
  func coarse(
    _ fine: Tensor, size: Extent, epilogue: Epilogue = Epilogue(), adding residual: Tensor? = nil
  ) throws -> Tensor {
    let shape = [fine.shape[0], size.height, size.width, geometry.coarseChannels]
    var output = residual ?? Tensor(shape: shape) { _ in }
    let target = output.operands(of: Float.self)
    _ = try run(fine, size, Output(base: target, isAdded: residual != nil, epilogue: epilogue), nil)
    return output
  }

  /// The gradient of the weights [C, F, kH, kW].
  ///
  /// - Parameters:
  ///   - coarse: [B, H, W, C].
  ///   - fine: [B, H', W', F].
  func weightGradient(coarse: NormalizedMaps, fine: Tensor) throws -> Tensor {
    try run(fine, Extent(of: coarse.maps.shape), nil, coarse)
  }

  /// Both in one pass over the windows.
  func gradients(coarse: NormalizedMaps, fine: Tensor) throws -> (coarse: Tensor, weights: Tensor) {
    var output = Tensor(shape: coarse.maps.shape) { _ in }
    let target = output.operands(of: Float.self)
    let weights = try run(
      fine, Extent(of: coarse.maps.shape),
      Output(base: target, isAdded: false, epilogue: Epilogue()), coarse)
    return (output, weights)
  }

  /// The destination of the products with the kernel.
  private struct Output: @unchecked Sendable {
    // Sendable: workers write different pixels.
    let base: UnsafeMutablePointer<Float>
    let isAdded: Bool
    let epilogue: Epilogue
  }

  private func run(
    _ fine: Tensor, _ size: Extent, _ output: Output?, _ coarse: NormalizedMaps?
  ) throws -> Tensor {
    switch precision {
    case .float32: try run(Float.self, fine, size, output, coarse)
    case .bfloat16: try run(BFloat16.self, fine, size, output, coarse)
    }
  }

  /// Writes products with the kernel to `output`, and returns the sums of products with `coarse`.
  private func run<F: Operand>(
    _: F.Type, _ fine: Tensor, _ size: Extent, _ output: Output?, _ coarse: NormalizedMaps?
  ) throws -> Tensor {
    let (geometry, window, channels) = (geometry, geometry.windowSize, geometry.coarseChannels)
    let count = fine.shape[0] * size.count
    let step = pixels(of: count, coarse == nil ? 1 : Self.blocksSummedAtOnce)
    let windows = WorkerBuffers<F>(count: step * window)
    // Gathered values before rounding.
    let exact = WorkerBuffers<Float>(count: F.self == Float.self ? 0 : step * window)
    let pixels = WorkerBuffers<F>(count: coarse == nil ? 0 : step * channels)
    var sums = (0..<(coarse == nil ? 0 : workerCount)).map { _ in
      Tensor(shape: [channels, window])
    }
    let totals = sums.indices.map { sums[$0].operands(of: Float.self) }
    let kernel = output == nil ? Tensor(shape: [1]) : kernel { F.rounded(transposedKernel()) }
    try NormalizedMaps(fine).withPixels { source in
      try (output?.epilogue ?? Epilogue()).withOperation(channels: channels) { operation in
        try kernel.withOperands(of: F.self) { kernel in
          try parallelFor(
            blocks: (count + step - 1) / step, coarse == nil ? .dynamic : .fixed
          ) { (block, worker) throws(OneDNNError) in
            let block = block * step..<min((block + 1) * step, count)
            let windows = windows[worker]
            if let windows = windows as? UnsafeMutablePointer<Float> {
              source.gather(block, geometry, size, to: windows)
            } else {
              source.gather(block, geometry, size, to: exact[worker])
              F.copy(exact[worker], count: block.count * window, to: windows)
            }
            if let output {
              let target = output.base + block.lowerBound * channels
              try F.multiply(
                1, windows, kernel, size: (m: block.count, n: channels, k: window),
                transposingLeft: false, transposingRight: false, to: target, adding: output.isAdded)
              if !output.epilogue.isEmpty {
                operation(target, count: block.count, channels: channels)
              }
            }
            if let coarse {
              coarse.copy(from: block.lowerBound, count: block.count, to: pixels[worker])
              try F.multiply(
                1, pixels[worker], windows, size: (m: channels, n: window, k: block.count),
                transposingLeft: true, transposingRight: false, to: totals[worker], adding: true)
            }
          }
        }
      }
    }
    return withExtendedLifetime((windows, exact, pixels, sums)) { weights(of: totals) }
  }

  /// Pixels at a time: many enough for fast products, few enough for the caches, in an even number of
  /// equal blocks where there are few.
  private func pixels(of count: Int, _ factor: Int) -> Int {
    let most = factor * min(2048, max(96, 65_536 / geometry.windowSize))
    let blocks = (count + most - 1) / most
    guard blocks <= 4, count >= 32 else { return most }
    let even = (blocks + 1) / 2 * 2
    return (count + even - 1) / even
  }
  /// More of them where each block adds to sums larger than the caches.
  private static let blocksSummedAtOnce = 4

  /// [C, F, kH, kW] to [kH kW F, C].
  private func transposedKernel() -> Tensor {
    let (channels, fine, taps) = (weights.shape[0], weights.shape[1], geometry.taps)
    return weights.folded.withUnsafeBuffer { weights in
      Tensor(shape: [taps * fine, channels]) { kernel in
        guard let weights = weights.baseAddress, let kernel = kernel.baseAddress else { return }
        nonisolated(unsafe) let (source, target) = (weights, kernel)
        inParallel(rows: fine) { range in
          // A line of the cache at a time on both sides.
          for f in range {
            for first in stride(from: 0, to: channels, by: 16) {
              for tap in 0..<taps {
                let (source, target) = (
                  source + f * taps + tap, target + (tap * fine + f) * channels
                )
                for c in first..<min(first + 16, channels) { target[c] = source[c * fine * taps] }
              }
            }
          }
        }
      }
    }
  }

  /// The sums of all workers [C, kH kW F] as weights [C, F, kH, kW].
  private func weights(of totals: [UnsafeMutablePointer<Float>]) -> Tensor {
    let (channels, fine, taps) = (weights.shape[0], weights.shape[1], geometry.taps)
    return Tensor(shape: totals.isEmpty ? [0] : weights.shape) { result in
      guard let result = result.baseAddress, !totals.isEmpty else { return }
      nonisolated(unsafe) let (sources, target) = (totals, result)
      inParallel(rows: channels) { range in
        for c in range {
          for tap in 0..<taps {
            for f in 0..<fine {
              let place = (c * taps + tap) * fine + f
              target[(c * fine + f) * taps + tap] = sources.reduce(0) { $0 + $1[place] }
            }
          }
        }
      }
    }
  }
}
