import CPIQKernels

/// The pixels of all clips [B, height, width, channels], zero beyond their borders.
struct PixelMap: @unchecked Sendable {
  // Sendable: only read, and alive as long as the call that made it.
  private let base: UnsafePointer<Float>
  private let height, width, channels: Int
  /// The factor of each pixel, and the term added then.
  private let affine: piq_affine?

  init(_ base: UnsafePointer<Float>, _ shape: [Int], _ affine: piq_affine?) {
    self.base = base
    (height, width, channels) = (shape[1], shape[2], shape[3])
    self.affine = affine
  }

  /// The pixels of tiles and their neighbours, evaluated at the points: [points, tiles, channels].
  ///
  /// - Parameter isFlipped: whether the kernel is flipped.
  func evaluate<F: Operand>(
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

  /// Writes windows of pixels: for each of the pixels of the coarse maps that `coarse` counts, row
  /// by row, clip by clip, all fine pixels that the kernel links it with: [coarse, kH, kW, channels].
  ///
  /// - Parameter size: the extent of the coarse maps.
  func gather(
    _ coarse: Range<Int>, _ geometry: ConvolutionGeometry, _ size: Extent,
    to result: UnsafeMutablePointer<Float>
  ) {
    let (kernel, step, pad) = (geometry.kernel, geometry.stride, geometry.padding)
    let (segment, window) = (kernel.width * channels, geometry.windowSize)
    // The coarse columns whose windows lie within the map.
    let (firstWhole, endWhole) = (
      (pad.width + step.width - 1) / step.width,
      (width + pad.width - kernel.width + step.width) / step.width
    )
    var index = coarse.lowerBound
    while index < coarse.upperBound {
      let (line, first) = index.quotientAndRemainder(dividingBy: size.width)
      let (clip, i) = line.quotientAndRemainder(dividingBy: size.height)
      let end = min(size.width, first + coarse.upperBound - index)
      let target = result + (index - coarse.lowerBound - first) * window
      for a in 0..<kernel.height {
        let row = i * step.height - pad.height + a
        let isInside = row >= 0 && row < height
        let source = base + ((clip * height + row) * width - pad.width) * channels
        for j in first..<end {
          let (source, target) = (
            source + j * step.width * channels, target + j * window + a * segment
          )
          if isInside, j >= firstWhole, j < endWhole {
            copy(source, count: segment, to: target)
          } else {
            target.update(repeating: 0, count: segment)
            let column = j * step.width - pad.width
            let (start, end) = (max(0, -column), min(kernel.width, width - column))
            guard isInside, start < end else { continue }
            (target + start * channels).update(
              from: source + start * channels, count: (end - start) * channels)
          }
        }
      }
      index += end - first
    }
  }

  /// Copies a few values, for which a call would take longer than the copy.
  @inline(__always)
  private func copy(
    _ source: UnsafePointer<Float>, count: Int, to target: UnsafeMutablePointer<Float>
  ) {
    guard count <= 64 else { return target.update(from: source, count: count) }
    let (source, target) = (UnsafeRawPointer(source), UnsafeMutableRawPointer(target))
    var i = 0
    while i + 4 <= count {
      target.storeBytes(
        of: source.loadUnaligned(fromByteOffset: 4 * i, as: SIMD4<Float>.self),
        toByteOffset: 4 * i, as: SIMD4<Float>.self)
      i += 4
    }
    while i < count {
      target.storeBytes(
        of: source.load(fromByteOffset: 4 * i, as: Float.self), toByteOffset: 4 * i, as: Float.self)
      i += 1
    }
  }

  /// The gradient at the points from that of tiles: [points, tiles, channels].
  func spread<F: Operand>(
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

  /// Writes the pixels of tiles interpolated from products [points, tiles, channels].
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
          case .five: piq_tile6_outputs(products, plane, channels, operation, first)
          }
        }
      }
    }
  }
}
