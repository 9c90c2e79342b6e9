import PIQTensor

/// Winograd's minimal filtering along rows, where each row of an output has two taps: three rows
/// that follow each other by four products in place of six.
///
/// With the taps g and h, y0 = g a + h b, y1 = g b + h c, y2 = g c + h d are
/// y0 = p + q + r, y1 = q - r, y2 = q + r + s of
/// p = g (a - c), q = (g + h) (b + c) / 2, r = (g - h) (c - b) / 2, s = h (d - b).
struct RowFilter: Sendable {
  private let kernel, stride: Int

  /// The filter of a transposed convolution with this many rows of the kernel; nil where rows do not
  /// have two taps each.
  init?(kernel: Int, stride: Int) {
    guard kernel == 2 * stride else { return nil }
    (self.kernel, self.stride) = (kernel, stride)
  }

  /// The pairs of rows of the kernel whose sum and difference follow after its own rows, in this
  /// order. The first of a pair multiplies the earlier row.
  var pairs: [(earlier: Int, later: Int)] {
    (0..<stride).map { (earlier: $0 + stride, later: $0) }
  }

  /// The products for rows with these taps; nil if they are no pair.
  func products(_ taps: [Int]) -> [SiteBlock.Product]? {
    guard taps.count == 2, let pair = pairs.firstIndex(where: { taps == [$0.later, $0.earlier] })
    else { return nil }
    return [
      .init(kernelRow: taps[1], sources: [(0, 1), (2, -1)], targets: [(0, 1)]),
      .init(
        kernelRow: kernel + 2 * pair, sources: [(1, 0.5), (2, 0.5)],
        targets: [(0, 1), (1, 1), (2, 1)]),
      .init(
        kernelRow: kernel + 2 * pair + 1, sources: [(2, 0.5), (1, -0.5)],
        targets: [(0, 1), (1, -1), (2, 1)]),
      .init(kernelRow: taps[0], sources: [(3, 1), (1, -1)], targets: [(2, 1)]),
    ]
  }

  /// The first three of some rows as a tile, if each is made of the row before and the next one.
  ///
  /// - Parameter lines: rows with two taps, the later row first.
  static func tile(_ lines: ArraySlice<(number: Int, sources: [Int])>) -> SiteBlock.Tile? {
    let lines = Array(lines.prefix(3))
    guard lines.count == 3, lines[1].sources[1] == lines[0].sources[0],
      lines[2].sources[1] == lines[1].sources[0]
    else { return nil }
    return SiteBlock.Tile(
      rows: lines.map(\.number), sources: [lines[0].sources[1]] + lines.map { $0.sources[0] })
  }
}
