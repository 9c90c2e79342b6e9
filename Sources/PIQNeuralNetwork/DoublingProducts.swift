import CPIQKernels
import PIQOneDNN
import PIQTensor

/// The products of one layer for inference, from coarse to fine: made when a map of a size needs
/// them.
final class DoublingKernels: Sendable {
  private let weights: Tensor
  private let precision: Precision
  private let three = Lazy<DoublingProducts>()
  private let five = Lazy<DoublingProducts>()
  /// Smaller maps do not pay for nine times the memory of the kernel.
  private static let leastPixelsForFive = 8192

  /// - Parameter weights: [C, F, 4, 4] or [C, F, 3, 3].
  init(weights: Tensor, precision: Precision) {
    self.weights = weights
    self.precision = precision
  }

  /// The products for a coarse map: it depends on its size alone, so that a clip's results do not
  /// depend on others before it.
  func products(forCoarse height: Int, _ width: Int) -> DoublingProducts {
    let isLarge = height * width >= Self.leastPixelsForFive
    // bf16 has no digits to lose.
    let side = precision == .float32 && isLarge ? TileSide.five : .three
    return (side == .five ? five : three) {
      DoublingProducts(weights: weights, precision: precision, side: side)
    }
  }
}

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
/// Tiles of 5 by 5 take 36 in place of 100 (`TileSide`, and `CPIQKernels` for what their points are).
///
/// Each of the products is one of matrices, tiles by channels. The four phases, odd or even rows
/// and columns, take turns, so that what they need stays in the caches.
final class DoublingProducts: Sendable {
  /// The most tiles at a time: more than that and their values leave the caches.
  private static let mostTiles = 104

  /// Tiles at a time, so that blocks are of one size and 2 or 4 cores have as many each. It depends
  /// on the map alone, so that results do not depend on the number of cores.
  private static func tilesAtATime(of grid: TileGrid) -> Int {
    let blocks = (grid.count + 4 * mostTiles - 1) / (4 * mostTiles) * 4
    return max(1, (grid.count + blocks - 1) / max(1, blocks))
  }

  /// More of them where each block adds to sums that no cache holds.
  private static let blocksSummedAtOnce = 3
  private static let phases = 4

  /// What the factors of the products are rounded to.
  let precision: Precision
  let side: TileSide
  private let coarseChannels, fineChannels, kernelSize: Int
  /// The kernel [C, F, 4, 4].
  private let weights: Tensor
  /// What it is at the points, of factors: [4, points, C, F] on the way to the fine map, and
  /// [4, points, F, C] on the way back, because products with a transposed factor are slower.
  private let fineKernel = Lazy<Tensor>()
  private let coarseKernel = Lazy<Tensor>()

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

  /// Whether a coarse map is so large that inference should make the kernel's values at the points,
  /// which takes time and four times the memory of the kernel.
  static func paysFor(coarseHeight: Int, width: Int) -> Bool { coarseHeight * width >= 2048 }

  /// The taps of the kernel that meet coarse pixels j - 1 and j, for odd and for even fine pixels.
  static let taps = [[2, 0], [3, 1]]
  /// What becomes of the two taps, point by point, for tiles of three.
  private static let kernelTransform: [[Float]] = [[1, 0], [1, 1], [1, -1], [0, 1]]

  /// - Parameters:
  ///   - weights: [C, F, 4, 4], as PyTorch has them for either direction, or [C, F, 3, 3].
  ///   - side: more than three for `fine` only, and for f32.
  init(weights: Tensor, precision: Precision, side: TileSide = .three) {
    self.side = side
    self.precision = precision
    kernelSize = weights.shape[2]
    self.weights = weights.padded(toKernel: 4)
    (coarseChannels, fineChannels) = (weights.shape[0], weights.shape[1])
  }

