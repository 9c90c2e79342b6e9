import CPIQKernels
import PIQOneDNN
import PIQTensor

/// Convolutions with kernel 4, stride 2 and padding 1 between a fine map and a coarse one of half
/// its height and width, in both directions, with less than half of the multiplications (Winograd's
/// minimal filtering, as Lavin and Gray use it, arXiv 1509.09308).
///
/// A transposed convolution goes from coarse to fine, and its gradient comes back; an ordinary one
/// goes from fine to coarse. H x W is the size of the coarse map and C its channels, F those of the
/// fine one, whose extents H' and W' are 2 H and 2 W, or one more. A transposed convolution with
/// kernel 3 is one of kernel 4 with zeros at the end, and its fine map has one row and column less.
///
/// The fine pixels 2j - 1 and 2j come from the same coarse pixels, j - 1 and j: with the taps w and
/// the coarse map x, along each axis,
///
///     y[2j] = w[1] x[j] + w[3] x[j - 1]        y[2j - 1] = w[0] x[j] + w[2] x[j - 1]
///
/// so that one convolution with kernel 2 computes all: at position (j, k) of (H + 1) x (W + 1) it
/// has 4 F channels, for odd and even rows times odd and even columns. Tiles of 3 by 3 such
/// positions take 16 products in place of 36. With the taps g and the input d, along one axis:
///
///     y[0] = m0 + m1 + m2    m0 = g[0] (d[0] - d[2])           m1 = (g[0] + g[1]) (d[1] + d[2]) / 2
///     y[1] = m1 - m2         m2 = (g[0] - g[1]) (d[2] - d[1]) / 2
///     y[2] = m1 + m2 + m3    m3 = g[1] (d[3] - d[1])
///
/// Tiles of 5 by 5 take 36 in place of 100 (`TileSide`, and `CPIQKernels` for their points).
///
/// Each of the products is one of matrices, tiles by channels. The four phases, odd or even rows
/// and columns, are computed in turn, so that their data stay in the caches.
final class StridedWinograd: Sendable {
  /// The most tiles at a time: the values of more exceed the caches.
  static let maximumTiles = 104

  /// Tiles at a time, so that blocks are of one size and 2 or 4 cores have as many each. It depends
  /// on the map alone, so that results do not depend on the number of cores.
  static func tilesAtATime(of grid: TileGrid) -> Int {
    let blocks = (grid.count + 4 * maximumTiles - 1) / (4 * maximumTiles) * 4
    return max(1, (grid.count + blocks - 1) / max(1, blocks))
  }

  static let phases = 4

  /// The precision of the operands of the products.
  let precision: Precision
  let side: TileSide
  let coarseChannels, fineChannels, kernelSize: Int
  private let weights: ConvolutionWeights
  /// The kernel at the points, of operands: [4, points, C, F] towards the fine map, and [4, points,
  /// F, C] towards the coarse one, because products with a transposed operand are slower.
  private let fineKernel = Lazy<Tensor>()
  private let coarseKernel = Lazy<Tensor>()

  /// - Parameters:
  ///   - weights: [C, F, 4, 4], as PyTorch has them for either direction, or [C, F, 3, 3].
  ///   - side: more than three for `fine` only, and for f32.
  init(weights: ConvolutionWeights, precision: Precision, side: TileSide = .three) {
    self.side = side
    self.precision = precision
    kernelSize = weights.shape[2]
    self.weights = weights
    (coarseChannels, fineChannels) = (weights.shape[0], weights.shape[1])
  }

  /// The kernel at the points [4, points, C, F], or [4, points, F, C].
  private func evaluated(isTransposed: Bool) -> Tensor {
    let (c, f) = (coarseChannels, fineChannels)
    let (rows, columns) = isTransposed ? (f, c) : (c, f)
    let (rowStep, step) = isTransposed ? (16, 16 * f) : (16 * f, 16)
    let values = weights.folded.resized(toKernel: 4).withUnsafeBuffer { weights in
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

  /// The work to compute or use `positions`, along both axes, of the tiles.
  func work(positions: Extent, batch: Int, definition: Double) -> LayerClock.Work {
    let grid = TileGrid(
      clips: 0..<batch, rows: 0..<positions.height, width: positions.width, side: side)
    let products = Double(grid.count * side.points * Self.phases)
    return .init(
      method: "Winograd, \(side.rawValue)x\(side.rawValue) (\(precision.kernel))",
      multiplications: definition, performed: products * Double(coarseChannels * fineChannels))
  }

  /// One product for each point: tiles by channels times a phase of the kernel; towards the coarse
  /// map added to the sums.
  func multiply<F: Operand>(
    _ left: UnsafeMutablePointer<F>, _ phase: Int, _ size: (m: Int, n: Int, k: Int),
    isBackwards: Bool = false, to right: UnsafeMutablePointer<Float>
  ) throws(OneDNNError) {
    try kernel(isBackwards: isBackwards).withOperands(of: F.self) { (kernel) throws(OneDNNError) in
      try F.multiply(
        side.points, left, kernel + phase * side.points * coarseChannels * fineChannels,
        size: size, transposingLeft: false, transposingRight: false, to: right,
        adding: isBackwards && phase > 0)
    }
  }

  /// Made with all threads on first use, so not from within blocks.
  @discardableResult
  func kernel(isBackwards: Bool) -> Tensor {
    isBackwards
      ? coarseKernel { evaluated(isTransposed: true) }
      : fineKernel { evaluated(isTransposed: false) }
  }

  /// Calls `body` with every block of tiles and two buffers [points, tiles, channels], on all cores.
  func forEachBlock<Left: Operand, Right: Operand>(
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
        try parallelFor(blocks: blocks, schedule) { (block, worker) throws(OneDNNError) in
          let tiles = block * size..<min((block + 1) * size, grid.count)
          try body(tiles, left[worker], right[worker], worker)
        }
      }
    }
  }
}
