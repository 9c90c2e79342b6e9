import PIQPlatform

/// The file that SpeechBrain's `CategoricalEncoder.save` writes: lines `'label' => index`, a line
/// of `=`, and lines of settings, which are not needed here.
enum SpeechBrainLabels {
  private static let longestFile = 16 << 20

  /// The labels of the file at `path`, in the order of their indices.
  ///
  /// - Throws: `Failure` when it cannot be read, a line is invalid, or the indices are not 0, 1, 2
  ///   … without a gap.
  static func read(path: String) throws(Failure) -> [String] {
    func invalid(_ problem: String) -> Failure {
      Failure(
        .fileMalformed, path: path, problem: problem,
        remedy: "use the label_encoder.txt that came with the model")
    }
    let text = try textOfFile(path, longest: longestFile)
    var labels: [Int: String] = [:]
    for (number, line) in text.split(
      omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" }
    ).enumerated() {
      let line = line.trimmingWhitespace()
      if line.hasPrefix("====") { break }
      if line.isEmpty { continue }
      guard let (label, rest) = literal(line), rest.hasPrefix(" => "),
        let index = Int(rest.dropFirst(4).trimmingWhitespace()), index >= 0
      else { throw invalid("line \(number + 1) is not of the form 'label' => index") }
      guard labels.updateValue(label, forKey: index) == nil else {
        throw invalid("gives index \(index) twice")
      }
    }
    guard !labels.isEmpty else { throw invalid("holds no labels") }
    var ordered: [String] = []
    for index in 0..<labels.count {
      guard let label = labels[index] else { throw invalid("gives no label for index \(index)") }
      ordered.append(label)
    }
    var seen: Set<String> = []
    for label in ordered where !seen.insert(label).inserted {
      throw invalid("gives label \(quoted(label)) twice")
    }
    return ordered
  }

  /// The Python string or integer that `line` begins with, and the rest.
  private static func literal(_ line: Substring) -> (label: String, rest: Substring)? {
    guard let quote = line.first else { return nil }
    guard quote == "'" || quote == "\"" else {
      let digits = line.prefix { $0.isNumber || $0 == "-" }
      return Int(digits).map { (String($0), line[digits.endIndex...]) }
    }
    var scalars = line.unicodeScalars.dropFirst()
    var label = String.UnicodeScalarView()
    while let scalar = scalars.popFirst() {
      if scalar == quote.unicodeScalars.first { return (String(label), Substring(scalars)) }
      guard scalar == "\\" else {
        label.append(scalar)
        continue
      }
      guard let escaped = unescape(&scalars) else { return nil }
      label.append(escaped)
    }
    return nil
  }

  /// The character behind a backslash, of the escapes that Python's `repr` writes.
  private static func unescape(_ scalars: inout Substring.UnicodeScalarView) -> UnicodeScalar? {
    func hexadecimal(_ count: Int) -> UnicodeScalar? {
      let digits = scalars.prefix(count)
      scalars = scalars.dropFirst(count)
      guard digits.count == count, digits.allSatisfy(\.properties.isASCIIHexDigit) else {
        return nil
      }
      return UInt32(String(digits), radix: 16).flatMap(UnicodeScalar.init)
    }
    return switch scalars.popFirst() {
    case "\\": "\\"
    case "'": "'"
    case "\"": "\""
    case "n": "\n"
    case "r": "\r"
    case "t": "\t"
    case "x": hexadecimal(2)
    case "u": hexadecimal(4)
    case "U": hexadecimal(8)
    default: nil
    }
  }
}

extension Substring {
  fileprivate func trimmingWhitespace() -> Substring {
    var text = drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }
}
