import Dispatch
import OneDNN
import Synchronization
import Tensor

/// Convolutions with kernel 4, stride 2 and padding 1 between a fine map and a coarse one of half
/// its height and width, in both directions, with less than half of the multiplications (Winograd's
/// minimal filtering, as Lavin and Gray use it, arXiv 1509.09308).
///
/// A transposed convolution goes from coarse to fine, and its gradient comes back; an ordinary one
/// goes from fine to coarse. H x W is the size of the coarse map and C its channels, F those of the
/// fine one, whose extents are 2 H and 2 W or one more.
///
/// As in `DoublingPlan`, the fine pixels 2j - 1 and 2j come from the coarse pixels j - 1 and j, so
/// that along both axes one convolution with kernel 2 makes all: at position (j, k) of
/// (H + 1) x (W + 1) it has 4 F channels, for odd and even rows times odd and even columns. Tiles of
/// 3 by 3 such positions take 16 products in place of 36. With the taps g and the input d, along one
/// axis:
///
///     y[0] = m0 + m1 + m2    m0 = g[0] (d[0] - d[2])           m1 = (g[0] + g[1]) (d[1] + d[2]) / 2
///     y[1] = m1 - m2         m2 = (g[0] - g[1]) (d[2] - d[1]) / 2
///     y[2] = m1 + m2 + m3    m3 = g[1] (d[3] - d[1])
///
/// Each of the 16 products is one of matrices, tiles by channels.
final class DoublingProducts: Sendable {
  /// Tiles at a time: their transforms stay in the caches.
  private static let tilesAtATime = 96
  private static let points = 16

  /// What the factors of the products are rounded to.
  let precision: Precision
  private let coarseChannels, fineChannels: Int
  /// The kernel's transform [16, C, 4 F], of factors.
  private let kernel: Tensor

  /// With few channels the transforms cost more than the products save.
  private static let fewestChannels = 64

  /// Whether this is the better way: channels fill vectors, and there are many.
  static func fits(_ geometry: ConvolutionGeometry) -> Bool {
    geometry.kernel == .init(4, 4) && geometry.stride == .init(2, 2)
      && geometry.padBefore == .init(1, 1) && geometry.padAfter == .init(1, 1)
      && [geometry.inChannels, geometry.outChannels].allSatisfy {
        $0.isMultiple(of: 8) && $0 >= fewestChannels
      }
  }

  /// The taps of the kernel that meet coarse pixels j - 1 and j, for odd and for even fine pixels.
  private static let taps = [[2, 0], [3, 1]]
  /// What becomes of the two taps, point by point.
  private static let kernelTransform: [[Float]] = [[1, 0], [1, 1], [1, -1], [0, 1]]

  /// - Parameter weights: [C, F, 4, 4], as PyTorch has them for either direction.
  init(weights: Tensor, precision: Precision) {
    let (c, f) = (weights.shape[0], weights.shape[1])
    (coarseChannels, fineChannels) = (c, f)
    self.precision = precision
    // Sums begin at zero.
    var sums = Tensor(shape: [Self.points, c, 4 * f])
    weights.withUnsafeBuffer { weights in
      sums.withUnsafeMutableBuffer { kernel in
        let (weights, kernel) = (weights.baseAddress!, kernel.baseAddress!)
        Self.forEachTap { phase, point, tap, factor in
          let destination = kernel + point * c * 4 * f + phase * f
          inParallel(rows: c) { range in
            for coarse in range {
              for fine in 0..<f {
                destination[coarse * 4 * f + fine] +=
                  factor * weights[(coarse * f + fine) * 16 + tap]
              }
            }
          }
        }
      }
    }
    switch precision {
    case .float32: kernel = sums
    case .bfloat16: kernel = Self.rounded(sums, to: BFloat16.self)
    }
  }

  private static func rounded<F: Factor>(_ values: Tensor, to: F.Type) -> Tensor {
    var result = F.buffer(values.count)
    let target = result.factors(of: F.self)
    values.withUnsafeBuffer { F.copy($0.baseAddress!, count: $0.count, to: target) }
    return result
  }