  /// The kernel at the points [4, points, C, F], or [4, points, F, C].
  private func evaluated(isTransposed: Bool) -> Tensor {
    let (c, f) = (coarseChannels, fineChannels)
    let (rows, columns) = isTransposed ? (f, c) : (c, f)
    let (rowStep, step) = isTransposed ? (16, 16 * f) : (16 * f, 16)
    let values = weights.withUnsafeBuffer { weights in
      Tensor(shape: [Self.phases, side.points, rows, columns]) { kernel in
        guard let weights = weights.baseAddress, let kernel = kernel.baseAddress else { return }
        nonisolated(unsafe) let (source, target) = (weights, kernel)
        inParallel(rows: rows) { range in
          for row in range {
            let (source, target) = (source + row * rowStep, target + row * columns)
            switch side {
            case .three: piq_kernel4_points(source, step, columns, target, rows * columns)
            case .five: piq_kernel6_points(source, step, columns, target, rows * columns)
            }
          }
        }
      }
    }
    return precision == .float32 ? values : BFloat16.rounded(values)
  }

  /// What it takes to make or use `positions`, along both axes, of the tiles.
  func work(positions: (rows: Int, columns: Int), batch: Int, definition: Double) -> LayerClock.Work
  {
    let grid = TileGrid(
      clips: 0..<batch, rows: 0..<positions.rows, width: positions.columns, side: side)
    let kernel = precision == .float32 ? Float.kernel : BFloat16.kernel
    let products = Double(grid.count * side.points * Self.phases)
    return .init(
      method: "minimal filtering, \(side.rawValue)x\(side.rawValue) (\(kernel))",
      multiplications: definition, performed: products * Double(coarseChannels * fineChannels))
  }

