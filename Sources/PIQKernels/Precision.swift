import PIQOneDNN

/// What the operands of large products are rounded to. Sums, weights and what layers hand on are of
/// single precision either way.
public enum Precision: String, Codable, Sendable, CaseIterable {
  /// Single precision, 24 bits.
  case float32 = "f32"
  /// Brain floating point, 8 bits: faster on most CPUs that have it, and most so with AMX.
  case bfloat16 = "bf16"

  /// Whether this CPU multiplies numbers of this kind itself (AVX512-BF16 or AMX).
  public var isNative: Bool { self == .float32 || multipliesBFloat16 }

  /// oneDNN's name for the kernel that multiplies.
  var kernel: String {
    switch self {
    case .float32: Float.kernel
    case .bfloat16: BFloat16.kernel
    }
  }
}
