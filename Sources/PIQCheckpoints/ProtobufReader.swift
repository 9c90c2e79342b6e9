/// The fields of a protobuf message, one after the other
/// (https://protobuf.dev/programming-guides/encoding).
struct ProtobufReader {
  /// Bytes that are no message.
  struct Malformed: Error {}

  /// A field of a message.
  struct Field {
    /// Its number.
    let number: Int
    /// Where it is, its tag included.
    let place: Range<Int>
    /// What it holds.
    let value: Value
  }

  enum Value {
    case integer(UInt64)
    /// Text, bytes, packed numbers or a message.
    case bytes(Range<Int>)
    /// A number of four or eight bytes.
    case fixed(Range<Int>)
  }

  private let bytes: UnsafeRawBufferPointer
  private var position: Int
  private let end: Int

  /// A reader of the message in a part of `bytes`.
  init(_ bytes: UnsafeRawBufferPointer, _ part: Range<Int>) {
    (self.bytes, position, end) = (bytes, part.lowerBound, part.upperBound)
  }

  /// The next field; nil at the end of the message.
  mutating func next() throws(Malformed) -> Field? {
    guard position < end else { return nil }
    let start = position
    let tag = try integer()
    guard tag >> 3 > 0, let number = Int(exactly: tag >> 3), number < 1 << 29 else {
      throw Malformed()
    }
    let value: Value
    switch tag & 7 {
    case 0: value = .integer(try integer())
    case 1: value = .fixed(try part(8))
    case 2:
      guard let count = Int(exactly: try integer()) else { throw Malformed() }
      value = .bytes(try part(count))
    case 5: value = .fixed(try part(4))
    default: throw Malformed()
    }
    return Field(number: number, place: start..<position, value: value)
  }

  private mutating func part(_ count: Int) throws(Malformed) -> Range<Int> {
    guard count <= end - position else { throw Malformed() }
    defer { position += count }
    return position..<position + count
  }

  private mutating func integer() throws(Malformed) -> UInt64 {
    var result: UInt64 = 0
    for shift in stride(from: 0, to: 70, by: 7) {
      guard position < end else { throw Malformed() }
      let byte = bytes[position]
      position += 1
      result |= UInt64(byte & 0x7F) << UInt64(shift)
      if byte < 0x80 { return result }
    }
    throw Malformed()
  }
}

/// Fields of protobuf messages, written.
enum ProtobufWriter {
  /// A field of bytes, text or a message.
  static func field(_ number: Int, _ value: some Collection<UInt8>) -> [UInt8] {
    head(number, count: value.count) + value
  }

  /// What precedes the bytes of such a field.
  static func head(_ number: Int, count: Int) -> [UInt8] {
    integer(UInt64(number) << 3 | 2) + integer(UInt64(count))
  }

  private static func integer(_ value: UInt64) -> [UInt8] {
    var (rest, bytes) = (value, [UInt8]())
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }
}
