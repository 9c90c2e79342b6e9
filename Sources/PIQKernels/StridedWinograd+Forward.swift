import PIQOneDNN
import PIQTensor

extension StridedWinograd {
  /// The transposed convolution of all clips.
  ///
  /// - Parameters:
  ///   - coarse: [B, H, W, C].
  ///   - size: the fine map's extents H' and W'.
  /// - Returns: [B, H', W', F].
  func fine(
    _ coarse: NormalizedMaps, size: Extent, epilogue: Epilogue = Epilogue()
  ) throws -> Tensor {
    switch precision {
    case .float32: try fine(Float.self, coarse, size, epilogue)
    case .bfloat16: try fine(BFloat16.self, coarse, size, epilogue)
    }
  }

  private func fine<F: Operand>(
    _: F.Type, _ coarse: NormalizedMaps, _ size: Extent, _ epilogue: Epilogue
  ) throws -> Tensor {
    let shape = coarse.maps.shape
    let grid = TileGrid(
      clips: 0..<shape[0], rows: 0..<shape[1] + 1, width: shape[2] + 1, side: side)
    let (c, f) = (coarseChannels, fineChannels)
    kernel(isBackwards: false)
    return try coarse.withPixels { source in
      try Tensor(shape: [shape[0], size.height, size.width, f]) { result in
        let target = MutablePixelMap(
          result.baseAddress!, clips: 0..<shape[0], rows: 0..<size.height, width: size.width,
          channels: f)
        try epilogue.withOperation(channels: f) { operation in
          try forEachBlock(of: grid, F.self, c, Float.self, f) {
            (tiles, left, right, _) throws(OneDNNError) in
            try fine(tiles, of: grid, source, left, right, to: target, then: operation)
          }
        }
      }
    }
  }

  /// Memory for the workers' calls of the function below.
  struct Workspace<F: Operand>: Sendable {
    fileprivate let left: WorkerBuffers<F>
    fileprivate let right: WorkerBuffers<Float>
    fileprivate let tiles: Int
  }

  /// Memory for calls with rows of `positions` positions.
  func makeWorkspace<F: Operand>(_: F.Type, positions: Int) -> Workspace<F> {
    kernel(isBackwards: false)
    let tiles = min(Self.maximumTiles, 2 * ((positions + side.rawValue - 1) / side.rawValue))
    return Workspace(
      left: WorkerBuffers(count: side.points * tiles * coarseChannels),
      right: WorkerBuffers(count: side.points * tiles * fineChannels), tiles: tiles)
  }

  /// The output of some rows of positions of one clip, on the calling thread alone: the fine rows 2
  /// j - 1 and 2 j for each position j, as far as `target` has them.
  func fine<F: Operand>(
    _ source: PixelMap, clip: Int, rows: Range<Int>, positions: Int, to target: MutablePixelMap,
    then operation: PixelOperation, in workspace: Workspace<F>, of worker: Int
  ) throws(OneDNNError) {
    let grid = TileGrid(clips: clip..<clip + 1, rows: rows, width: positions, side: side)
    for first in stride(from: 0, to: grid.count, by: workspace.tiles) {
      let tiles = first..<min(first + workspace.tiles, grid.count)
      try fine(
        tiles, of: grid, source, workspace.left[worker], workspace.right[worker], to: target,
        then: operation)
    }
  }

  private func fine<F: Operand>(
    _ tiles: Range<Int>, of grid: TileGrid, _ source: PixelMap, _ left: UnsafeMutablePointer<F>,
    _ right: UnsafeMutablePointer<Float>, to target: MutablePixelMap, then operation: PixelOperation
  ) throws(OneDNNError) {
    source.evaluate(tiles, of: grid, .coarseBefore, to: left)
    for phase in 0..<Self.phases {
      try multiply(left, phase, (tiles.count, fineChannels, coarseChannels), to: right)
      target.interpolate(right, tiles, of: grid, .fine(phase: phase), then: operation)
    }
  }
}
