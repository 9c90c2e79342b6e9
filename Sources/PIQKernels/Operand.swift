import CPIQKernels
import PIQOneDNN
import PIQTensor

/// A type of GEMM operands; sums are `Float`.
protocol Operand: SendableMetatype {
  /// Writes `values`, rounded; as many as there are, any number.
  static func copy(
    _ values: UnsafePointer<Float>, count: Int, to target: UnsafeMutablePointer<Self>)

  /// oneDNN's name for the kernel that multiplies.
  static var kernel: String { get }

  /// Writes a tile's pixels [channels] evaluated at the points, which lie `plane` apart.
  static func evaluate(
    _ side: TileSide, _ pixels: UnsafePointer<UnsafePointer<Float>?>, channels: Int,
    affine: piq_affine?, isFlipped: Bool, to target: UnsafeMutablePointer<Self>, plane: Int)

  /// Writes the gradient at the points from that of a tile's 3 by 3 pixels.
  static func spread(
    _ pixels: UnsafePointer<UnsafePointer<Float>?>, channels: Int,
    to target: UnsafeMutablePointer<Self>, plane: Int)

  /// `count` products of matrices, [M, K] times [K, N], contiguous in memory.
  ///
  /// - Parameters:
  ///   - transposingLeft: whether `left` is stored as [K, M].
  ///   - transposingRight: whether `right` is stored as [N, K].
  ///   - adding: whether to add to the previous `sums`.
  static func multiply(
    _ count: Int, _ left: UnsafePointer<Self>, _ right: UnsafePointer<Self>,
    size: (m: Int, n: Int, k: Int), transposingLeft: Bool, transposingRight: Bool,
    to sums: UnsafeMutablePointer<Float>, adding: Bool) throws(OneDNNError)
}

extension Float: Operand {
  static var kernel: String { "sgemm" }

  static func copy(
    _ values: UnsafePointer<Float>, count: Int, to target: UnsafeMutablePointer<Float>
  ) {
    target.update(from: values, count: count)
  }

  static func evaluate(
    _ side: TileSide, _ pixels: UnsafePointer<UnsafePointer<Float>?>, channels: Int,
    affine: piq_affine?, isFlipped: Bool, to target: UnsafeMutablePointer<Float>, plane: Int
  ) {
    withOptionalPointer(to: affine) { affine in
      switch side {
      case .three: piq_tile4_points(pixels, channels, affine, isFlipped ? 1 : 0, target, plane)
      case .five:
        precondition(affine == nil && !isFlipped, "tiles of five are of the way forward only")
        piq_tile6_points(pixels, channels, target, plane)
      }
    }
  }

  static func spread(
    _ pixels: UnsafePointer<UnsafePointer<Float>?>, channels: Int,
    to target: UnsafeMutablePointer<Float>, plane: Int
  ) {
    piq_tile4_spread(pixels, channels, target, plane)
  }

  static func multiply(
    _ count: Int, _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>,
    size: (m: Int, n: Int, k: Int), transposingLeft: Bool, transposingRight: Bool,
    to sums: UnsafeMutablePointer<Float>, adding: Bool
  ) throws(OneDNNError) {
    let (m, n, k) = size
    for i in 0..<count {
      try PIQOneDNN.multiply(
        left + i * m * k, right + i * k * n, size: size, transposingLeft: transposingLeft,
        transposingRight: transposingRight, to: sums + i * m * n, adding: adding)
    }
  }
}

/// The upper half of a `Float`: its sign, its exponent and 7 bits.
struct BFloat16: Operand {
  let bits: UInt16

  static var kernel: String {
    (try? BFloat16Product.of(TileSide.three.points, size: (64, 256, 256)).kernel) ?? "none"
  }

  /// Rounds to the nearest, ties to even. NaN may become infinite.
  static func copy(
    _ values: UnsafePointer<Float>, count: Int, to target: UnsafeMutablePointer<BFloat16>
  ) {
    piq_round_to_bf16(values, count, bits(of: target))
  }

  static func evaluate(
    _ side: TileSide, _ pixels: UnsafePointer<UnsafePointer<Float>?>, channels: Int,
    affine: piq_affine?, isFlipped: Bool, to target: UnsafeMutablePointer<BFloat16>, plane: Int
  ) {
    precondition(side == .three, "larger tiles would lose what bf16 keeps")
    withOptionalPointer(to: affine) {
      piq_tile4_points_bf16(pixels, channels, $0, isFlipped ? 1 : 0, bits(of: target), plane)
    }
  }

  static func spread(
    _ pixels: UnsafePointer<UnsafePointer<Float>?>, channels: Int,
    to target: UnsafeMutablePointer<BFloat16>, plane: Int
  ) {
    piq_tile4_spread_bf16(pixels, channels, bits(of: target), plane)
  }

  private static func bits(
    of target: UnsafeMutablePointer<BFloat16>
  ) -> UnsafeMutablePointer<UInt16> {
    UnsafeMutableRawPointer(target).assumingMemoryBound(to: UInt16.self)
  }

  static func multiply(
    _ count: Int, _ left: UnsafePointer<BFloat16>, _ right: UnsafePointer<BFloat16>,
    size: (m: Int, n: Int, k: Int), transposingLeft: Bool, transposingRight: Bool,
    to sums: UnsafeMutablePointer<Float>, adding: Bool
  ) throws(OneDNNError) {
    guard size.m > 0, size.n > 0, size.k > 0 else { return }
    let product = try BFloat16Product.of(
      count, size: size, transposingLeft: transposingLeft, transposingRight: transposingRight,
      adding: adding)
    try product(left, right, to: sums)
  }
}

extension Operand {
  /// Memory of the tensors' pool for `count` numbers: fresh memory would cost more than the work on
  /// it. Its contents are undefined.
  static func buffer(_ count: Int) -> Tensor {
    let floats = (count * MemoryLayout<Self>.stride + 3) / 4
    return Tensor(shape: [floats]) { _ in }
  }

  /// The elements of a tensor, rounded.
  static func rounded(_ values: Tensor) -> Tensor {
    var result = buffer(values.count)
    let target = result.operands(of: Self.self)
    values.withUnsafeBuffer {
      if let source = $0.baseAddress { copy(source, count: $0.count, to: target) }
    }
    return result
  }
}

extension Tensor {
  /// The memory of a buffer of `Operand.buffer(_:)`, for reading.
  func withOperands<F: Operand, Result, Failure: Error>(
    of _: F.Type, _ body: (UnsafePointer<F>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withUnsafeBuffer { (buffer) throws(Failure) in
      try body(UnsafeRawPointer(buffer.baseAddress!).assumingMemoryBound(to: F.self))
    }
  }

  /// The same for writing. It is valid while the tensor lives and is not copied.
  mutating func operands<F: Operand>(of _: F.Type) -> UnsafeMutablePointer<F> {
    withUnsafeMutableBuffer {
      UnsafeMutableRawPointer($0.baseAddress!).assumingMemoryBound(to: F.self)
    }
  }
}

/// Calls `body` with a pointer to a value, or with none.
private func withOptionalPointer<Value>(to value: Value?, _ body: (UnsafePointer<Value>?) -> Void) {
  guard let value else { return body(nil) }
  withUnsafePointer(to: value) { body($0) }
}
