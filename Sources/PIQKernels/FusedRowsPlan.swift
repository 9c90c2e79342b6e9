import PIQOneDNN
import PIQTensor

/// A transposed convolution of stride 2 and one to a single channel after it, a strip of rows at a
/// time, so that the large map between them never exists: at 256 channels it takes 210 MB for a
/// clip of 5 s. Each worker takes a strip through both layers; the strips' contributions to a row
/// of the output are added in a fixed order.
final class FusedRowsPlan: Sendable {
  /// Rows of tiles of a strip (see `StridedWinograd`).
  private static let tileRows = 2

  private let first, last: ConvolutionPlan
  private let tiles: ToomCookPlan
  private var channels: Int { last.planner.geometry.inChannels }

  /// - Parameters:
  ///   - first: a transposed convolution of kernel 4 and stride 2.
  ///   - last: the one after it, which the planner fuses with it; its epilogue is a bias at most.
  init(_ first: ConvolutionPlan, then last: ConvolutionPlan) {
    self.first = first
    self.last = last
    tiles = ToomCookPlan(weights: last.weights.folded)
  }

  /// How an input of the shape [B, H, W, I] is convolved, for a `LayerClock`.
  func work(on shape: [Int]) -> LayerClock.Work {
    let (b, h, w) = (shape[0], shape[1], shape[2])
    let between = [b, 2 * h, 2 * w, channels]
    let doubling = first.newWinograd(side(Extent(h, w))).work(
      positions: Extent(h + 1, w + 1), batch: b,
      definition: first.planner.geometry.multiplications(of: shape))
    return .init(
      method: doubling.method + ", Toom-Cook (\(Float.kernel))",
      multiplications: doubling.multiplications
        + last.planner.geometry.multiplications(of: between),
      performed: doubling.performed + tiles.multiplications(pixels: b * 4 * h * w))
  }

  private func side(_ size: Extent) -> TileSide { first.planner.tileSide(.toFine, coarse: size) }

  /// Runs both on `x` [B, H, W, I]: [B, H', W', 1].
  ///
  /// - Throws: `OneDNNError` when `x` does not fit.
  func callAsFunction(_ x: Tensor) throws -> Tensor {
    try first.planner.geometry.check(x)
    let doubling = first.winograd(side(Extent(of: x.shape)))
    return switch doubling.precision {
    case .float32: try run(Float.self, x, doubling)
    case .bfloat16: try run(BFloat16.self, x, doubling)
    }
  }

  private func run<F: Operand>(
    _: F.Type, _ x: Tensor, _ doubling: StridedWinograd
  ) throws -> Tensor {
    let (b, h, w) = (x.shape[0], x.shape[1], x.shape[2])
    let strips = Strips(height: h, positions: Self.tileRows * doubling.side.rawValue)
    let sumsSize = tiles.sumsSize(rows: strips.maximumRows, columns: 2 * w)
    var sums = Tensor(shape: [b, strips.count, sumsSize.rows, sumsSize.columns])
    nonisolated(unsafe) let firstSum = sums.operands(of: Float.self)
    let map = WorkerBuffers<Float>(count: strips.maximumRows * 2 * w * channels)
    let workspace = doubling.makeWorkspace(F.self, positions: w + 1)
    let lastWorkspace = tiles.makeWorkspace()
    try NormalizedMaps(x).withPixels { source in
      try first.epilogue.withOperation(channels: channels) { operation in
        try parallelFor(blocks: b * strips.count) { (block, worker) throws(OneDNNError) in
          let (clip, strip) = block.quotientAndRemainder(dividingBy: strips.count)
          let rows = strips.rows(strip)
          let target = MutablePixelMap(
            map[worker], clips: clip..<clip + 1, rows: rows, width: 2 * w, channels: channels)
          try doubling.fine(
            source, clip: clip, rows: strips.positions(strip), positions: w + 1,
            to: target, then: operation, in: workspace, of: worker)
          try tiles.add(
            map[worker], rows: rows.count, columns: 2 * w,
            to: firstSum + block * sumsSize.rows * sumsSize.columns, in: lastWorkspace, of: worker)
        }
      }
    }
    return withExtendedLifetime((map, workspace, lastWorkspace)) {
      joined(sums, strips, batch: b, height: 2 * h, width: 2 * w)
    }
  }

  /// The output [B, H', W', 1] of the strips' sums.
  private func joined(
    _ sums: Tensor, _ strips: Strips, batch: Int, height: Int, width: Int
  ) -> Tensor {
    let shape = last.planner.geometry.output(of: [batch, height, width, channels])
    let (rows, columns) = (shape[1], shape[2])
    let bias = last.epilogue.bias?.scalar ?? 0
    let (sumRows, sumColumns) = (sums.shape[2], sums.shape[3])
    let padding = last.planner.geometry.padding
    return sums.withUnsafeBuffer { sums in
      Tensor(shape: shape) { output in
        for line in 0..<batch * rows {
          let (clip, row) = line.quotientAndRemainder(dividingBy: rows)
          let target = UnsafeMutableBufferPointer(
            rebasing: output[line * columns..<(line + 1) * columns])
          target.update(repeating: bias)
          for strip in 0..<strips.count {
            let place = row + padding.height - strips.rows(strip).lowerBound
            guard (0..<sumRows).contains(place) else { continue }
            let first =
              ((clip * strips.count + strip) * sumRows + place) * sumColumns + padding.width
            for column in 0..<columns { target[column] += sums[first + column] }
          }
        }
      }
    }
  }

  /// The strips of a map, which divide its height + 1 rows of positions.
  private struct Strips: Sendable {
    /// Of the coarse map.
    let height: Int
    /// Rows of positions in a strip.
    let positions: Int

    var count: Int { (height + positions) / positions }
    /// The most rows of the fine map that a strip has.
    var maximumRows: Int { 2 * positions }

    func positions(_ strip: Int) -> Range<Int> {
      strip * positions..<min((strip + 1) * positions, height + 1)
    }

    /// Its rows of the fine map.
    func rows(_ strip: Int) -> Range<Int> {
      let positions = positions(strip)
      return max(0, 2 * positions.lowerBound - 1)..<min(2 * height, 2 * positions.upperBound - 1)
    }
  }
}
