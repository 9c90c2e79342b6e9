import CPIQKernels
import PIQOneDNN
import PIQTensor

/// How many outputs along each side a tile has. More of them save products, and round more.
enum TileSide: Int, Sendable {
  /// 16 products for 9 outputs: f32 sums within 3.6e-7 (the root of the mean square, of outputs
  /// about 1 in size).
  case three = 3
  /// 36 products for 25 outputs, within 1.7e-6. Forward only, and for factors of `Float`.
  case five = 5

  /// Along both axes: how many values stand for a tile in the products.
  var points: Int { pixels }
  /// Along both axes: how many pixels the outputs come from.
  var pixels: Int { (rawValue + 1) * (rawValue + 1) }
}

/// Positions of some clips in square tiles, row by row.
struct TileGrid: Sendable {
  let side: TileSide
  private let firstClip, firstRow, tileRows, tileColumns: Int
  let count: Int

  /// Tiles for the positions `rows` by 0..<`width` of each clip; the last ones may reach beyond.
  init(clips: Range<Int>, rows: Range<Int>, width: Int, side: TileSide) {
    self.side = side
    (firstClip, firstRow) = (clips.lowerBound, rows.lowerBound)
    tileRows = (rows.count + side.rawValue - 1) / side.rawValue
    tileColumns = (width + side.rawValue - 1) / side.rawValue
    count = clips.count * tileRows * tileColumns
  }

  /// Calls `body` with each tile's number among `tiles`, its clip and its first position.
  func forEach(_ tiles: Range<Int>, _ body: (_ number: Int, TileOrigin) -> Void) {
    for (number, tile) in tiles.enumerated() {
      let (line, column) = tile.quotientAndRemainder(dividingBy: tileColumns)
      let (clip, row) = line.quotientAndRemainder(dividingBy: tileRows)
      body(
        number,
        TileOrigin(
          clip: firstClip + clip, row: firstRow + row * side.rawValue,
          column: column * side.rawValue))
    }
  }
}

/// The clip of a tile, and its first position.
struct TileOrigin {
  let clip, row, column: Int
}

/// Which pixels the positions along both axes stand for.
struct Lattice: Sendable {
  /// The pixel of position 0.
  let row, column: Int
  /// The pixels from one position to the next.
  let step: Int

  /// The coarse pixel before each position.
  static let coarseBefore = Lattice(row: -1, column: -1, step: 1)
  /// The coarse pixel at each position.
  static let coarse = Lattice(row: 0, column: 0, step: 1)

  /// One of the four fine pixels of each position: odd or even row, odd or even column.
  static func fine(phase: Int) -> Lattice {
    Lattice(row: phase / 2 - 1, column: phase % 2 - 1, step: 2)
  }

  /// The pixels of `size` by `size` positions from `origin` on, in the order of rows.
  @inline(__always)
  fileprivate func forEachPixel(
    from origin: TileOrigin, size: Int, _ body: (_ index: Int, _ row: Int, _ column: Int) -> Void
  ) {
    for i in 0..<size {
      for j in 0..<size {
        body(i * size + j, (origin.row + i) * step + row, (origin.column + j) * step + column)
      }
    }
  }
}

extension NormalizedMaps {
  /// Calls `body` with the pixels of all clips, normalised when they are read.
  func withPixels<Result>(_ body: (PixelMap) throws -> Result) rethrows -> Result {
    let shape = maps.shape
    return try maps.withUnsafeBuffer { maps in
      guard let affine else { return try body(PixelMap(maps.baseAddress!, shape, nil)) }
      return try affine.scale.withUnsafeBuffer { scale in
        try affine.shift.withUnsafeBuffer { shift in
          let affine = piq_affine(scale: scale.baseAddress, shift: shift.baseAddress)
          return try body(PixelMap(maps.baseAddress!, shape, affine))
        }
      }
    }
  }
}

/// The pixels of all clips [B, height, width, channels], zero beyond their borders.
struct PixelMap: @unchecked Sendable {
  // Sendable: only read, and alive as long as the call that made it.
  private let base: UnsafePointer<Float>
  private let height, width, channels: Int
  /// What each pixel is multiplied by, and what is added then.
  private let affine: piq_affine?

  fileprivate init(_ base: UnsafePointer<Float>, _ shape: [Int], _ affine: piq_affine?) {
    self.base = base
    (height, width, channels) = (shape[1], shape[2], shape[3])
    self.affine = affine
  }

  /// What the pixels of tiles and of their neighbours are at the points: [points, tiles, channels].
  ///
  /// - Parameter isFlipped: whether for a kernel the other way round.
  func evaluate<F: Factor>(
    _ tiles: Range<Int>, of grid: TileGrid, _ lattice: Lattice, isFlipped: Bool = false,
    to result: UnsafeMutablePointer<F>
  ) {
    let plane = tiles.count * channels
    forEachTile(tiles, of: grid, lattice, size: grid.side.rawValue + 1) { number, pixels in
      F.evaluate(
        grid.side, pixels, channels: channels, affine: affine, isFlipped: isFlipped,
        to: result + number * channels, plane: plane)
    }
  }

