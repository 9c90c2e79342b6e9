import CPIQKernels
package import PIQTensor

/// The operations after a convolution in the same pass over its output, in this order.
package struct Epilogue {
  /// A term per channel [O]; none if nil.
  package var bias: Tensor?
  /// max(x, 0).
  package var relu: Bool
  /// x * scale + shift, each [O].
  package var affine: (scale: Tensor, shift: Tensor)?

  /// A bias, then ReLU if requested, then an affine map of each channel, if any.
  package init(
    bias: Tensor? = nil, relu: Bool = false, affine: (scale: Tensor, shift: Tensor)? = nil
  ) {
    self.bias = bias
    self.relu = relu
    self.affine = affine
  }

  /// Whether it adds a bias at most.
  var isBias: Bool { !relu && affine == nil }
  /// Whether it is the identity.
  var isEmpty: Bool { bias == nil && isBias }

  /// Its result for maps [..., O].
  package func callAsFunction(_ maps: Tensor) -> Tensor {
    let channels = maps.shape.last ?? 1
    return withOperation(channels: channels) { operation in
      maps.withUnsafeBuffer { source in
        Tensor(shape: maps.shape) { target in
          guard let source = source.baseAddress, let target = target.baseAddress else { return }
          inParallel(rows: maps.count / channels) { rows in
            // Few at a time, so that they are still in the caches.
            for first in stride(from: rows.lowerBound, to: rows.upperBound, by: 32) {
              let count = min(32, rows.upperBound - first)
              let pixels = target + first * channels
              pixels.update(from: source + first * channels, count: count * channels)
              operation(pixels, count: count, channels: channels)
            }
          }
        }
      }
    }
  }

  /// Calls `body` with the operation for outputs of `channels` channels.
  func withOperation<Result>(
    channels: Int, _ body: (PixelOperation) throws -> Result
  ) rethrows -> Result {
    let zeros = Tensor(shape: [channels])
    let bias = bias ?? zeros
    let (scale, shift) = affine ?? (Tensor(shape: [channels], repeating: 1), zeros)
    return try bias.withUnsafeBuffer { bias in
      try scale.withUnsafeBuffer { scale in
        try shift.withUnsafeBuffer { shift in
          try body(
            PixelOperation(
              operation: piq_operation(
                bias: bias.baseAddress, scale: scale.baseAddress, shift: shift.baseAddress,
                least: relu ? 0 : -.infinity)))
        }
      }
    }
  }
}

/// The operation on each pixel before it is written.
struct PixelOperation: @unchecked Sendable {
  // Sendable: only read, and alive as long as the call that made it.
  let operation: piq_operation

  /// Applies it to `count` contiguous pixels.
  func callAsFunction(_ pixels: UnsafeMutablePointer<Float>, count: Int, channels: Int) {
    withUnsafePointer(to: operation) { piq_finish_pixels(pixels, count, channels, $0) }
  }
}
