/// Conversions between stored little-endian elements, at any alignment, and `Float` or `Int64`.
extension TensorDType {
  /// Whether `decodeFloats` reads this type.
  var isFloat: Bool {
    switch self {
    case .float16, .bfloat16, .float32, .float64: true
    default: false
    }
  }

  /// Whether `decodeIntegers` reads this type.
  var isReadableInteger: Bool {
    switch self {
    case .bool, .uint8, .int32, .int64: true
    default: false
    }
  }

  /// Fills `destination` with the elements of `source`, which has the matching length. Double
  /// precision is rounded to the nearest.
  func decodeFloats(
    _ source: UnsafeRawBufferPointer, into destination: UnsafeMutableBufferPointer<Float>
  ) {
    precondition(isFloat && source.count == destination.count * byteCount)
    guard let base = source.baseAddress else { return }
    let count = destination.count
    switch self {
    case .float32: UnsafeMutableRawBufferPointer(destination).copyMemory(from: source)
    case .float16:
      for i in 0..<count {
        let bits = UInt16(littleEndian: base.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self))
        destination[i] = widenHalf(bits)
      }
    case .bfloat16:
      for i in 0..<count {
        let bits = UInt16(littleEndian: base.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self))
        destination[i] = Float(bitPattern: UInt32(bits) << 16)
      }
    default:
      for i in 0..<count {
        destination[i] = Float(base.loadUnaligned(fromByteOffset: 8 * i, as: Double.self))
      }
    }
  }

  /// The elements of `source`, whose length is a multiple of the element size; a boolean is 0 or 1.
  func decodeIntegers(_ source: UnsafeRawBufferPointer) -> [Int64] {
    precondition(isReadableInteger && source.count % byteCount == 0)
    switch self {
    case .bool: return source.map { $0 == 0 ? 0 : 1 }
    case .uint8: return source.map { Int64($0) }
    case .int32:
      return stride(from: 0, to: source.count, by: 4).map {
        Int64(Int32(littleEndian: source.loadUnaligned(fromByteOffset: $0, as: Int32.self)))
      }
    default:
      return stride(from: 0, to: source.count, by: 8).map {
        Int64(littleEndian: source.loadUnaligned(fromByteOffset: $0, as: Int64.self))
      }
    }
  }
}

/// IEEE half precision widened exactly. Branch-free so that the compiler vectorises loops over it,
/// which it does not with `Float(Float16)` on processors assumed to lack F16C.
@inline(__always)
func widenHalf(_ half: UInt16) -> Float {
  let sign = UInt32(half & 0x8000) << 16
  let magnitude = UInt32(half & 0x7FFF) << 13
  let exponent = magnitude & 0x0F80_0000
  // The exponents' biases are 112 apart; infinities and NaNs are raised by another 112.
  let rebiased = magnitude &+ (112 << 23) &+ (exponent == 0x0F80_0000 ? 112 << 23 : 0)
  // A subnormal has no implicit leading one: add it, then subtract its value.
  let subnormal = Float(bitPattern: rebiased &+ (1 << 23)) - Float(bitPattern: 113 << 23)
  let bits = exponent == 0 ? subnormal.bitPattern : rebiased
  return Float(bitPattern: sign | bits)
}

/// `value` rounded to bfloat16, to nearest with ties to even; NaN stays NaN.
func narrowToBFloat16(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  if value.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x0040 }
  return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
}
