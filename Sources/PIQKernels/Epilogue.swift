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
