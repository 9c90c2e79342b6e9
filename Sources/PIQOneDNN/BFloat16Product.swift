import CPIQOneDNN
import PIQPlatform
import Synchronization

/// Matrix products in bf16 (the upper halves of `Float`s), with sums in single precision, on the
/// calling thread alone (see `Threads.with`).
package final class BFloat16Product: Sendable {
  /// What its kernel is made for.
  private struct Key: Hashable {
    let count, m, n, k: Int
    let transposesLeft, transposesRight, adds: Bool
    let threads: Int
  }

  private static let shapesKept = 64
  private static let known = Mutex<[Key: BFloat16Product]>([:])

  /// `count` products of [M, K] and [K, N]; made once.
  ///
  /// - Parameters:
  ///   - size: M, N and K.
  ///   - transposingLeft: whether the left operands are stored as [K, M].
  ///   - transposingRight: whether the right operands are stored as [N, K].
  ///   - adding: whether to add to the previous sums.
  package static func of(
    _ count: Int, size: (m: Int, n: Int, k: Int), transposingLeft: Bool = false,
    transposingRight: Bool = false, adding: Bool = false
  ) throws(OneDNNError) -> BFloat16Product {
    let key = Key(
      count: count, m: size.m, n: size.n, k: size.k, transposesLeft: transposingLeft,
      transposesRight: transposingRight, adds: adding, threads: Threads.current)
    if let product = known.withLock({ $0[key] }) { return product }
    let product = try BFloat16Product(key)
    known.withLock { known in
      if known.count >= shapesKept { known.removeAll() }
      known[key] = product
    }
    return product
  }

  // Sendable: a primitive is only read when it runs, with its own scratch memory.
  private nonisolated(unsafe) let primitive: Primitive
  private nonisolated(unsafe) let left, right, sums: MemoryDescriptor

  private init(_ shape: Key) throws(OneDNNError) {
    let (b, m, n, k) = (shape.count, shape.m, shape.n, shape.k)
    left = try MemoryDescriptor(
      [b, m, k], shape.transposesLeft ? dnnl_acb : dnnl_abc, type: dnnl_bf16)
    right = try MemoryDescriptor(
      [b, k, n], shape.transposesRight ? dnnl_acb : dnnl_abc, type: dnnl_bf16)
    sums = try MemoryDescriptor([b, m, n], dnnl_abc)
    primitive = try Primitive(
      "\(b) products of \(m) by \(k) and \(k) by \(n) in bf16", left, right, sums,
      adding: shape.adds)
  }

  /// oneDNN's name for the kernel that it chose.
  package var kernel: String { primitive.kernel }

  /// Multiplies.
  ///
  /// - Parameters:
  ///   - leftOperands: two-byte elements, as many as the shape needs.
  ///   - rightOperands: the same.
  ///   - result: the sums [count, M, N].
  package func callAsFunction(
    _ leftOperands: UnsafeRawPointer, _ rightOperands: UnsafeRawPointer,
    to result: UnsafeMutablePointer<Float>
  ) throws(OneDNNError) {
    try primitive.execute([
      (piq_arg_src, left, UnsafeMutableRawPointer(mutating: leftOperands)),
      (piq_arg_weights, right, UnsafeMutableRawPointer(mutating: rightOperands)),
      (piq_arg_dst, sums, UnsafeMutableRawPointer(result)),
    ])
  }
}

/// Whether this CPU, as limited by `DNNL_MAX_CPU_ISA`, multiplies bf16 in hardware.
package let multipliesBFloat16: Bool = piq_has_bf16() != 0