  /// Calls `body` for each phase, point of the transform and tap of the 4 by 4 kernel that have to
  /// do with each other.
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
    switch precision {
    case .float32: try fine(Float.self, coarse, height, width, bias, fusion)
    case .bfloat16: try fine(BFloat16.self, coarse, height, width, bias, fusion)
    }
  }

  private func fine<F: Factor>(
    _: F.Type, _ coarse: NormalizedMaps, _ height: Int, _ width: Int, _ bias: Tensor?,
    _ fusion: Fusion
  ) throws -> Tensor {
    let shape = coarse.maps.shape
    let grid = TileGrid(
      clips: 0..<shape[0], rows: 0..<shape[1] + 1, width: shape[2] + 1, side: side)
    let (c, f) = (coarseChannels, fineChannels)
    kernel(isBackwards: false)
    return try coarse.withPixels { source in
      try Tensor(shape: [shape[0], height, width, f]) { result in
        let target = MutablePixelMap(
          result.baseAddress!, clips: 0..<shape[0], rows: 0..<height, width: width, channels: f)
        try PixelOperation.with(bias, fusion, channels: f) { operation in
          try forEachBlock(of: grid, F.self, c, Float.self, f) {
            (tiles, left, right, _) throws(OneDNNError) in
            try fine(tiles, of: grid, source, left, right, to: target, then: operation)
          }
        }
      }
    }
  }

  /// Memory for the workers' calls of the function below.
  struct Workspace<F: Factor>: Sendable {
    fileprivate let left: WorkerBuffers<F>
    fileprivate let right: WorkerBuffers<Float>
    fileprivate let tiles: Int
  }

  /// Memory for calls with rows of `positions` positions.
  func makeWorkspace<F: Factor>(_: F.Type, positions: Int) -> Workspace<F> {
    kernel(isBackwards: false)
    let tiles = min(Self.mostTiles, 2 * ((positions + side.rawValue - 1) / side.rawValue))
    return Workspace(
      left: WorkerBuffers(count: side.points * tiles * coarseChannels),
      right: WorkerBuffers(count: side.points * tiles * fineChannels), tiles: tiles)
  }

  /// What some rows of positions of one clip make, on the calling thread alone: the fine rows
  /// 2 j - 1 and 2 j for each position j, as far as `target` has them.
  func fine<F: Factor>(
    _ source: PixelMap, clip: Int, rows: Range<Int>, positions: Int, to target: MutablePixelMap,
    then operation: PixelOperation, in workspace: Workspace<F>, of worker: Int
  ) throws(OneDNNError) {
    let grid = TileGrid(clips: clip..<clip + 1, rows: rows, width: positions, side: side)
    for first in stride(from: 0, to: grid.count, by: workspace.tiles) {
      let tiles = first..<min(first + workspace.tiles, grid.count)
      try fine(
        tiles, of: grid, source, workspace.left[worker], workspace.right[worker], to: target,
        then: operation)
    }
  }

  private func fine<F: Factor>(
    _ tiles: Range<Int>, of grid: TileGrid, _ source: PixelMap, _ left: UnsafeMutablePointer<F>,
    _ right: UnsafeMutablePointer<Float>, to target: MutablePixelMap, then operation: PixelOperation
  ) throws(OneDNNError) {
    source.evaluate(tiles, of: grid, .coarseBefore, to: left)
    for phase in 0..<Self.phases {
      try multiply(left, phase, (tiles.count, fineChannels, coarseChannels), to: right)
      target.interpolate(right, tiles, of: grid, .fine(phase: phase), then: operation)
    }
  }

  /// One product for each point: tiles by channels times a phase of the kernel; on the way back added
  /// to what is there.
  private func multiply<F: Factor>(
    _ left: UnsafeMutablePointer<F>, _ phase: Int, _ size: (m: Int, n: Int, k: Int),
    isBackwards: Bool = false, to right: UnsafeMutablePointer<Float>
  ) throws(OneDNNError) {
    try kernel(isBackwards: isBackwards).withFactors(of: F.self) { (kernel) throws(OneDNNError) in
      try F.multiply(
        side.points, left, kernel + phase * side.points * coarseChannels * fineChannels,
        size: size, transposingLeft: false, transposingRight: false, to: right,
        adding: isBackwards && phase > 0)
    }
  }

  /// Made with all threads when it is first asked for, so not from within blocks.
  @discardableResult
  private func kernel(isBackwards: Bool) -> Tensor {
    isBackwards
      ? coarseKernel { evaluated(isTransposed: true) }
      : fineKernel { evaluated(isTransposed: false) }
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
    let grid = TileGrid(clips: 0..<b, rows: 0..<h, width: w, side: side)
    let (c, f) = (coarseChannels, fineChannels)
    kernel(isBackwards: true)
    return try NormalizedMaps(fine).withPixels { source in
      try Tensor(shape: [b, h, w, c]) { result in
        let target = MutablePixelMap(
          result.baseAddress!, clips: 0..<b, rows: 0..<h, width: w, channels: c)
        try PixelOperation.with(bias, fusion, channels: c) { operation in
          try forEachBlock(of: grid, F.self, f, Float.self, c) {
            (tiles, left, right, _) throws(OneDNNError) in
            for phase in 0..<Self.phases {
              source.evaluate(tiles, of: grid, .fine(phase: phase), isFlipped: true, to: left)
              try multiply(left, phase, (tiles.count, c, f), isBackwards: true, to: right)
            }
            target.interpolate(right, tiles, of: grid, .coarse, isFlipped: true, then: operation)
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
    let grid = TileGrid(
      clips: 0..<shape[0], rows: 0..<shape[1] + 1, width: shape[2] + 1, side: side)
    let (c, f) = (coarseChannels, fineChannels)
    var sums = (0..<workerCount).map { _ in Tensor(shape: [Self.phases, side.points, c, f]) }
    let totals = sums.indices.map { sums[$0].factors(of: Float.self) }
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
    return value.cut(toKernel: kernelSize)
  }

  // MARK: Blocks of tiles

  /// Calls `body` with every block of tiles and two buffers [points, tiles, channels], on all cores.
  private func forEachBlock<Left: Factor, Right: Factor>(
    of grid: TileGrid, _: Left.Type, _ leftChannels: Int, _: Right.Type, _ rightChannels: Int,
    size: Int? = nil, schedule: Schedule = .dynamic,
    _ body: (
      _ tiles: Range<Int>, _ left: UnsafeMutablePointer<Left>,
      _ right: UnsafeMutablePointer<Right>, _ worker: Int
    ) throws(OneDNNError) -> Void
  ) throws(OneDNNError) {
    let size = size ?? Self.tilesAtATime(of: grid)
    let left = WorkerBuffers<Left>(count: side.points * size * leftChannels)
    let right = WorkerBuffers<Right>(count: side.points * size * rightChannels)
    try left.using { () throws(OneDNNError) in
      try right.using { () throws(OneDNNError) in
        let blocks = (grid.count + size - 1) / size
        try shareOut(blocks: blocks, schedule) { (block, worker) throws(OneDNNError) in
          let tiles = block * size..<min((block + 1) * size, grid.count)
          try body(tiles, left[worker], right[worker], worker)
        }
      }
    }
  }
}
