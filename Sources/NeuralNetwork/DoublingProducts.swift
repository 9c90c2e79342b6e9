import OneDNN
import Tensor

/// Convolutions with kernel 4, stride 2 and padding 1 between a fine map and a coarse one of half
/// its height and width, in both directions, with less than half of the multiplications (Winograd's
/// minimal filtering, as Lavin and Gray use it, arXiv 1509.09308).
///
/// A transposed convolution goes from coarse to fine, and its gradient comes back; an ordinary one
/// goes from fine to coarse. H x W is the size of the coarse map and C its channels, F those of the
/// fine one, whose extents H' and W' are 2 H and 2 W, or one more. A transposed convolution with
/// kernel 3 is one of kernel 4 with zeros at the end, and its fine map has one row and column less.
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
/// Each of the 16 products is one of matrices, tiles by channels. The four phases, odd or even rows
/// and columns, take turns, so that what they need stays in the caches.
final class DoublingProducts: Sendable {
  /// Tiles at a time: their transforms stay in the caches. It depends on the map alone, so that
  /// results do not depend on the number of cores.
  private static func tilesAtATime(of grid: TileGrid) -> Int { grid.count < 400 ? 32 : 96 }
  /// More of them where each block adds to sums that no cache holds.
  private static let blocksSummedAtOnce = 3
  private static let points = 16
  private static let phases = 4

  /// What the factors of the products are rounded to.
  let precision: Precision
  private let coarseChannels, fineChannels, kernelSize: Int
  /// The kernel's transform [4, 16, C, F], of factors.
  private let kernel: Tensor

  /// With few channels the transforms cost more than the products save.
  private static let fewestChannels = 64

  /// Whether this is the better way: channels fill vectors, and there are many.
  static func fits(_ geometry: ConvolutionGeometry) -> Bool {
    (geometry.kernel == .init(4, 4) || geometry.isTransposed && geometry.kernel == .init(3, 3))
      && geometry.stride == .init(2, 2)
      && geometry.padBefore == .init(1, 1) && geometry.padAfter == .init(1, 1)
      && [geometry.inChannels, geometry.outChannels].allSatisfy {
        $0.isMultiple(of: 8) && $0 >= fewestChannels
      }
  }

  /// Whether a coarse map is so large that inference should make the kernel's transform, which
  /// takes time and four times the memory of the kernel.
  static func paysFor(coarseHeight: Int, width: Int) -> Bool { coarseHeight * width >= 2048 }

  /// The taps of the kernel that meet coarse pixels j - 1 and j, for odd and for even fine pixels.
  private static let taps = [[2, 0], [3, 1]]
  /// What becomes of the two taps, point by point.
  private static let kernelTransform: [[Float]] = [[1, 0], [1, 1], [1, -1], [0, 1]]

  /// - Parameter weights: [C, F, 4, 4], as PyTorch has them for either direction, or [C, F, 3, 3].
  init(weights: Tensor, precision: Precision) {
    kernelSize = weights.shape[2]
    let weights = weights.padded(toKernel: 4)
    let (c, f) = (weights.shape[0], weights.shape[1])
    (coarseChannels, fineChannels) = (c, f)
    self.precision = precision
    // Sums begin at zero.
    var sums = Tensor(shape: [Self.phases, Self.points, c, f])
    weights.withUnsafeBuffer { weights in
      sums.withUnsafeMutableBuffer { kernel in
        let (weights, kernel) = (weights.baseAddress!, kernel.baseAddress!)
        Self.forEachTap { phase, point, tap, factor in
          let destination = kernel + (phase * Self.points + point) * c * f
          inParallel(rows: c) { range in
            for coarse in range {
              for fine in 0..<f {
                destination[coarse * f + fine] +=
                  factor * weights[(coarse * f + fine) * 16 + tap]
              }
            }
          }
        }
      }
    }
    switch precision {
    case .float32: kernel = sums
    case .bfloat16: kernel = BFloat16.rounded(sums)
    }
  }

