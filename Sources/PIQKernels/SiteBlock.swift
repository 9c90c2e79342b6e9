import PIQTensor

/// Sites of an output that have the same taps: some rows times some columns.
struct SiteBlock: Sendable {
  /// A row or a column of the output, and what its taps multiply.
  private struct Line: Sendable {
    let number: Int
    let sources: [Int]
  }

  private let rows, columns: [Line]
  /// The rows of the kernel that take part.
  let rowTaps: [Int]
  /// Its columns.
  let columnTaps: [Int]

  /// How many sites there are.
  var count: Int { rows.count * columns.count }

  /// Sites of a block: enough for fast products, few enough for the caches.
  private static let mostSites = 160

  /// All sites of an output whose rows and columns have these taps.
  static func blocks(rows: [[SiteAxis.Tap]], columns: [[SiteAxis.Tap]]) -> [SiteBlock] {
    let columnGroups = groups(columns)
    return groups(rows).flatMap { rowTaps, rows in
      columnGroups.flatMap { columnTaps, columns in
        let height = max(1, mostSites / columns.count)
        return stride(from: 0, to: rows.count, by: height).map {
          SiteBlock(
            rows: Array(rows[$0..<min($0 + height, rows.count)]), columns: columns,
            rowTaps: rowTaps, columnTaps: columnTaps)
        }
      }
    }
  }

  /// Lines by the taps that they have, in the order of their first ones.
  private static func groups(_ lines: [[SiteAxis.Tap]]) -> [(taps: [Int], lines: [Line])] {
    var (numbers, groups) = ([[Int]: Int](), [(taps: [Int], lines: [Line])]())
    for (number, taps) in lines.enumerated() {
      let key = taps.map(\.tap)
      let line = Line(number: number, sources: taps.map(\.source))
      if let group = numbers[key] {
        groups[group].lines.append(line)
      } else {
        numbers[key] = groups.count
        groups.append((key, [line]))
      }
    }
    return groups
  }

  /// Writes the constants of the block's sites, or zeros: [sites, channels].
  func begin(
    _ sums: UnsafeMutablePointer<Float>, with constants: SiteProducts.Constants?,
    _ values: UnsafePointer<Float>, channels: Int
  ) {
    guard let constants else { return sums.update(repeating: 0, count: count * channels) }
    let width = constants.sums.shape[1]
    var target = sums
    for row in rows {
      let line = values + constants.rowKinds[row.number] * width * channels
      for column in columns {
        target.update(
          from: line + constants.columnKinds[column.number] * channels, count: channels)
        target += channels
      }
    }
  }

  /// Writes what a tap of each site multiplies: [sites, channels].
  ///
  /// - Parameters:
  ///   - tap: the numbers of the tap among those of the rows and of the columns.
  ///   - x: [H, width, channels].
  func gather<F: Operand>(
    _ tap: (row: Int, column: Int), of x: UnsafePointer<Float>, width: Int, channels: Int,
    to operands: UnsafeMutablePointer<F>
  ) {
    var target = operands
    for row in rows {
      let line = x + row.sources[tap.row] * width * channels
      for column in columns {
        F.copy(line + column.sources[tap.column] * channels, count: channels, to: target)
        target += channels
      }
    }
  }

  /// Copies sites [sites, channels] to where they belong in an output [H', width, channels].
  func scatter(
    _ sites: UnsafePointer<Float>, to output: UnsafeMutablePointer<Float>, width: Int,
    channels: Int
  ) {
    var source = sites
    for row in rows {
      let line = output + row.number * width * channels
      for column in columns {
        (line + column.number * channels).update(from: source, count: channels)
        source += channels
      }
    }
  }
}
