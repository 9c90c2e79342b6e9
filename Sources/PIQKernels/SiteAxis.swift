/// The rows, or the columns, of a map behind transposed convolutions.
///
/// A site of a map is active where it depends on the input; elsewhere its value follows from the
/// weights (Graham, arXiv 1409.6070). Where a stride is larger than the kernel, whole rows and
/// columns are not active. A site is active if its row and its column are: both axes are treated
/// alike and alone.
///
/// Rows are of one kind if their taps are the same, on rows of the same kinds. Sites whose rows and
/// columns are of the same kinds have the same value if they are not active, so that few values
/// stand for all of them.
struct SiteAxis: Sendable {
  /// A tap of the kernel, and what it multiplies: a row of the map before, or a kind of them.
  struct Tap: Hashable {
    let tap, source: Int
  }

  /// The kind of each row.
  let kinds: [Int]
  /// The taps of each kind, on kinds of the map before.
  let kindTaps: [[Tap]]
  /// Whether rows of a kind are active.
  let kindIsActive: [Bool]
  /// The active rows.
  let active: [Int]
  /// The taps of each active row, on the active rows of the map before, counted among themselves.
  let activeTaps: [[Tap]]
  /// The taps of every row, likewise.
  let taps: [[Tap]]

  /// The kinds of the active rows.
  var activeKinds: [Int] { active.map { kinds[$0] } }

  /// The input's rows: all active.
  init(count: Int) {
    kinds = Array(repeating: 0, count: count)
    (kindTaps, kindIsActive) = ([[]], [true])
    active = Array(0..<count)
    taps = Array(repeating: [], count: count)
    activeTaps = taps
  }

  /// The rows behind a transposed convolution of these.
  func transposed(kernel: Int, stride: Int, padding: Int) -> SiteAxis {
    let count = (kinds.count - 1) * stride - 2 * padding + kernel
    return SiteAxis(
      after: self,
      taps: (0..<max(0, count)).map { row in
        (0..<kernel).compactMap { tap in
          let (source, rest) = (row + padding - tap).quotientAndRemainder(dividingBy: stride)
          guard rest == 0, kinds.indices.contains(source) else { return nil }
          return Tap(tap: tap, source: source)
        }
      })
  }

  private init(after before: SiteAxis, taps: [[Tap]]) {
    var (kindOfTaps, kindTaps) = ([[Tap]: Int](), [[Tap]]())
    kinds = taps.map { taps in
      let taps = taps.map { Tap(tap: $0.tap, source: before.kinds[$0.source]) }
      if let kind = kindOfTaps[taps] { return kind }
      kindTaps.append(taps)
      kindOfTaps[taps] = kindTaps.count - 1
      return kindTaps.count - 1
    }
    self.kindTaps = kindTaps
    let isActive = kindTaps.map { $0.contains { before.kindIsActive[$0.source] } }
    kindIsActive = isActive
    active = kinds.indices.filter { [kinds] in isActive[kinds[$0]] }
    let numbers = Dictionary(
      uniqueKeysWithValues: before.active.enumerated().map { ($0.element, $0.offset) })
    self.taps = taps.map { taps in
      taps.compactMap { tap in
        numbers[tap.source].map { Tap(tap: tap.tap, source: $0) }
      }
    }
    activeTaps = active.map { [taps = self.taps] in taps[$0] }
  }
}

/// The sites of a map: rows times columns.
struct Sites: Sendable {
  let rows, columns: SiteAxis

  /// Those of an input: all active.
  init(_ size: Extent) {
    (rows, columns) = (SiteAxis(count: size.height), SiteAxis(count: size.width))
  }

  private init(rows: SiteAxis, columns: SiteAxis) { (self.rows, self.columns) = (rows, columns) }

  /// Those behind a transposed convolution.
  func transposed(_ geometry: ConvolutionGeometry) -> Sites {
    let (kernel, stride, padding) = (geometry.kernel, geometry.stride, geometry.padding)
    return Sites(
      rows: rows.transposed(
        kernel: kernel.height, stride: stride.height, padding: padding.height),
      columns: columns.transposed(
        kernel: kernel.width, stride: stride.width, padding: padding.width))
  }

  /// How many are active.
  var activeCount: Int { rows.active.count * columns.active.count }
}