  /// Calls `body` for each phase, point of the transform and tap of the 4 by 4 kernel that have to
  /// do with each other.
  private static func forEachTap(
    _ body: (_ phase: Int, _ point: Int, _ tap: Int, _ factor: Float) -> Void
  ) {
    for phase in 0..<4 {
      for point in 0..<points {
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

  // MARK: From coarse to fine

  /// The transposed convolution of all clips.
  ///
  /// - Parameters:
  ///   - coarse: [B, H, W, C].
  ///   - height, width: the fine map's extents, 2 H and 2 W or one more.
  ///   - bias: [F]; none if nil.
  ///   - relu: whether what is negative becomes zero.
  /// - Returns: [B, height, width, F].
  func fine(
    _ coarse: NormalizedMaps, height: Int, width: Int, bias: Tensor? = nil, relu: Bool = false
  ) throws -> Tensor {
    switch precision {
    case .float32: try fine(Float.self, coarse, height, width, bias, relu)
    case .bfloat16: try fine(BFloat16.self, coarse, height, width, bias, relu)
    }
  }

  private func fine<F: Factor>(
    _: F.Type, _ coarse: NormalizedMaps, _ height: Int, _ width: Int, _ bias: Tensor?, _ relu: Bool
  ) throws -> Tensor {
    let shape = coarse.maps.shape
    let grid = TileGrid(clips: shape[0], height: shape[1] + 1, width: shape[2] + 1)
    let (c, f4) = (coarseChannels, 4 * fineChannels)
    return try coarse.withPixels { source in
      try Tensor(shape: [shape[0], height, width, fineChannels]) { result in
        let target = MutablePixelMap(
          result.baseAddress!, height: height, width: width, channels: fineChannels)
        try withExtendedLifetime(bias) {
          let bias = bias?.withUnsafeBuffer { $0.baseAddress }
          try forEachBlock(of: grid, F.self, c, Float.self, f4) { tiles, left, right, _ in
            source.transform(
              tiles, of: grid, from: -1, step: 1, phases: 1, isFlipped: false, to: left)
            try multiply(left, (tiles.count, f4, c), to: right)
            target.restore(
              right, tiles, of: grid, step: 2, phases: 2, isFlipped: false, bias: bias, relu: relu)
          }
        }
      }
    }
  }

  /// One product for each point: tiles by channels times the kernel, or times its transpose.
  private func multiply<F: Factor>(
    _ left: UnsafeMutablePointer<F>, _ size: (m: Int, n: Int, k: Int), isBackwards: Bool = false,
    to right: UnsafeMutablePointer<Float>
  ) throws(OneDNNError) {
    try kernel.withFactors(of: F.self) { (kernel) throws(OneDNNError) in
      try F.multiply(
        Self.points, left, kernel, size: size, transposingLeft: false,
        transposingRight: isBackwards, to: right, adding: false)
    }
  }

  // MARK: From fine to coarse

  /// The convolution of all clips.
  ///
  /// - Parameters:
  ///   - fine: [B, H', W', F].
  ///   - bias: [C]; none if nil.
  ///   - relu: whether what is negative becomes zero.
  /// - Returns: [B, H' / 2, W' / 2, C], quotients rounded down.
  func coarse(_ fine: Tensor, bias: Tensor? = nil, relu: Bool = false) throws -> Tensor {
    switch precision {
    case .float32: try coarse(Float.self, fine, bias, relu)
    case .bfloat16: try coarse(BFloat16.self, fine, bias, relu)
    }
  }

  private func coarse<F: Factor>(
    _: F.Type, _ fine: Tensor, _ bias: Tensor?, _ relu: Bool
  ) throws -> Tensor {
    let (b, h, w) = (fine.shape[0], fine.shape[1] / 2, fine.shape[2] / 2)
    let grid = TileGrid(clips: b, height: h, width: w)
    let (c, f4) = (coarseChannels, 4 * fineChannels)
    return try NormalizedMaps(fine).withPixels { source in
      try Tensor(shape: [b, h, w, c]) { result in
        let target = MutablePixelMap(result.baseAddress!, height: h, width: w, channels: c)
        try withExtendedLifetime(bias) {
          let bias = bias?.withUnsafeBuffer { $0.baseAddress }
          try forEachBlock(of: grid, F.self, f4, Float.self, c) { tiles, left, right, _ in
            source.transform(
              tiles, of: grid, from: -1, step: 2, phases: 2, isFlipped: true, to: left)
            try multiply(left, (tiles.count, c, f4), isBackwards: true, to: right)
            target.restore(
              right, tiles, of: grid, step: 1, phases: 1, isFlipped: true, bias: bias, relu: relu)
          }
        }
      }
    }
  }

  // MARK: Weights

  /// The gradient [C, F, 4, 4] of the weights, which is the same in both directions.
  ///
  /// - Parameters:
  ///   - coarse: what the coarse end held, or its gradient: [B, H, W, C].
  ///   - fine: the gradient of the fine end, or what it held: [B, H', W', F].
  func weightGradient(coarse: NormalizedMaps, fine: Tensor) throws -> Tensor {
    switch precision {
    case .float32: try weightGradient(Float.self, coarse, fine)
    case .bfloat16: try weightGradient(BFloat16.self, coarse, fine)
    }
  }

  private func weightGradient<F: Factor>(
    _: F.Type, _ coarse: NormalizedMaps, _ fine: Tensor
  ) throws -> Tensor {
    let shape = coarse.maps.shape
    let grid = TileGrid(clips: shape[0], height: shape[1] + 1, width: shape[2] + 1)
    let (c, f4) = (coarseChannels, 4 * fineChannels)
    var sums = (0..<Self.workers).map { _ in Tensor(shape: [Self.points, c, f4]) }
    let totals = sums.indices.map { index in
      sums[index].withUnsafeMutableBuffer { SharedPointer(base: $0.baseAddress!) }
    }
    try coarse.withPixels { source in
      try NormalizedMaps(fine).withPixels { other in
        try forEachBlock(of: grid, F.self, c, F.self, f4) { tiles, left, right, worker in
          source.transform(
            tiles, of: grid, from: -1, step: 1, phases: 1, isFlipped: false, to: left)
          other.spread(tiles, of: grid, to: right)
          try F.multiply(
            Self.points, left, right, size: (m: c, n: f4, k: tiles.count), transposingLeft: true,
            transposingRight: false, to: totals[worker].base, adding: true)
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
            let source = sums + point * c * 4 * f + phase * f
            inParallel(rows: c) { range in
              for coarse in range {
                for fine in 0..<f {
                  value[(coarse * f + fine) * 16 + tap] += factor * source[coarse * 4 * f + fine]
                }
              }
            }
          }
        }
      }
    }
    return value
  }

  // MARK: Blocks of tiles

  private static var workers: Int { min(threadCount, 16) }

  private struct SharedPointer: @unchecked Sendable {
    // Sendable: each worker has one of its own.
    let base: UnsafeMutablePointer<Float>
  }

  /// Calls `body` with every block of tiles and two buffers [16, tiles, channels], on all cores.
  /// Each worker has its blocks, whatever its pace: what it sums up is the same in every run.
  private func forEachBlock<Left: Factor, Right: Factor>(
    of grid: TileGrid, _: Left.Type, _ leftChannels: Int, _: Right.Type, _ rightChannels: Int,
    _ body: (
      _ tiles: Range<Int>, _ left: UnsafeMutablePointer<Left>,
      _ right: UnsafeMutablePointer<Right>, _ worker: Int
    ) throws -> Void
  ) throws {
    let workers = Self.workers
    // As large as they may be, but enough for all.
    let size = max(1, min(Self.tilesAtATime, (grid.count + workers - 1) / workers))
    let blocks = (grid.count + size - 1) / size
    let failure = Mutex<OneDNNError?>(nil)
    withoutActuallyEscaping(body) { body in
      // Workers write to places of their own.
      nonisolated(unsafe) let body = body
      DispatchQueue.concurrentPerform(iterations: min(workers, blocks)) { worker in
        var left = Left.buffer(Self.points * size * leftChannels)
        var right = Right.buffer(Self.points * size * rightChannels)
        let leftFactors = left.factors(of: Left.self)
        let rightFactors = right.factors(of: Right.self)
        defer { withExtendedLifetime((left, right)) {} }
        onThisThreadAlone {
          do {
            for block in stride(from: worker, to: blocks, by: workers) {
              let tiles = block * size..<min((block + 1) * size, grid.count)
              try body(tiles, leftFactors, rightFactors, worker)
            }
          } catch let error as OneDNNError {
            failure.withLock { $0 = error }
          } catch {
            failure.withLock { $0 = OneDNNError(operation: "a product", reason: "\(error)") }
          }
        }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }
}
