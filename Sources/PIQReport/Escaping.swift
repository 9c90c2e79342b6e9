import Mustache
import PIQAudio

/// Text for HTML, between tags and in quoted attributes.
///
/// Mustache's own escaping compares grapheme clusters, so a quotation mark with a combining accent
/// passes unescaped. A browser sees two scalars.
struct PageText: MustacheContentType {
  func escapeText(_ text: String) -> String {
    var escaped = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "<": escaped.append(contentsOf: "&lt;".unicodeScalars)
      case ">": escaped.append(contentsOf: "&gt;".unicodeScalars)
      case "&": escaped.append(contentsOf: "&amp;".unicodeScalars)
      case "\"": escaped.append(contentsOf: "&quot;".unicodeScalars)
      case "'": escaped.append(contentsOf: "&#39;".unicodeScalars)
      default: escaped.append(scalar)
      }
    }
    return String(escaped)
  }
}

/// `value` as JSON that can stand in a script element: nothing in it ends the element or begins a
/// comment.
///
/// - Throws: `EncodingError`.
func scriptJSON(_ value: some Encodable) throws -> String {
  var escaped = String.UnicodeScalarView()
  for scalar in try JSON.line(value).unicodeScalars {
    switch scalar {
    // In JSON these stand in strings only.
    case "<", ">", "&", "\u{2028}", "\u{2029}":
      let digits = String(scalar.value, radix: 16)
      let code = "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      escaped.append(contentsOf: code.unicodeScalars)
    default: escaped.append(scalar)
    }
  }
  return String(escaped)
}
