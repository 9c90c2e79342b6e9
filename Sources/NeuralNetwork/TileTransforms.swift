import Tensor

/// Positions of all clips in tiles of 3 by 3, row by row.
struct TileGrid: Sendable {
  static let side = 3
  private let rows, columns: Int
  let count: Int

  /// Tiles for `height` by `width` positions a clip; the last ones may reach beyond.
  init(clips: Int, height: Int, width: Int) {
    rows = (height + Self.side - 1) / Self.side
    columns = (width + Self.side - 1) / Self.side
    count = clips * rows * columns
  }

  /// The clip of a tile, and its first position.
  func origin(_ tile: Int) -> (clip: Int, row: Int, column: Int) {
    let (line, column) = tile.quotientAndRemainder(dividingBy: columns)
    let (clip, row) = line.quotientAndRemainder(dividingBy: rows)
    return (clip, row * Self.side, column * Self.side)
  }
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

  /// The transforms of tiles of 4 by 4 positions: [16, tiles, phases² channels].
  ///
  /// - Parameters:
  ///   - from: the pixel of position 0, its first phase.
  ///   - step: the pixels from one position to the next.
  ///   - phases: the pixels of one position along an axis.
  ///   - isFlipped: whether for a kernel the other way round.
  func transform<F: Factor>(
    _ tiles: Range<Int>, of grid: TileGrid, from start: Int, step: Int, phases: Int,
    isFlipped: Bool, to result: UnsafeMutablePointer<F>
  ) {
    let row = phases * phases * channels
    let plane = tiles.count * row
    let sign: Float = isFlipped ? -0.5 : 0.5
    let order = planes(isFlipped: isFlipped)
    for (number, tile) in tiles.enumerated() {
      let origin = grid.origin(tile)
      for phase in 0..<phases * phases {
        var pixels: [16 of UnsafePointer<Float>?] = .init(repeating: nil)
        for i in 0..<16 {
          pixels[i] = pixel(
            origin.clip, (origin.row + i / 4) * step + start + phase / phases,
            (origin.column + i % 4) * step + start + phase % phases)
        }
        let target = result + number * row + phase * channels
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
  }

  @inline(__always)
  private static func points(
    _ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector, _ sign: Float
  ) -> (Vector, Vector, Vector, Vector) {
    (a - c, (b + c) * 0.5, (c - b) * sign, d - b)
  }

  /// The transforms of a gradient's tiles of 3 by 3 positions of two phases an axis: [16, tiles,
  /// 4 channels], what the products of the way forward have as their gradient.
  func spread<F: Factor>(
    _ tiles: Range<Int>, of grid: TileGrid, to result: UnsafeMutablePointer<F>
  ) {
    let row = 4 * channels
    let plane = tiles.count * row
    for (number, tile) in tiles.enumerated() {
      let origin = grid.origin(tile)
      for phase in 0..<4 {
        var pixels: [9 of UnsafePointer<Float>?] = .init(repeating: nil)
        for i in 0..<9 {
          pixels[i] = pixel(
            origin.clip, (origin.row + i / 3) * 2 - 1 + phase / 2,
            (origin.column + i % 3) * 2 - 1 + phase % 2)
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
            F.store(x, at: target + j * plane + c)
            F.store(x + y + z, at: target + (j + 4) * plane + c)
            F.store(x - y + z, at: target + (j + 8) * plane + c)
            F.store(z, at: target + (j + 12) * plane + c)
          }
        }
      }
    }
  }
}

/// The pixels of all clips [B, height, width, channels], to be written.
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
  ///   - isFlipped: as for the transform.
  ///   - bias: added, [channels].
  ///   - relu: whether what is negative becomes zero.
  func restore(
    _ products: UnsafeMutablePointer<Float>, _ tiles: Range<Int>, of grid: TileGrid, step: Int,
    phases: Int, isFlipped: Bool, bias: UnsafePointer<Float>?, relu: Bool
  ) {
    let order = planes(isFlipped: isFlipped)
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
          pixels[i] =
            isInside ? base + ((origin.clip * height + y) * width + x) * channels : nil
        }
        let source = UnsafePointer(products) + number * row + phase * channels
        for c in stride(from: 0, to: channels, by: Vector.scalarCount) {
          let shift = load(bias, c)
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
    if let pixel { Float.store(value.replacing(with: least, where: value .< least), at: pixel + c) }
  }
}

@inline(__always)
private func load(_ base: UnsafePointer<Float>?, _ c: Int) -> Vector {
  base.map { UnsafeRawPointer($0 + c).loadUnaligned(as: Vector.self) } ?? .zero
}
