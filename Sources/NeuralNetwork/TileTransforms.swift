/// Positions in tiles of 3 by 3, row by row.
struct TileGrid: Sendable {
  static let side = 3
  private let columns: Int
  let count: Int

  /// Tiles for `height` by `width` positions; the last ones may reach beyond.
  init(height: Int, width: Int) {
    columns = (width + Self.side - 1) / Self.side
    count = (height + Self.side - 1) / Self.side * columns
  }

  /// The first position of a tile.
  func origin(_ tile: Int) -> (row: Int, column: Int) {
    (tile / columns * Self.side, tile % columns * Self.side)
  }
}

private typealias Vector = SIMD8<Float>

/// The pixels of one clip [height, width, channels], zero beyond its borders.
struct PixelMap: @unchecked Sendable {
  // Sendable: only read, and alive as long as the call that made it.
  private let base: UnsafePointer<Float>
  private let height, width, channels: Int

  init(_ base: UnsafePointer<Float>, height: Int, width: Int, channels: Int) {
    self.base = base
    self.height = height
    self.width = width
    self.channels = channels
  }

  /// The pixel at a place; nil where there is none.
  private func pixel(_ row: Int, _ column: Int) -> UnsafePointer<Float>? {
    row >= 0 && row < height && column >= 0 && column < width
      ? base + (row * width + column) * channels : nil
  }

  /// The transforms of tiles of 4 by 4 positions: [16, tiles, phases² channels].
  ///
  /// - Parameters:
  ///   - from: the pixel of position 0, its first phase.
  ///   - step: the pixels from one position to the next.
  ///   - phases: the pixels of one position along an axis.
  ///   - isFlipped: whether for a kernel the other way round.
  func transform(
    _ tiles: Range<Int>, of grid: TileGrid, from start: Int, step: Int, phases: Int,
    isFlipped: Bool, to result: UnsafeMutablePointer<Float>
  ) {
    let row = phases * phases * channels
    let plane = tiles.count * row
    let sign: Float = isFlipped ? -0.5 : 0.5
    for (number, tile) in tiles.enumerated() {
      let origin = grid.origin(tile)
      for phase in 0..<phases * phases {
        var pixels: [16 of UnsafePointer<Float>?] = .init(repeating: nil)
        for i in 0..<16 {
          pixels[i] = pixel(
            (origin.row + i / 4) * step + start + phase / phases,
            (origin.column + i % 4) * step + start + phase % phases)
        }
        let target = result + number * row + phase * channels
        for c in stride(from: 0, to: channels, by: Vector.scalarCount) {
          var d: [16 of Vector] = .init(repeating: .zero)
          for i in 0..<16 { d[i] = load(pixels[i], c) }
          for i in 0..<4 {
            let j = 4 * i
            (d[j], d[j + 1], d[j + 2], d[j + 3]) = Self.points(
              d[j], d[j + 1], d[j + 2], d[j + 3], sign)
          }
          for j in 0..<4 {
            let (a, b, e, f) = Self.points(d[j], d[j + 4], d[j + 8], d[j + 12], sign)
            store(a, target + j * plane + c)
            store(b, target + (j + 4) * plane + c)
            store(e, target + (j + 8) * plane + c)
            store(f, target + (j + 12) * plane + c)
          }
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

  /// The transforms of a gradient's tiles of 3 by 3 positions of two phases an axis: [16, tiles,
  /// 4 channels], what the products of the way forward have as their gradient.
  func spread(_ tiles: Range<Int>, of grid: TileGrid, to result: UnsafeMutablePointer<Float>) {
    let row = 4 * channels
    let plane = tiles.count * row
    for (number, tile) in tiles.enumerated() {
      let origin = grid.origin(tile)
      for phase in 0..<4 {
        var pixels: [9 of UnsafePointer<Float>?] = .init(repeating: nil)
        for i in 0..<9 {
          pixels[i] = pixel(
            (origin.row + i / 3) * 2 - 1 + phase / 2, (origin.column + i % 3) * 2 - 1 + phase % 2)
        }
        let target = result + number * row + phase * channels
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
            store(x, target + j * plane + c)
            store(x + y + z, target + (j + 4) * plane + c)
            store(x - y + z, target + (j + 8) * plane + c)
            store(z, target + (j + 12) * plane + c)
          }
        }
      }
    }
  }
}

/// The pixels of one clip [height, width, channels], to be written.
struct MutablePixelMap: @unchecked Sendable {
  // Sendable: workers write different pixels, and it is alive as long as the call that made it.
  private let base: UnsafeMutablePointer<Float>
  private let height, width, channels: Int

  init(_ base: UnsafeMutablePointer<Float>, height: Int, width: Int, channels: Int) {
    self.base = base
    self.height = height
    self.width = width
    self.channels = channels
  }

  /// Writes what products [16, tiles, phases² channels] come to: 3 by 3 positions a tile.
  ///
  /// - Parameters:
  ///   - step: the pixels from one position to the next.
  ///   - phases: the pixels of one position along an axis; position 0 begins one pixel before the
  ///     first where there are two.
  ///   - bias: added, [channels].
  ///   - relu: whether what is negative becomes zero.
  func restore(
    _ products: UnsafeMutablePointer<Float>, _ tiles: Range<Int>, of grid: TileGrid, step: Int,
    phases: Int, bias: UnsafePointer<Float>?, relu: Bool
  ) {
    let row = phases * phases * channels
    let plane = tiles.count * row
    let least = Vector(repeating: relu ? 0 : -.infinity)
    for (number, tile) in tiles.enumerated() {
      let origin = grid.origin(tile)
      for phase in 0..<phases * phases {
        var pixels: [9 of UnsafeMutablePointer<Float>?] = .init(repeating: nil)
        for i in 0..<9 {
          let y = (origin.row + i / 3) * step + 1 - phases + phase / phases
          let x = (origin.column + i % 3) * step + 1 - phases + phase % phases
          let isInside = y >= 0 && y < height && x >= 0 && x < width
          pixels[i] = isInside ? base + (y * width + x) * channels : nil
        }
        let source = UnsafePointer(products) + number * row + phase * channels
        for c in stride(from: 0, to: channels, by: Vector.scalarCount) {
          let shift = load(bias, c)
          var m: [12 of Vector] = .init(repeating: .zero)
          for j in 0..<4 {
            let (a, b, e, f) = (
              load(source + j * plane, c), load(source + (j + 4) * plane, c),
              load(source + (j + 8) * plane, c), load(source + (j + 12) * plane, c)
            )
            (m[j], m[4 + j], m[8 + j]) = (a + b + e, b - e, b + e + f)
          }
          for i in 0..<3 {
            let (a, b, e, f) = (m[4 * i], m[4 * i + 1], m[4 * i + 2], m[4 * i + 3])
            put(a + b + e + shift, pixels[3 * i], c, least)
            put(b - e + shift, pixels[3 * i + 1], c, least)
            put(b + e + f + shift, pixels[3 * i + 2], c, least)
          }
        }
      }
    }
  }

  @inline(__always)
  private func put(
    _ value: Vector, _ pixel: UnsafeMutablePointer<Float>?, _ c: Int, _ least: Vector
  ) {
    if let pixel { store(value.replacing(with: least, where: value .< least), pixel + c) }
  }
}

@inline(__always)
private func load(_ base: UnsafePointer<Float>?, _ c: Int) -> Vector {
  base.map { UnsafeRawPointer($0 + c).loadUnaligned(as: Vector.self) } ?? .zero
}

@inline(__always)
private func store(_ value: Vector, _ target: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(target).storeBytes(of: value, as: Vector.self)
}
