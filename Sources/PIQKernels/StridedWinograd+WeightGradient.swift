import PIQOneDNN
import PIQTensor

extension StridedWinograd {
  /// The taps of the kernel that meet coarse pixels j - 1 and j, for odd and for even fine pixels.
  private static let taps = [[2, 0], [3, 1]]
  /// The transform of the two taps, by point, for tiles of three.
  private static let kernelTransform: [[Float]] = [[1, 0], [1, 1], [1, -1], [0, 1]]
  /// More tiles at a time, because each block adds to sums larger than the caches.
  private static let blocksSummedAtOnce = 3

  /// The gradient of the weights, in their shape, which is the same in both directions.
  ///
  /// - Parameters:
  ///   - coarse: the coarse map or its gradient: [B, H, W, C].
  ///   - fine: the gradient of the fine map, or the map: [B, H', W', F].
  func weightGradient(coarse: NormalizedMaps, fine: Tensor) throws -> Tensor {
    switch precision {
    case .float32: try weightGradient(Float.self, coarse, fine)
    case .bfloat16: try weightGradient(BFloat16.self, coarse, fine)
    }
  }

  private func weightGradient<F: Operand>(
    _: F.Type, _ coarse: NormalizedMaps, _ fine: Tensor
  ) throws -> Tensor {
    let shape = coarse.maps.shape
    let grid = TileGrid(
      clips: 0..<shape[0], rows: 0..<shape[1] + 1, width: shape[2] + 1, side: side)
    let (c, f) = (coarseChannels, fineChannels)
    var sums = (0..<workerCount).map { _ in Tensor(shape: [Self.phases, side.points, c, f]) }
    let totals = sums.indices.map { sums[$0].operands(of: Float.self) }
    try coarse.withPixels { source in
      try NormalizedMaps(fine).withPixels { other in
        let size = Self.tilesAtATime(of: grid) * Self.blocksSummedAtOnce
        try forEachBlock(of: grid, F.self, c, F.self, f, size: size, schedule: .fixed) {
          (tiles, left, right, worker) throws(OneDNNError) in
          source.evaluate(tiles, of: grid, .coarseBefore, to: left)
          for phase in 0..<Self.phases {
            other.spread(tiles, of: grid, .fine(phase: phase), to: right)
            try F.multiply(
              side.points, left, right, size: (m: c, n: f, k: tiles.count), transposingLeft: true,
              transposingRight: false, to: totals[worker] + phase * side.points * c * f,
              adding: true)
          }
        }
      }
    }
    return kernelGradient(sums)
  }

  /// The gradient of the weights from those of the products.
  private func kernelGradient(_ sums: [Tensor]) -> Tensor {
    let (c, f) = (coarseChannels, fineChannels)
    var value = Tensor(shape: [c, f, 4, 4])
    for sums in sums {
      sums.withUnsafeBuffer { sums in
        value.withUnsafeMutableBuffer { value in
          let (sums, value) = (sums.baseAddress!, value.baseAddress!)
          Self.forEachTap { phase, point, tap, factor in
            let source = sums + (phase * side.points + point) * c * f
            inParallel(rows: c) { range in
              for coarse in range {
                for fine in 0..<f {
                  value[(coarse * f + fine) * 16 + tap] += factor * source[coarse * f + fine]
                }
              }
            }
          }
        }
      }
    }
    return value.resized(toKernel: kernelSize)
  }

  /// Calls `body` for each phase, point of the transform and tap of the 4 by 4 kernel that are
  /// related.
  private static func forEachTap(
    _ body: (_ phase: Int, _ point: Int, _ tap: Int, _ factor: Float) -> Void
  ) {
    for phase in 0..<phases {
      for point in 0..<TileSide.three.points {
        for a in 0..<2 {
          for b in 0..<2 {
            let factor = kernelTransform[point / 4][a] * kernelTransform[point % 4][b]
            guard factor != 0 else { continue }
            body(phase, point, taps[phase / 2][a] * 4 + taps[phase % 2][b], factor)
          }
        }
      }
    }
  }
}

extension Tensor {
  /// Kernels [C, F, k, k] with zeros after their last row and column, or without the last ones.
  func resized(toKernel size: Int) -> Tensor {
    let k = shape[2]
    guard k != size else { return self }
    return withUnsafeBuffer { values in
      Tensor(shape: [shape[0], shape[1], size, size]) { result in
        for i in result.indices {
          let (kernel, tap) = i.quotientAndRemainder(dividingBy: size * size)
          let (a, b) = tap.quotientAndRemainder(dividingBy: size)
          result[i] = a < k && b < k ? values[(kernel * k + a) * k + b] : 0
        }
      }
    }
  }
}
