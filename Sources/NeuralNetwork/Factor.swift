import OneDNN
import Tensor

/// Numbers side by side, as the transforms of tiles take them.
typealias Vector = SIMD8<Float>

/// A kind of number that products are made of; their sums are `Float`.
protocol Factor: SendableMetatype {
  /// Writes 8 numbers, rounded.
  static func store(_ values: Vector, at target: UnsafeMutablePointer<Self>)

  /// As many products of matrices as `count` says, [M, K] times [K, N], which lie one behind the
  /// other.
  ///
  /// - Parameters:
  ///   - transposingLeft: whether `left` lies as [K, M].
  ///   - transposingRight: whether `right` lies as [N, K].
  ///   - adding: whether to add to what `sums` holds.
  static func multiply(
    _ count: Int, _ left: UnsafePointer<Self>, _ right: UnsafePointer<Self>,
    size: (m: Int, n: Int, k: Int), transposingLeft: Bool, transposingRight: Bool,
    to sums: UnsafeMutablePointer<Float>, adding: Bool) throws(OneDNNError)
}

extension Float: Factor {
  @inline(__always)
  static func store(_ values: Vector, at target: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(target).storeBytes(of: values, as: Vector.self)
  }

  static func multiply(
    _ count: Int, _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>,
    size: (m: Int, n: Int, k: Int), transposingLeft: Bool, transposingRight: Bool,
    to sums: UnsafeMutablePointer<Float>, adding: Bool
  ) throws(OneDNNError) {
    let (m, n, k) = size
    for i in 0..<count {
      try OneDNN.addProduct(
        MatrixView(left + i * m * k, rowStride: transposingLeft ? m : k),
        MatrixView(right + i * k * n, rowStride: transposingRight ? k : n), size: size,
        transposingLeft: transposingLeft, transposingRight: transposingRight,
        to: sums + i * m * n, sumStride: n, overwriting: !adding)
    }
  }
}

/// The upper half of a `Float`: its sign, its exponent and 7 bits.
struct BFloat16: Factor {
  let bits: UInt16

  /// Rounds to the nearest, ties to even. What is not a number may become infinite.
  @inline(__always)
  static func store(_ values: Vector, at target: UnsafeMutablePointer<BFloat16>) {
    let bits = unsafeBitCast(values, to: SIMD8<UInt32>.self)
    let rounded = bits &+ 0x7FFF &+ ((bits &>> 16) & 1)
    UnsafeMutableRawPointer(target).storeBytes(
      of: SIMD8<UInt16>(truncatingIfNeeded: rounded &>> 16), as: SIMD8<UInt16>.self)
  }

  static func multiply(
    _ count: Int, _ left: UnsafePointer<BFloat16>, _ right: UnsafePointer<BFloat16>,
    size: (m: Int, n: Int, k: Int), transposingLeft: Bool, transposingRight: Bool,
    to sums: UnsafeMutablePointer<Float>, adding: Bool
  ) throws(OneDNNError) {
    guard size.m > 0, size.n > 0, size.k > 0 else { return }
    let product = try BFloat16Product.of(
      .init(
        count: count, m: size.m, n: size.n, k: size.k, transposesLeft: transposingLeft,
        transposesRight: transposingRight, adds: adding))
    try product(left, right, to: sums)
  }
}

extension Factor {
  /// Memory of the tensors' pool for `count` numbers: fresh memory would cost more than what it is
  /// for. What it holds is undefined.
  static func buffer(_ count: Int) -> Tensor {
    let floats = (count * MemoryLayout<Self>.stride + 3) / 4
    return Tensor(shape: [floats]) { _ in }
  }

  /// The elements of a tensor, rounded.
  static func rounded(_ values: Tensor) -> Tensor {
    var result = buffer(values.count)
    let target = result.factors(of: Self.self)
    values.withUnsafeBuffer {
      if let source = $0.baseAddress { copy(source, count: $0.count, to: target) }
    }
    return result
  }

  /// Writes `values`, rounded; as many as there are, any number.
  static func copy(
    _ values: UnsafePointer<Float>, count: Int, to target: UnsafeMutablePointer<Self>
  ) {
    let whole = count - count % Vector.scalarCount
    for i in stride(from: 0, to: whole, by: Vector.scalarCount) {
      store(UnsafeRawPointer(values + i).loadUnaligned(as: Vector.self), at: target + i)
    }
    guard whole < count else { return }
    var rest = Vector.zero
    for i in whole..<count { rest[i - whole] = values[i] }
    withUnsafeTemporaryAllocation(of: Self.self, capacity: Vector.scalarCount) { buffer in
      guard let buffer = buffer.baseAddress else { return }
      store(rest, at: buffer)
      (target + whole).update(from: buffer, count: count - whole)
    }
  }
}

extension Tensor {
  /// The memory of a buffer of `Factor.buffer(_:)`, for reading.
  func withFactors<F: Factor, Result, Failure: Error>(
    of _: F.Type, _ body: (UnsafePointer<F>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withUnsafeBuffer { (buffer) throws(Failure) in
      try body(UnsafeRawPointer(buffer.baseAddress!).assumingMemoryBound(to: F.self))
    }
  }

  /// The same for writing. It stays where it is while the tensor lives and is not copied.
  mutating func factors<F: Factor>(of _: F.Type) -> UnsafeMutablePointer<F> {
    withUnsafeMutableBuffer {
      UnsafeMutableRawPointer($0.baseAddress!).assumingMemoryBound(to: F.self)
    }
  }
}