  /// Calls `body` for each phase, point of the transform and tap of the 4 by 4 kernel that have to
  /// do with each other.
  private static func forEachTap(
    _ body: (_ phase: Int, _ point: Int, _ tap: Int, _ factor: Float) -> Void
  ) {
    for phase in 0..<phases {
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
  ///   - height, width: the fine map's extents H' and W'.
  ///   - bias: [F]; none if nil.
  /// - Returns: [B, H', W', F].
  func fine(
    _ coarse: NormalizedMaps, height: Int, width: Int, bias: Tensor? = nil,
    fusing fusion: Fusion = Fusion()
  ) throws -> Tensor {
    let extent = FineExtent(
      clips: 0..<coarse.maps.shape[0], rows: 0..<coarse.maps.shape[1] + 1, height: height,
      width: width)
    return try fine(coarse, extent, bias, fusion)
  }

  /// Some rows of one clip's transposed convolution: those that the positions `rows` of 0...H make,
  /// which are 2 j - 1 and 2 j for each position j as far as they exist.
  ///
  /// - Returns: [1, fine rows, 2 W, F].
  func fine(
    _ coarse: NormalizedMaps, clip: Int, rows: Range<Int>, bias: Tensor? = nil,
    fusing fusion: Fusion = Fusion()
  ) throws -> Tensor {
    let extent = FineExtent(
      clips: clip..<clip + 1, rows: rows, height: 2 * coarse.maps.shape[1],
      width: 2 * coarse.maps.shape[2])
    return try fine(coarse, extent, bias, fusion)
  }

  /// Which part of the fine map is wanted.
  private struct FineExtent {
    let clips: Range<Int>
    /// In positions.
    let rows: Range<Int>
    /// Of the whole map.
    let height, width: Int

    var fineRows: Range<Int> {
      max(0, 2 * rows.lowerBound - 1)..<min(height, 2 * rows.upperBound - 1)
    }
  }

  private func fine(
    _ coarse: NormalizedMaps, _ extent: FineExtent, _ bias: Tensor?, _ fusion: Fusion
  ) throws -> Tensor {
    switch precision {
    case .float32: try fine(Float.self, coarse, extent, bias, fusion)
    case .bfloat16: try fine(BFloat16.self, coarse, extent, bias, fusion)
    }
  }

  private func fine<F: Factor>(
    _: F.Type, _ coarse: NormalizedMaps, _ extent: FineExtent, _ bias: Tensor?, _ fusion: Fusion
  ) throws -> Tensor {
    let grid = TileGrid(
      clips: extent.clips, rows: extent.rows, width: coarse.maps.shape[2] + 1)
    let (c, f) = (coarseChannels, fineChannels)
    let rows = extent.fineRows
    return try coarse.withPixels { source in
      try Tensor(
        shape: [extent.clips.count, rows.count, extent.width, fineChannels]
      ) { result in
        let target = MutablePixelMap(
          result.baseAddress!, clips: extent.clips, rows: rows, width: extent.width,
          channels: fineChannels)
        try PixelOperation.with(bias, fusion) { operation in
          try forEachBlock(of: grid, F.self, c, Float.self, f) {
            (tiles, left, right, _) throws(OneDNNError) in
            source.transform(tiles, of: grid, .coarseBefore, to: left)
            for phase in 0..<Self.phases {
              try multiply(left, phase, (tiles.count, f, c), to: right)
              target.restore(right, tiles, of: grid, .fine(phase: phase), then: operation)
            }
          }
        }
      }
    }
  }

  /// One product for each point: tiles by channels times a phase of the kernel, or added to what is
  /// there times its transpose.
  private func multiply<F: Factor>(
    _ left: UnsafeMutablePointer<F>, _ phase: Int, _ size: (m: Int, n: Int, k: Int),
    isBackwards: Bool = false, to right: UnsafeMutablePointer<Float>
  ) throws(OneDNNError) {
    try kernel.withFactors(of: F.self) { (kernel) throws(OneDNNError) in
      try F.multiply(
        Self.points, left, kernel + phase * Self.points * coarseChannels * fineChannels,
        size: size, transposingLeft: false, transposingRight: isBackwards, to: right,
        adding: isBackwards && phase > 0)
    }
  }

  // MARK: From fine to coarse

  /// The convolution of all clips.
  ///
  /// - Parameters:
  ///   - fine: [B, H', W', F].
  ///   - height, width: the coarse map's extents H and W.
  ///   - bias: [C]; none if nil.
  /// - Returns: [B, H, W, C].
  func coarse(
    _ fine: Tensor, height: Int, width: Int, bias: Tensor? = nil,
    fusing fusion: Fusion = Fusion()
  ) throws -> Tensor {
    switch precision {
    case .float32: try coarse(Float.self, fine, height, width, bias, fusion)
    case .bfloat16: try coarse(BFloat16.self, fine, height, width, bias, fusion)
    }
  }

  private func coarse<F: Factor>(
    _: F.Type, _ fine: Tensor, _ h: Int, _ w: Int, _ bias: Tensor?, _ fusion: Fusion
  ) throws -> Tensor {
    let b = fine.shape[0]
    let grid = TileGrid(clips: 0..<b, rows: 0..<h, width: w)
    let (c, f) = (coarseChannels, fineChannels)
    return try NormalizedMaps(fine).withPixels { source in
      try Tensor(shape: [b, h, w, c]) { result in
        let target = MutablePixelMap(
          result.baseAddress!, clips: 0..<b, rows: 0..<h, width: w, channels: c)
        try PixelOperation.with(bias, fusion) { operation in
          try forEachBlock(of: grid, F.self, f, Float.self, c) {
            (tiles, left, right, _) throws(OneDNNError) in
            for phase in 0..<Self.phases {
              source.transform(tiles, of: grid, .fine(phase: phase), isFlipped: true, to: left)
              try multiply(left, phase, (tiles.count, c, f), isBackwards: true, to: right)
            }
            target.restore(right, tiles, of: grid, .coarse, isFlipped: true, then: operation)
          }
        }
      }
    }
  }

  // MARK: Weights

  /// The gradient of the weights, in their shape, which is the same in both directions.
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
    let grid = TileGrid(clips: 0..<shape[0], rows: 0..<shape[1] + 1, width: shape[2] + 1)
    let (c, f) = (coarseChannels, fineChannels)
    var sums = (0..<workerCount).map { _ in Tensor(shape: [Self.phases, Self.points, c, f]) }
    let totals = sums.indices.map { sums[$0].factors(of: Float.self) }
    try coarse.withPixels { source in
      try NormalizedMaps(fine).withPixels { other in
        let size = Self.tilesAtATime(of: grid) * Self.blocksSummedAtOnce
        try forEachBlock(of: grid, F.self, c, F.self, f, size: size) {
          (tiles, left, right, worker) throws(OneDNNError) in
          source.transform(tiles, of: grid, .coarseBefore, to: left)
          for phase in 0..<Self.phases {
            other.spread(tiles, of: grid, .fine(phase: phase), to: right)
            try F.multiply(
              Self.points, left, right, size: (m: c, n: f, k: tiles.count), transposingLeft: true,
              transposingRight: false, to: totals[worker] + phase * Self.points * c * f,
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
            let source = sums + (phase * Self.points + point) * c * f
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
    return value.cut(toKernel: kernelSize)
  }

  // MARK: Blocks of tiles

  /// Calls `body` with every block of tiles and two buffers [16, tiles, channels], on all cores.
  private func forEachBlock<Left: Factor, Right: Factor>(
    of grid: TileGrid, _: Left.Type, _ leftChannels: Int, _: Right.Type, _ rightChannels: Int,
    size: Int? = nil,
    _ body: (
      _ tiles: Range<Int>, _ left: UnsafeMutablePointer<Left>,
      _ right: UnsafeMutablePointer<Right>, _ worker: Int
    ) throws(OneDNNError) -> Void
  ) throws(OneDNNError) {
    let size = size ?? Self.tilesAtATime(of: grid)
    let left = WorkerBuffers<Left>(count: Self.points * size * leftChannels)
    let right = WorkerBuffers<Right>(count: Self.points * size * rightChannels)
    try left.using { () throws(OneDNNError) in
      try right.using { () throws(OneDNNError) in
        let blocks = (grid.count + size - 1) / size
        try shareOut(blocks: blocks) { (block, worker) throws(OneDNNError) in
          let tiles = block * size..<min((block + 1) * size, grid.count)
          try body(tiles, left[worker], right[worker], worker)
        }
      }
    }
  }
}
