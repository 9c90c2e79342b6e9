/// How many outputs along each side a tile has. Larger tiles save products, and round more.
package enum TileSide: Int, Sendable {
  /// 16 products for 9 outputs: f32 sums within 3.6e-7 (the root of the mean square, of outputs
  /// about 1 in size).
  case three = 3
  /// 36 products for 25 outputs, within 1.7e-6. Forward only, and for operands of type `Float`.
  case five = 5

  /// Along both axes: the number of points of a tile.
  var points: Int { pixels }
  /// Along both axes: the number of input pixels.
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

/// The pixels of the positions along both axes.
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
  func forEachPixel(
    from origin: TileOrigin, size: Int, _ body: (_ index: Int, _ row: Int, _ column: Int) -> Void
  ) {
    for i in 0..<size {
      for j in 0..<size {
        body(i * size + j, (origin.row + i) * step + row, (origin.column + j) * step + column)
      }
    }
  }
}
