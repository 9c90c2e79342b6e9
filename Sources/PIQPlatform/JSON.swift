import Foundation

/// Values as JSON text: keys sorted, slashes as they are.
public enum JSON {
  /// `value` on one line, without a line break.
  public static func line(_ value: some Encodable) throws -> String { try text(value, []) }

  /// `value` indented for reading, without a last line break.
  public static func indented(_ value: some Encodable) throws -> String {
    try text(value, .prettyPrinted)
  }

  private static func text(
    _ value: some Encodable, _ formatting: JSONEncoder.OutputFormatting
  ) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, formatting]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}
