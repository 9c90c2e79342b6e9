import Foundation

/// Values as JSON text: keys sorted, slashes as they are.
///
/// The bytes of names that are not UTF-8 are written as Python writes them (`surrogateescape`, PEP
/// 383): 0xE9 as `\udce9`. `os.fsencode` gives the name back.
public enum JSON {
  /// `value` on one line, without a line break.
  public static func line(_ value: some Encodable) throws -> String { try text(value, []) }

  /// `value` indented for reading, without a last line break.
  public static func indented(_ value: some Encodable) throws -> String {
    try text(value, .prettyPrinted)
  }

  /// The value that the JSON text `bytes` holds, with or without a byte-order mark.
  ///
  /// - Throws: `DecodingError`.
  public static func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: some Collection<UInt8>
  ) throws -> Value {
    try JSONDecoder().decode(type, from: Data(JSONEscapes.taken(from: bytes)))
  }

  private static func text(
    _ value: some Encodable, _ formatting: JSONEncoder.OutputFormatting
  ) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, formatting]
    let bytes = try encoder.encode(value)
    return String(decoding: JSONEscapes.added(to: bytes), as: UTF8.self)
  }
}
