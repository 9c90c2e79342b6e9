import Tensor

/// Positions of some clips in tiles of 3 by 3, row by row.
struct TileGrid: Sendable {
  static let side = 3
  private let firstClip, firstRow, tileRows, tileColumns: Int
  let count: Int

  /// Tiles for the positions `rows` by 0..<`width` of each clip; the last ones may reach beyond.
  init(clips: Range<Int>, rows: Range<Int>, width: Int) {
    (firstClip, firstRow) = (clips.lowerBound, rows.lowerBound)
    tileRows = (rows.count + Self.side - 1) / Self.side
    tileColumns = (width + Self.side - 1) / Self.side
    count = clips.count * tileRows * tileColumns
  }

  /// The clip of a tile, and its first position.
  func origin(_ tile: Int) -> (clip: Int, row: Int, column: Int) {
    let (line, column) = tile.quotientAndRemainder(dividingBy: tileColumns)
    let (clip, row) = line.quotientAndRemainder(dividingBy: tileRows)
    return (firstClip + clip, firstRow + row * Self.side, column * Self.side)
  }
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

  func row(_ position: Int) -> Int { position * step + row }
  func column(_ position: Int) -> Int { position * step + column }
}

/// Where the points of a transform lie. For a kernel the other way round the outer ones are
/// swapped, so that they meet the kernel's own.
private func planes(isFlipped: Bool) -> [4 of Int] { isFlipped ? [3, 1, 2, 0] : [0, 1, 2, 3] }

extension NormalizedMaps {
  /// Calls `body` with the pixels of all clips, normalised when they are read.
  func withPixels<Result>(_ body: (PixelMap) throws -> Result) rethrows -> Result {
    try maps.withUnsafeBuffer { maps in
      guard let affine else { return try body(PixelMap(maps.baseAddress!, shape, nil)) }
      return try affine.scale.withUnsafeBuffer { scale in
        try affine.shift.withUnsafeBuffer { shift in
          try body(PixelMap(maps.baseAddress!, shape, (scale.baseAddress!, shift.baseAddress!)))
        }
      }
    }
  }

  private var shape: [Int] { maps.shape }
}

/// The pixels of all clips [B, height, width, channels], zero beyond their borders.
struct PixelMap: @unchecked Sendable {
  // Sendable: only read, and alive as long as the call that made it.
  private let base: UnsafePointer<Float>
  private let height, width, channels: Int
  /// What each pixel is multiplied by, and what is added then.
  private let affine: (scale: UnsafePointer<Float>, shift: UnsafePointer<Float>)?

  fileprivate init(
    _ base: UnsafePointer<Float>, _ shape: [Int],
    _ affine: (scale: UnsafePointer<Float>, shift: UnsafePointer<Float>)?
  ) {
    self.base = base
    (height, width, channels) = (shape[1], shape[2], shape[3])
    self.affine = affine
  }

  /// The pixel at a place; nil where there is none.
  private func pixel(_ clip: Int, _ row: Int, _ column: Int) -> UnsafePointer<Float>? {
    row >= 0 && row < height && column >= 0 && column < width
      ? base + ((clip * height + row) * width + column) * channels : nil
  }

  /// The transforms of tiles of 4 by 4 positions: [16, tiles, channels].
  ///
  /// - Parameter isFlipped: whether for a kernel the other way round.
  func transform<F: Factor>(
    _ tiles: Range<Int>, of grid: TileGrid, _ lattice: Lattice, isFlipped: Bool = false,
    to result: UnsafeMutablePointer<F>
  ) {
    let plane = tiles.count * channels
    let sign: Float = isFlipped ? -0.5 : 0.5
    let order = planes(isFlipped: isFlipped)
    for (number, tile) in tiles.enumerated() {
      let origin = grid.origin(tile)
      var pixels: [16 of UnsafePointer<Float>?] = .init(repeating: nil)
      for i in 0..<16 {
        pixels[i] = pixel(
          origin.clip, lattice.row(origin.row + i / 4), lattice.column(origin.column + i % 4))
      }
      let target = result + number * channels
      for c in stride(from: 0, to: channels, by: Vector.scalarCount) {
        var d: [16 of Vector] = .init(repeating: .zero)
        if let affine {
          let (scale, shift) = (load(affine.scale, c), load(affine.shift, c))
          for i in 0..<16 {
            d[i] = pixels[i] == nil ? .zero : load(pixels[i], c) * scale + shift
          }
        } else {
          for i in 0..<16 { d[i] = load(pixels[i], c) }
        }
        for i in 0..<4 {
          let j = 4 * i
          (d[j], d[j + 1], d[j + 2], d[j + 3]) = Self.points(
            d[j], d[j + 1], d[j + 2], d[j + 3], sign)
        }
        for j in 0..<4 {
          let (a, b, e, f) = Self.points(d[j], d[j + 4], d[j + 8], d[j + 12], sign)
          F.store(a, at: target + (4 * order[0] + order[j]) * plane + c)
          F.store(b, at: target + (4 * order[1] + order[j]) * plane + c)
          F.store(e, at: target + (4 * order[2] + order[j]) * plane + c)
          F.store(f, at: target + (4 * order[3] + order[j]) * plane + c)
        }
      }
    }
  }

  @inline(__always)
  private static func points(
    _ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector, _ sign: Float
  ) -> (Vector, Vector, Vector, Vector) {
    (a - c, (b + c) * 0.5, (c - b) * sign, d - b)
  }

