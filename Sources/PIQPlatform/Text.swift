import Foundation

/// `path` as one line of text: control characters and bytes that are not UTF-8 are escaped, so that a
/// message about an oddly named file stays on its line.
public func printable(_ path: String) -> String {
  var text = ""
  for scalar in path.unicodeScalars {
    switch scalar {
    case "\n": text += "\\n"
    case "\r": text += "\\r"
    case "\t": text += "\\t"
    case _ where scalar.properties.generalCategory == .control:
      text += "\\u{" + String(scalar.value, radix: 16) + "}"
    default:
      if let byte = Escape.byte(scalar) {
        text += "\\x" + String(byte, radix: 16, uppercase: true)
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
  }
  return text.isEmpty ? "(empty path)" : text
}

/// Seconds as h:mm:ss, or m:ss below an hour.
package func clockText(_ seconds: Double) -> String {
  let whole = Int(seconds.rounded())
  let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
  return hours > 0
    ? String(format: "%d:%02d:%02d", hours, minutes, rest)
    : String(format: "%d:%02d", minutes, rest)
}

extension DecodingError {
  /// The problem as one line that names the setting; nil where the text as a whole is malformed.
  package var inWords: String? {
    func name(_ path: [any CodingKey]) -> String { path.map(\.stringValue).joined(separator: ".") }
    return switch self {
    case .keyNotFound(let key, let context): "lacks \(name(context.codingPath + [key]))"
    case .typeMismatch(let type, let context):
      context.codingPath.isEmpty
        ? "is no list of settings" : "\(name(context.codingPath)) is not of type \(type)"
    case .valueNotFound(_, let context): "\(name(context.codingPath)) has no value"
    case .dataCorrupted(let context):
      context.codingPath.isEmpty
        ? nil : "\(name(context.codingPath)): \(context.debugDescription)"
    @unknown default: nil
    }
  }
}