  /// Writes windows of pixels: for each of the outputs of a convolution that `outputs` counts, row
  /// by row, clip by clip, all pixels that its kernel covers: [outputs, kH, kW, channels].
  func gather(
    _ outputs: Range<Int>, of shape: ConvolutionShape, to result: UnsafeMutablePointer<Float>
  ) {
    let output = shape.output
    let (kH, kW) = (shape.kernel.height, shape.kernel.width)
    var target = result
    for index in outputs {
      let (line, j) = index.quotientAndRemainder(dividingBy: output[2])
      let (clip, i) = line.quotientAndRemainder(dividingBy: output[1])
      let row = i * shape.stride.height - shape.padBefore.height
      let column = j * shape.stride.width - shape.padBefore.width
      let columns = max(0, -column)..<max(max(0, -column), min(kW, width - column))
      for a in row..<row + kH {
        if a < 0 || a >= height || columns.isEmpty {
          target.update(repeating: 0, count: kW * channels)
        } else {
          let source = base + ((clip * height + a) * width + column) * channels
          target.update(repeating: 0, count: columns.lowerBound * channels)
          (target + columns.lowerBound * channels).update(
            from: source + columns.lowerBound * channels, count: columns.count * channels)
          (target + columns.upperBound * channels).update(
            repeating: 0, count: (kW - columns.upperBound) * channels)
        }
        target += kW * channels
      }
    }
  }

  /// The gradient at the points from that of tiles: [points, tiles, channels].
  func spread<F: Factor>(
    _ tiles: Range<Int>, of grid: TileGrid, _ lattice: Lattice, to result: UnsafeMutablePointer<F>
  ) {
    let plane = tiles.count * channels
    forEachTile(tiles, of: grid, lattice, size: grid.side.rawValue) { number, pixels in
      F.spread(pixels, channels: channels, to: result + number * channels, plane: plane)
    }
  }

  private func forEachTile(
    _ tiles: Range<Int>, of grid: TileGrid, _ lattice: Lattice, size: Int,
    _ body: (_ number: Int, _ pixels: UnsafePointer<UnsafePointer<Float>?>) -> Void
  ) {
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: size * size) { pixels in
      guard let first = pixels.baseAddress else { return }
      grid.forEach(tiles) { number, origin in
        let clip = base + origin.clip * height * width * channels
        lattice.forEachPixel(from: origin, size: size) { index, row, column in
          let isInside = row >= 0 && row < height && column >= 0 && column < width
          first[index] = isInside ? clip + (row * width + column) * channels : nil
        }
        body(number, first)
      }
    }
  }
}

/// What is done to each pixel before it is written: add a bias, then what a `Fusion` says.
struct PixelOperation: @unchecked Sendable {
  // Sendable: only read, and alive as long as the call that made it.
  fileprivate let operation: piq_operation

  static func with<Result>(
    _ bias: Tensor?, _ fusion: Fusion, channels: Int, _ body: (PixelOperation) throws -> Result
  ) rethrows -> Result {
    let zeros = Tensor(shape: [channels])
    let bias = bias ?? zeros
    let (scale, shift) = fusion.affine ?? (Tensor(shape: [channels], repeating: 1), zeros)
    return try bias.withUnsafeBuffer { bias in
      try scale.withUnsafeBuffer { scale in
        try shift.withUnsafeBuffer { shift in
          try body(
            PixelOperation(
              operation: piq_operation(
                bias: bias.baseAddress, scale: scale.baseAddress, shift: shift.baseAddress,
                least: fusion.relu ? 0 : -.infinity)))
        }
      }
    }
  }
}

extension PixelOperation {
  /// Does it to `count` pixels that lie one behind the other.
  func callAsFunction(_ pixels: UnsafeMutablePointer<Float>, count: Int, channels: Int) {
    withUnsafePointer(to: operation) { piq_finish_pixels(pixels, count, channels, $0) }
  }
}

/// The pixels of some rows of some clips [clips, rows, width, channels], to be written.
struct MutablePixelMap: @unchecked Sendable {
  // Sendable: workers write different pixels, and it is alive as long as the call that made it.
  private let base: UnsafeMutablePointer<Float>
  private let firstClip: Int
  private let rows: Range<Int>
  private let width, channels: Int

  init(
    _ base: UnsafeMutablePointer<Float>, clips: Range<Int>, rows: Range<Int>, width: Int,
    channels: Int
  ) {
    self.base = base
    firstClip = clips.lowerBound
    self.rows = rows
    self.width = width
    self.channels = channels
  }

  /// Writes the pixels of tiles that products [points, tiles, channels] come to.
  ///
  /// - Parameters:
  ///   - isFlipped: as for `evaluate`.
  ///   - operation: on [channels].
  func interpolate(
    _ products: UnsafePointer<Float>, _ tiles: Range<Int>, of grid: TileGrid,
    _ lattice: Lattice, isFlipped: Bool = false, then operation: PixelOperation
  ) {
    let plane = tiles.count * channels
    let size = grid.side.rawValue
    withUnsafeTemporaryAllocation(
      of: UnsafeMutablePointer<Float>?.self, capacity: size * size
    ) { pixels in
      guard let first = pixels.baseAddress else { return }
      grid.forEach(tiles) { number, origin in
        let clip = base + (origin.clip - firstClip) * rows.count * width * channels
        lattice.forEachPixel(from: origin, size: size) { index, row, column in
          let isInside = rows.contains(row) && column >= 0 && column < width
          first[index] =
            isInside ? clip + ((row - rows.lowerBound) * width + column) * channels : nil
        }
        withUnsafePointer(to: operation.operation) { operation in
          let products = products + number * channels
          switch grid.side {
          case .three:
            piq_tile4_outputs(products, plane, channels, isFlipped ? 1 : 0, operation, first)
          case .five:
            piq_tile6_outputs(products, plane, channels, operation, first)
          }
        }
      }
    }
  }
}