  /// The transforms of a gradient's tiles of 3 by 3 positions: [16, tiles, channels], what the
  /// products of the way forward have as their gradient.
  func spread<F: Factor>(
    _ tiles: Range<Int>, of grid: TileGrid, _ lattice: Lattice, to result: UnsafeMutablePointer<F>
  ) {
    let plane = tiles.count * channels
    for (number, tile) in tiles.enumerated() {
      let origin = grid.origin(tile)
      var pixels: [9 of UnsafePointer<Float>?] = .init(repeating: nil)
      for i in 0..<9 {
        pixels[i] = pixel(
          origin.clip, lattice.row(origin.row + i / 3), lattice.column(origin.column + i % 3))
      }
      let target = result + number * channels
      for c in stride(from: 0, to: channels, by: Vector.scalarCount) {
        var d: [12 of Vector] = .init(repeating: .zero)
        for i in 0..<3 {
          let (x, y, z) = (
            load(pixels[3 * i], c), load(pixels[3 * i + 1], c), load(pixels[3 * i + 2], c)
          )
          (d[4 * i], d[4 * i + 1], d[4 * i + 2], d[4 * i + 3]) = (x, x + y + z, x - y + z, z)
        }
        for j in 0..<4 {
          let (x, y, z) = (d[j], d[4 + j], d[8 + j])
          F.store(x, at: target + j * plane + c)
          F.store(x + y + z, at: target + (j + 4) * plane + c)
          F.store(x - y + z, at: target + (j + 8) * plane + c)
          F.store(z, at: target + (j + 12) * plane + c)
        }
      }
    }
  }
}

/// What is done to each pixel before it is written: add a bias, then what a `Fusion` says.
struct PixelOperation: @unchecked Sendable {
  // Sendable: only read, and alive as long as the call that made it.
  fileprivate let bias, scale, shift: UnsafePointer<Float>?
  fileprivate let least: Float

  static func with<Result>(
    _ bias: Tensor?, _ fusion: Fusion, _ body: (PixelOperation) throws -> Result
  ) rethrows -> Result {
    func pointer(_ tensor: Tensor?) -> UnsafePointer<Float>? {
      tensor?.withUnsafeBuffer { $0.baseAddress }
    }
    return try withExtendedLifetime((bias, fusion)) {
      try body(
        PixelOperation(
          bias: pointer(bias), scale: pointer(fusion.affine?.scale),
          shift: pointer(fusion.affine?.shift), least: fusion.relu ? 0 : -.infinity))
    }
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

  /// The pixel at a place; nil where there is none.
  private func pixel(_ clip: Int, _ row: Int, _ column: Int) -> UnsafeMutablePointer<Float>? {
    guard rows.contains(row), column >= 0, column < width else { return nil }
    let line = (clip - firstClip) * rows.count + row - rows.lowerBound
    return base + (line * width + column) * channels
  }

  /// Writes what products [16, tiles, channels] come to: 3 by 3 positions a tile.
  ///
  /// - Parameters:
  ///   - isFlipped: as for the transform.
  ///   - operation: on [channels].
  func restore(
    _ products: UnsafeMutablePointer<Float>, _ tiles: Range<Int>, of grid: TileGrid,
    _ lattice: Lattice, isFlipped: Bool = false, then operation: PixelOperation
  ) {
    let order = planes(isFlipped: isFlipped)
    let plane = tiles.count * channels
    let least = Vector(repeating: operation.least)
    for (number, tile) in tiles.enumerated() {
      let origin = grid.origin(tile)
      var pixels: [9 of UnsafeMutablePointer<Float>?] = .init(repeating: nil)
      for i in 0..<9 {
        pixels[i] = pixel(
          origin.clip, lattice.row(origin.row + i / 3), lattice.column(origin.column + i % 3))
      }
      let source = UnsafePointer(products) + number * channels
      for c in stride(from: 0, to: channels, by: Vector.scalarCount) {
        let bias = load(operation.bias, c)
        let (scale, shift) = (load(operation.scale, c), load(operation.shift, c))
        let isScaled = operation.scale != nil
        var m: [12 of Vector] = .init(repeating: .zero)
        for j in 0..<4 {
          let (a, b, e, f) = (
            load(source + (4 * order[0] + order[j]) * plane, c),
            load(source + (4 * order[1] + order[j]) * plane, c),
            load(source + (4 * order[2] + order[j]) * plane, c),
            load(source + (4 * order[3] + order[j]) * plane, c)
          )
          (m[j], m[4 + j], m[8 + j]) = (a + b + e, b - e, b + e + f)
        }
        for i in 0..<3 {
          let (a, b, e, f) = (m[4 * i], m[4 * i + 1], m[4 * i + 2], m[4 * i + 3])
          put(finished(a + b + e), pixels[3 * i], c)
          put(finished(b - e), pixels[3 * i + 1], c)
          put(finished(b + e + f), pixels[3 * i + 2], c)
        }
        @inline(__always) func finished(_ sum: Vector) -> Vector {
          let value = sum + bias
          let rectified = value.replacing(with: least, where: value .< least)
          return isScaled ? rectified * scale + shift : rectified
        }
      }
    }
  }

  @inline(__always)
  private func put(_ value: Vector, _ pixel: UnsafeMutablePointer<Float>?, _ c: Int) {
    if let pixel { Float.store(value, at: pixel + c) }
  }
}

@inline(__always)
private func load(_ base: UnsafePointer<Float>?, _ c: Int) -> Vector {
  base.map { UnsafeRawPointer($0 + c).loadUnaligned(as: Vector.self) } ?? .zero
}
