/// Bytes that are not UTF-8 in JSON text: `\udc80` to `\udcff`, the halves of surrogate pairs, which
/// JSON can hold and a `String` cannot.
enum JSONEscapes {
  private static let backslash = UInt8(ascii: "\\")

  /// `bytes` with the scalars that stand for such bytes as escapes.
  static func added(to bytes: some Collection<UInt8>) -> [UInt8] {
    guard bytes.contains(Escape.leadByte) else { return Array(bytes) }
    return String(decoding: bytes, as: UTF8.self).unicodeScalars.reduce(into: []) { text, scalar in
      if let byte = Escape.byte(scalar) {
        text += "\\udc\(String(byte, radix: 16))".utf8
      } else {
        text += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
      }
    }
  }

  /// `bytes` with the scalars in place of the escapes, and without a byte-order mark.
  static func taken(from bytes: some Collection<UInt8>) -> [UInt8] {
    let bytes = Array(ByteOrderMark.skipped(in: bytes))
    guard bytes.contains(backslash) else { return bytes }
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      // Two bytes or six, of which the second is no backslash that begins another escape.
      let unit = bytes[index] == backslash ? codeUnit(bytes, at: index) : nil
      var count = bytes[index] != backslash ? 1 : unit == nil ? 2 : 6
      if let unit, (0xDC80...0xDCFF).contains(unit) {
        text += String(Escape.scalar(UInt8(truncatingIfNeeded: unit))).utf8
      } else {
        // The second half of a pair stands for no byte.
        if let unit, UTF16.isLeadSurrogate(unit), codeUnit(bytes, at: index + 6) != nil {
          count = 12
        }
        text += bytes[index..<min(index + count, bytes.count)]
      }
      index += count
    }
    return text
  }

  /// The number in the escape `\uXXXX` at `index`; nil where there is none.
  private static func codeUnit(_ bytes: [UInt8], at index: Int) -> UInt16? {
    guard index + 6 <= bytes.count, bytes[index] == backslash,
      bytes[index + 1] == UInt8(ascii: "u")
    else { return nil }
    return UInt16(String(decoding: bytes[index + 2..<index + 6], as: UTF8.self), radix: 16)
  }
}
