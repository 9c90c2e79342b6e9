import CPIQKernels
package import PIQTensor

/// Maps that are still to be normalised: with a factor and a term per channel, so that no
/// normalised copy is kept.
package struct NormalizedMaps {
  /// [B, H, W, C] before normalisation.
  package let maps: Tensor
  private let affine: (scale: Tensor, shift: Tensor)?

  /// Maps [B, H, W, C] that are to be multiplied by `scale` [C] and shifted by `shift` [C];
  /// unchanged if nil.
  package init(_ maps: Tensor, affine: (scale: Tensor, shift: Tensor)? = nil) {
    self.maps = maps
    self.affine = affine
  }

  /// Writes `count` pixels from pixel `first` of all clips' on, normalised and rounded.
  func copy<F: Operand>(from first: Int, count: Int, to target: UnsafeMutablePointer<F>) {
    let channels = maps.shape[3]
    maps.withUnsafeBuffer { maps in
      guard let source = maps.baseAddress.map({ $0 + first * channels }) else { return }
      guard let affine else { return F.copy(source, count: count * channels, to: target) }
      affine.scale.withUnsafeBuffer { scale in
        affine.shift.withUnsafeBuffer { shift in
          withUnsafeTemporaryAllocation(of: Float.self, capacity: channels) { pixel in
            guard let scale = scale.baseAddress, let shift = shift.baseAddress,
              let pixel = pixel.baseAddress
            else { return }
            for i in 0..<count {
              let source = source + i * channels
              for c in 0..<channels { pixel[c] = source[c] * scale[c] + shift[c] }
              F.copy(pixel, count: channels, to: target + i * channels)
            }
          }
        }
      }
    }
  }

  /// Calls `body` with the pixels of all clips, normalised when they are read.
  func withPixels<Result>(_ body: (PixelMap) throws -> Result) rethrows -> Result {
    let shape = maps.shape
    return try maps.withUnsafeBuffer { maps in
      guard let affine else { return try body(PixelMap(maps.baseAddress!, shape, nil)) }
      return try affine.scale.withUnsafeBuffer { scale in
        try affine.shift.withUnsafeBuffer { shift in
          let affine = piq_affine(scale: scale.baseAddress, shift: shift.baseAddress)
          return try body(PixelMap(maps.baseAddress!, shape, affine))
        }
      }
    }
  }
}
