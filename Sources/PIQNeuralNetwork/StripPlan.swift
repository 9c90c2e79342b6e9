import PIQOneDNN
import PIQTensor

/// A doubling layer and the single-channel layer after it, a strip of rows at a time, so that the
/// large map between them never exists: at 256 channels it takes 210 MB for a clip of 5 s. Each
/// worker takes a strip through both layers; what strips contribute to the same row of the output
/// is added up in their order, whoever was first.
final class StripPlan: ForwardPlan {
  /// Rows of tiles of a strip (see `DoublingProducts`).
  private static let tileRows = 2

  private let kernels: DoublingKernels
  private let bias: Tensor
  private let fusion: Fusion
  private let last: SingleChannelTiles
  private let lastGeometry: ConvolutionGeometry
  private let lastBias: Float

  /// - Parameters:
  ///   - bias: of the doubling layer [O].
  ///   - fusion: what follows the doubling layer.
  ///   - last: the layer after it, which `SingleChannelTiles` fits.
  init(
    _ kernels: DoublingKernels, bias: Tensor, fusing fusion: Fusion, then last: ConvTranspose2d
  ) {
    self.kernels = kernels
    self.bias = bias
    self.fusion = fusion
    self.last = SingleChannelTiles(weights: last.weight.value)
    lastGeometry = last.geometry
    lastBias = last.bias.value.scalar
  }

  func work(on x: Tensor) -> LayerClock.Work {
    let (b, h, w) = (x.shape[0], x.shape[1], x.shape[2])
    var shape = lastGeometry.shape(of: Tensor(shape: [b, 0, 0, bias.count]))
    (shape.height, shape.width) = (2 * h, 2 * w)
    let doubling = kernels.products(forCoarse: h, w).work(
      positions: (h + 1, w + 1), batch: b,
      definition: Double(b * h * w * 16) * Double(x.shape[3] * bias.count))
    return .init(
      method: doubling.method + ", polynomials (\(Float.kernel))",
      multiplications: doubling.multiplications + shape.multiplications,
      performed: doubling.performed + last.multiplications(pixels: b * 4 * h * w))
  }

  func callAsFunction(_ x: Tensor, adding residual: Tensor?) throws -> Tensor {
    precondition(residual == nil, "no layer of this network adds to a decoder's output")
    let doubling = kernels.products(forCoarse: x.shape[1], x.shape[2])
    return switch doubling.precision {
    case .float32: try run(Float.self, x, doubling)
    case .bfloat16: try run(BFloat16.self, x, doubling)
    }
  }

  private func run<F: Factor>(
    _: F.Type, _ x: Tensor, _ doubling: DoublingProducts
  ) throws -> Tensor {
    let (b, h, w) = (x.shape[0], x.shape[1], x.shape[2])
    let strips = Strips(height: h, positions: Self.tileRows * doubling.side.rawValue)
    let sumsSize = last.sumsSize(rows: strips.mostRows, columns: 2 * w)
    var sums = Tensor(shape: [b, strips.count, sumsSize.rows, sumsSize.columns])
    nonisolated(unsafe) let firstSum = sums.factors(of: Float.self)
    let map = WorkerBuffers<Float>(count: strips.mostRows * 2 * w * bias.count)
    let workspace = doubling.makeWorkspace(F.self, positions: w + 1)
    let lastWorkspace = last.makeWorkspace()
    try NormalizedMaps(x).withPixels { source in
      try PixelOperation.with(bias, fusion, channels: bias.count) { operation in
        try shareOut(blocks: b * strips.count) { (block, worker) throws(OneDNNError) in
          let (clip, strip) = block.quotientAndRemainder(dividingBy: strips.count)
          let rows = strips.rows(strip)
          let target = MutablePixelMap(
            map[worker], clips: clip..<clip + 1, rows: rows, width: 2 * w, channels: bias.count)
          try doubling.fine(
            source, clip: clip, rows: strips.positions(strip), positions: w + 1,
            to: target, then: operation, in: workspace, of: worker)
          try last.add(
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
    var shape = lastGeometry.shape(of: Tensor(shape: [batch, 0, 0, bias.count]))
    (shape.height, shape.width) = (height, width)
    let (rows, columns) = (shape.output[1], shape.output[2])
    let (sumRows, sumColumns) = (sums.shape[2], sums.shape[3])
    let padding = lastGeometry.padBefore
    return sums.withUnsafeBuffer { sums in
      Tensor(shape: shape.output) { output in
        for line in 0..<batch * rows {
          let (clip, row) = line.quotientAndRemainder(dividingBy: rows)
          let target = UnsafeMutableBufferPointer(
            rebasing: output[line * columns..<(line + 1) * columns])
          target.update(repeating: lastBias)
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

  /// The strips of a map, which share out its height + 1 rows of positions.
  private struct Strips: Sendable {
    /// Of the coarse map.
    let height: Int
    /// Rows of positions in a strip.
    let positions: Int

    var count: Int { (height + positions) / positions }
    /// The most rows of the fine map that a strip has.
    var mostRows: Int { 2 * positions }

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
