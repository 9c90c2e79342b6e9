/// `path` as one line of text: control characters and stray bytes are escaped, so that a message
/// about an oddly named file stays on its line.
public func printable(_ path: String) -> String {
  var text = ""
  for scalar in path.unicodeScalars {
    switch scalar {
    case "\n": text += "\\n"
    case "\r": text += "\\r"
    case "\t": text += "\\t"
    case _ where scalar.properties.generalCategory == .control:
      text += "\\u{" + String(scalar.value, radix: 16) + "}"
    default: text.unicodeScalars.append(scalar)
    }
  }
  return text.isEmpty ? "(empty path)" : text
}
