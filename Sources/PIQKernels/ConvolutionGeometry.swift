import PIQOneDNN
import PIQTensor

/// A height and a width, in rows and columns.
package struct Extent: Hashable, Sendable {
  package var height, width: Int

  /// An extent in rows and columns.
  package init(_ height: Int, _ width: Int) {
    self.height = height
    self.width = width
  }

  /// Height times width.
  var count: Int { height * width }

  /// The extent of each map of `shape` [B, H, W, C].
  init(of shape: [Int]) { self.init(shape[1], shape[2]) }
}

/// The sizes of a convolution, or of a transposed one, for any input extent.
///
/// Either links a fine map to a coarse one: a convolution goes from fine to coarse and a transposed
/// one from coarse to fine, and their gradients in reverse. Tap (a, b) of the kernel links the
/// coarse pixel (i, j) with the fine pixel (i s + a - p, j s + b - p): s stride, p padding. PyTorch
/// keeps the weights of both as [C, F, kH, kW]: C coarse channels, F fine ones, kH and kW taps.
package struct ConvolutionGeometry: Hashable, Sendable {
  package var inChannels, outChannels: Int
  package var kernel, stride: Extent
  /// Rows and columns of zeros around the fine map.
  package var padding: Extent
  package var isTransposed: Bool

  /// The geometry of a layer.
  package init(
    inChannels: Int, outChannels: Int, kernel: Extent, stride: Extent, padding: Extent,
    isTransposed: Bool = false
  ) {
    self.inChannels = inChannels
    self.outChannels = outChannels
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.isTransposed = isTransposed
  }

  var fineChannels: Int { isTransposed ? outChannels : inChannels }
  var coarseChannels: Int { isTransposed ? inChannels : outChannels }
  /// How many taps the kernel has.
  var taps: Int { kernel.count }
  /// How many fine values one coarse pixel is linked with.
  var windowSize: Int { taps * fineChannels }

  /// The extent of the output for an input of the extent `size`; not positive where that is smaller
  /// than the kernel.
  func outputSize(_ size: Extent) -> Extent {
    func length(_ axis: KeyPath<Extent, Int>) -> Int {
      let (n, k) = (size[keyPath: axis], kernel[keyPath: axis])
      let (s, pad) = (stride[keyPath: axis], 2 * padding[keyPath: axis])
      if isTransposed { return (n - 1) * s - pad + k }
      return n + pad < k ? 0 : (n + pad - k) / s + 1
    }
    return Extent(length(\.height), length(\.width))
  }

  /// The shape [B, H', W', O] of the output for an input of the shape [B, H, W, I].
  func output(of input: [Int]) -> [Int] {
    let size = outputSize(Extent(of: input))
    return [input[0], size.height, size.width, outChannels]
  }

  /// The number of multiplications by definition.
  func multiplications(of input: [Int]) -> Double {
    let coarse = isTransposed ? input : output(of: input)
    return Double(coarse[0] * coarse[1] * coarse[2]) * Double(windowSize * coarseChannels)
  }

  /// Checks that `x` is an input, and that it has an output.
  func check(_ x: Tensor) throws(OneDNNError) { try check(x.shape) }

  /// The same of an input of this shape.
  func check(_ shape: [Int]) throws(OneDNNError) {
    let name =
      "a \(isTransposed ? "transposed " : "")convolution \(kernel.height)x\(kernel.width) of "
      + "\(inChannels) to \(outChannels) channels"
    guard shape.count == 4, shape[3] == inChannels else {
      throw OneDNNError(operation: name, reason: "given \(shape)")
    }
    guard output(of: shape).allSatisfy({ $0 > 0 }) else {
      throw OneDNNError(operation: name, reason: "the input \(shape) is smaller than the kernel")
    }
  }
}
