import Glibc
public import PIQTensor

/// The spectrogram and the mask of a piece of a long recording, its frequencies pooled to the rows
/// of a figure.
public struct OverviewPiece: Sendable {
  /// How many rows there are at most.
  static let mostRows = 256

  /// The position of the first frame's centre in the recording, in samples.
  let start: Int
  let hopLength: Int
  let frames: Int
  let rows: Int
  /// The log-power's maximum over each row's bins [frames, rows].
  let input: [Float]
  /// The mask's average over each row's bins [frames, rows]; nil where nothing was explained.
  let mask: [Float]?

  /// Pools the frames of a window whose centres lie in `span`. NaN and infinity count as 0.
  ///
  /// - Parameters:
  ///   - logPower: log(1 + magnitude) [T, F] of the window divided by `level`.
  ///   - mask: 0 to 1 [T, F]; nil where the window was not explained.
  ///   - level: the factor that restores the window's own level.
  ///   - start: the position of the window's first sample in the recording.
  ///   - hopLength: the hop between frames, in samples.
  ///   - span: positions in the recording.
  public init(
    logPower: Tensor, mask: Tensor?, level: Float, start: Int, hopLength: Int, span: Range<Int>
  ) {
    func frame(atOrAfter place: Int) -> Int {
      min(max(0, (place - start + hopLength - 1) / hopLength), logPower.shape[0])
    }
    let first = frame(atOrAfter: span.lowerBound)
    let last = max(first, frame(atOrAfter: span.upperBound))
    let bins = logPower.shape[1]
    let pooling = Pooling(samples: bins, pixels: min(bins, Self.mostRows))
    self.start = start + first * hopLength
    self.hopLength = hopLength
    frames = last - first
    rows = pooling.spans.count
    func pooled(_ grid: Tensor, _ pool: (Slice<UnsafeBufferPointer<Float>>) -> Float) -> [Float] {
      grid.withUnsafeBuffer { elements in
        (first..<last).flatMap { frame in
          pooling.spans.map { span in
            let low = frame * bins + span.range.lowerBound
            return pool(elements[low..<low + span.range.count])
          }
        }
      }
    }
    input = pooled(logPower) { cells in
      let loudest = cells.reduce(Float(0)) { $1.isFinite ? max($0, $1) : $0 }
      return level == 1 ? loudest : log1pf(expm1f(loudest) * abs(level))
    }
    self.mask = mask.map { mask in
      pooled(mask) { cells in
        cells.reduce(Float(0)) { $1.isFinite ? $0 + $1 : $0 } / Float(max(cells.count, 1))
      }
    }
  }
}

/// A spectrogram and a mask of any length, pooled over time to a bounded number of columns: when
/// there are too many, neighbours are merged.
public struct OverviewPool: Sendable {
  /// The most that a figure can draw without omissions.
  static let mostColumns = 2560

  /// The position in the recording at which the first column begins.
  let origin: Int
  /// The length of a column, in samples.
  private(set) var samplesPerColumn: Int
  private(set) var columns = 0
  private(set) var rows = 0
  /// Maximum [columns, rows].
  private(set) var input: [Float] = []
  /// Sums [columns, rows], and the number of frames in each.
  private var mask: [Float] = []
  private(set) var maskFrames: [Float] = []

  /// An empty pool that begins at the position `origin`, in samples.
  ///
  /// - Parameter hopLength: of the frames.
  public init(origin: Int, hopLength: Int) {
    self.origin = origin
    // Frames of different windows are not on one grid: with two per column none stays empty.
    samplesPerColumn = 2 * hopLength
  }

  /// Adds the frames of a piece whose centres lie in `range`.
  public mutating func add(_ piece: OverviewPiece, in range: Range<Int>) {
    rows = piece.rows
    for frame in 0..<piece.frames {
      let place = piece.start + frame * piece.hopLength
      guard range.contains(place), place >= origin else { continue }
      makeRoom(for: (place - origin) / samplesPerColumn)
      let column = (place - origin) / samplesPerColumn
      for row in 0..<rows {
        let (from, to) = (frame * rows + row, column * rows + row)
        input[to] = max(input[to], piece.input[from])
        if let values = piece.mask { mask[to] += values[from] }
      }
      if piece.mask != nil { maskFrames[column] += 1 }
    }
  }

  /// The average of the mask [columns, rows]; zero where nothing was explained.
  var meanMask: [Float] {
    mask.indices.map { mask[$0] / max(1, maskFrames[$0 / rows]) }
  }

  private mutating func makeRoom(for column: Int) {
    var column = column
    while column >= Self.mostColumns {
      halve()
      column /= 2
    }
    guard column >= columns else { return }
    let added = column + 1 - columns
    input += [Float](repeating: 0, count: added * rows)
    mask += [Float](repeating: 0, count: added * rows)
    maskFrames += [Float](repeating: 0, count: added)
    columns = column + 1
  }

  private mutating func halve() {
    let half = (columns + 1) / 2
    for column in 0..<half {
      for (offset, source) in [2 * column, 2 * column + 1].enumerated() where source < columns {
        for row in 0..<rows {
          let (from, to) = (source * rows + row, column * rows + row)
          input[to] = offset == 0 ? input[from] : max(input[to], input[from])
          mask[to] = offset == 0 ? mask[from] : mask[to] + mask[from]
        }
        maskFrames[column] =
          offset == 0 ? maskFrames[source] : maskFrames[column] + maskFrames[source]
      }
    }
    input.removeLast((columns - half) * rows)
    mask.removeLast((columns - half) * rows)
    maskFrames.removeLast(columns - half)
    columns = half
    samplesPerColumn *= 2
  }
}
