import PIQOneDNN

/// What the factors of large products are rounded to. Sums, weights and what layers hand on are of
/// single precision either way.
public enum Precision: String, Codable, Sendable, CaseIterable {
  /// Single precision, 24 bits.
  case float32 = "f32"
  /// Brain floating point, 8 bits: twice as fast on a CPU that has it, and more with AMX.
  case bfloat16 = "bf16"

  /// Whether this CPU multiplies numbers of this kind itself (AVX512-BF16 or AMX).
  public var isNative: Bool { self == .float32 || multipliesBFloat16 }

  /// What trains fastest on this CPU.
  public static var fastest: Precision { Precision.bfloat16.isNative ? .bfloat16 : .float32 }
}

/// Runs `body` with large products in `precision` (`torch.autocast`): those of gradients, of what is
/// differentiated, and in evaluation those of decoders. Pullbacks keep the precision that their
/// forward pass had. What an encoder gives in evaluation is of single precision always: the class
/// and the codes hang on it.
public func autocast<Result>(
  _ precision: Precision, _ body: () throws -> Result
) rethrows -> Result {
  try Autocast.$precision.withValue(precision, operation: body)
}

/// The precision that `autocast` asked for.
package enum Autocast {
  @TaskLocal package static var precision = Precision.float32
}
