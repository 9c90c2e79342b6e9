import PIQOneDNN
import PIQTensor

extension StridedWinograd {
  /// The convolution of all clips.
  ///
  /// - Parameters:
  ///   - fine: [B, H', W', F].
  ///   - size: the coarse map's extents H and W.
  /// - Returns: [B, H, W, C].
  func coarse(_ fine: Tensor, size: Extent, epilogue: Epilogue = Epilogue()) throws -> Tensor {
    switch precision {
    case .float32: try coarse(Float.self, fine, size, epilogue)
    case .bfloat16: try coarse(BFloat16.self, fine, size, epilogue)
    }
  }

  private func coarse<F: Operand>(
    _: F.Type, _ fine: Tensor, _ size: Extent, _ epilogue: Epilogue
  ) throws -> Tensor {
    let (b, h, w) = (fine.shape[0], size.height, size.width)
    let grid = TileGrid(clips: 0..<b, rows: 0..<h, width: w, side: side)
    let (c, f) = (coarseChannels, fineChannels)
    kernel(isBackwards: true)
    return try NormalizedMaps(fine).withPixels { source in
      try Tensor(shape: [b, h, w, c]) { result in
        let target = MutablePixelMap(
          result.baseAddress!, clips: 0..<b, rows: 0..<h, width: w, channels: c)
        try epilogue.withOperation(channels: c) { operation in
          try forEachBlock(of: grid, F.self, f, Float.self, c) {
            (tiles, left, right, _) throws(OneDNNError) in
            for phase in 0..<Self.phases {
              source.evaluate(tiles, of: grid, .fine(phase: phase), isFlipped: true, to: left)
              try multiply(left, phase, (tiles.count, c, f), isBackwards: true, to: right)
            }
            target.interpolate(right, tiles, of: grid, .coarse, isFlipped: true, then: operation)
          }
        }
      }
    }
  }
}
