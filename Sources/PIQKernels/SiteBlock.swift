import PIQTensor

/// Sites of an output that are computed alike: some rows, in tiles of equal height, times some
/// columns with the same taps.
struct SiteBlock: Sendable {
  /// Adjacent rows of the output, and the rows that they are made of.
  struct Tile: Sendable {
    let rows, sources: [Int]
  }

  /// A column of the output, and what its taps multiply.
  struct Column: Sendable {
    let number: Int
    let sources: [Int]
  }

  /// A product of rows with a row of the kernel, which is added to rows of the output.
  struct Product: Sendable {
    /// A row of the kernel, or what minimal filtering makes of two.
    let kernelRow: Int
    /// The sum of a tile's sources that is multiplied.
    let sources: [(source: Int, factor: Float)]
    /// The rows of the tile that the product is a part of, and its sign there.
    let targets: [(row: Int, sign: Float)]
  }

  let tiles: ArraySlice<Tile>
  let columns: [Column]
  let products: [Product]
  /// The columns of the kernel that take part.
  let columnTaps: [Int]

  /// The rows of a tile.
  var height: Int { tiles.first?.rows.count ?? 0 }
  /// How many sites each product is of: one for each tile and column.
  var count: Int { tiles.count * columns.count }

  /// Sites of a product: enough for it to be fast, few enough for the caches.
  private static let mostSites = 80

  /// All sites of an output whose rows and columns have these taps.
  ///
  /// - Parameter filter: what minimal filtering adds to the kernel; nil without it.
  static func blocks(
    rows: [[SiteAxis.Tap]], columns: [[SiteAxis.Tap]], filter: RowFilter?
  ) -> [SiteBlock] {
    let columnGroups = groups(columns).map { taps, lines in
      (taps, lines.map { Column(number: $0.number, sources: $0.sources) })
    }
    return groups(rows).flatMap { taps, lines in
      tilings(of: lines, taps: taps, filter).flatMap { tiles, products in
        columnGroups.flatMap { columnTaps, columns in
          let count = max(1, mostSites / columns.count)
          return stride(from: 0, to: tiles.count, by: count).map {
            SiteBlock(
              tiles: tiles[$0..<min($0 + count, tiles.count)], columns: columns,
              products: products, columnTaps: columnTaps)
          }
        }
      }
    }
  }

  private typealias Line = (number: Int, sources: [Int])

  /// Rows or columns by the taps that they have, in the order of their first ones.
  private static func groups(_ lines: [[SiteAxis.Tap]]) -> [(taps: [Int], lines: [Line])] {
    var (numbers, groups) = ([[Int]: Int](), [(taps: [Int], lines: [Line])]())
    for (number, taps) in lines.enumerated() {
      let key = taps.map(\.tap)
      let line = (number, taps.map(\.source))
      if let group = numbers[key] {
        groups[group].lines.append(line)
      } else {
        numbers[key] = groups.count
        groups.append((key, [line]))
      }
    }
    return groups
  }

  /// Rows with the same taps, in tiles of three as far as minimal filtering applies and one by one.
  private static func tilings(
    of lines: [Line], taps: [Int], _ filter: RowFilter?
  ) -> [(tiles: [Tile], products: [Product])] {
    let pair = filter?.products(taps)
    var (large, single, next) = ([Tile](), [Tile](), 0)
    while next < lines.count {
      if pair != nil, let tile = RowFilter.tile(lines[next...]) {
        large.append(tile)
        next += tile.rows.count
      } else {
        single.append(Tile(rows: [lines[next].number], sources: lines[next].sources))
        next += 1
      }
    }
    let direct = taps.enumerated().map {
      Product(kernelRow: $0.element, sources: [($0.offset, 1)], targets: [(0, 1)])
    }
    return [(large, pair ?? []), (single, direct)].filter { !$0.tiles.isEmpty }
  }

  /// Writes the constants of the block's sites, or zeros: [height, tiles, columns, channels].
  func begin(
    _ sums: UnsafeMutablePointer<Float>, with constants: SiteProducts.Constants?,
    _ values: UnsafePointer<Float>, channels: Int
  ) {
    guard let constants else {
      return sums.update(repeating: 0, count: height * count * channels)
    }
    let width = constants.sums.shape[1]
    forEachSite { site, row, column in
      let kinds = constants.rowKinds[row] * width + constants.columnKinds[column]
      (sums + site * channels).update(from: values + kinds * channels, count: channels)
    }
  }

  /// Copies sites [height, tiles, columns, channels] to where they belong in an output [H', width,
  /// channels].
  func scatter(
    _ sites: UnsafePointer<Float>, to output: UnsafeMutablePointer<Float>, width: Int,
    channels: Int
  ) {
    forEachSite { site, row, column in
      (output + (row * width + column) * channels).update(
        from: sites + site * channels, count: channels)
    }
  }

  /// Each site with its row and column of the output.
  private func forEachSite(_ body: (_ site: Int, _ row: Int, _ column: Int) -> Void) {
    var site = 0
    for row in 0..<height {
      for tile in tiles {
        for column in columns {
          body(site, tile.rows[row], column.number)
          site += 1
        }
      }
    }
  }

  /// Writes what a product multiplies: [tiles, columns, channels].
  ///
  /// - Parameters:
  ///   - tap: the number of the column's tap.
  ///   - x: [H, width, channels].
  ///   - pixel: memory for [channels].
  func gather<F: Operand>(
    _ product: Product, tap: Int, of x: UnsafePointer<Float>, width: Int, channels: Int,
    by pixel: UnsafeMutablePointer<Float>, to operands: UnsafeMutablePointer<F>
  ) {
    var target = operands
    for tile in tiles {
      for column in columns {
        func source(_ number: Int) -> UnsafePointer<Float> {
          let row = tile.sources[product.sources[number].source]
          return x + (row * width + column.sources[tap]) * channels
        }
        if product.sources.count == 1 {
          F.copy(source(0), count: channels, to: target)
        } else {
          let (a, b) = (source(0), source(1))
          let (f, g) = (product.sources[0].factor, product.sources[1].factor)
          for c in 0..<channels { pixel[c] = f * a[c] + g * b[c] }
          F.copy(pixel, count: channels, to: target)
        }
        target += channels
      }
    }
  }
}
