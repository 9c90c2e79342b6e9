import Foundation

/// Names of files as text. For the system they are bytes, which need not be UTF-8; a `String` holds
/// nothing else.
///
/// A byte b that is not UTF-8 (0x80 to 0xFF) becomes the private-use scalar U+10FE00 + b. Where a
/// name holds such a scalar itself, the scalar's own bytes are escaped in this way. Each name has
/// one text, and the text gives the name back.
extension String {
  /// The name whose bytes are `bytes`.
  public init(pathBytes bytes: some Collection<UInt8>) {
    if !bytes.contains(Escape.leadByte), let text = String(validating: bytes, as: UTF8.self) {
      self = text
      return
    }
    var scalars = String.UnicodeScalarView()
    var parser = Unicode.UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var rest = bytes[...]
    reading: while true {
      let count: Int
      switch parser.parseScalar(from: &iterator) {
      case .valid(let encoded):
        count = encoded.count
        let scalar = Unicode.UTF8.decode(encoded)
        if !Escape.scalars.contains(scalar.value) {
          scalars.append(scalar)
          rest = rest.dropFirst(count)
          continue
        }
      case .error(let length): count = length
      case .emptyInput: break reading
      }
      scalars.append(contentsOf: rest.prefix(count).map(Escape.scalar))
      rest = rest.dropFirst(count)
    }
    self.init(scalars)
  }

  /// The name that a C function gave.
  public init(systemPath: UnsafePointer<CChar>) {
    self.init(
      pathBytes: UnsafeBufferPointer(start: systemPath, count: strlen(systemPath))
        .map { UInt8(bitPattern: $0) })
  }

  /// The bytes of the name.
  public var pathBytes: [UInt8] {
    guard utf8.contains(Escape.leadByte) else { return Array(utf8) }
    return unicodeScalars.reduce(into: []) { bytes, scalar in
      if let byte = Escape.byte(scalar) {
        bytes.append(byte)
      } else {
        bytes += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
      }
    }
  }

  /// Calls `body` with the name as the system's functions take it.
  public func withSystemPath<Result>(
    _ body: (UnsafePointer<CChar>) throws -> Result
  ) rethrows -> Result {
    guard utf8.contains(Escape.leadByte) else { return try withCString(body) }
    return try body(pathBytes.map { CChar(bitPattern: $0) } + [0])
  }
}

/// The scalars that stand for bytes which are not UTF-8.
enum Escape {
  static let scalars: ClosedRange<UInt32> = 0x10_FE80...0x10_FEFF

  /// The first of a scalar's bytes in UTF-8: hardly any text has it.
  static let leadByte: UInt8 = 0xF4

  static func scalar(_ byte: UInt8) -> UnicodeScalar {
    UnicodeScalar(0x10_FE00 + UInt32(byte)) ?? "\u{FFFD}"
  }

  /// The byte that `scalar` stands for; nil for other scalars.
  static func byte(_ scalar: UnicodeScalar) -> UInt8? {
    scalars.contains(scalar.value) ? UInt8(truncatingIfNeeded: scalar.value) : nil
  }
}

/// The environment variable `name`, which may hold the name of a file; nil if it is not set.
public func environmentPath(_ name: String) -> String? {
  getenv(name).map { String(systemPath: $0) }
}
