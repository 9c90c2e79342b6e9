/// The number that `bytes` hold, least significant byte first; at most seven bytes.
func littleEndian(_ bytes: some Collection<UInt8>) -> Int {
  bytes.prefix(7).reversed().reduce(0) { $0 << 8 | Int($1) }
}

/// The number that `bytes` hold, most significant byte first; at most seven bytes.
func bigEndian(_ bytes: some Collection<UInt8>) -> Int {
  bytes.prefix(7).reduce(0) { $0 << 8 | Int($1) }
}

extension [UInt8] {
  /// The lowest `width` bytes of `value`, least significant first.
  static func littleEndian(_ value: Int, width: Int) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  /// The lowest `width` bytes of `value`, most significant first.
  static func bigEndian(_ value: Int, width: Int) -> [UInt8] {
    littleEndian(value, width: width).reversed()
  }
}
