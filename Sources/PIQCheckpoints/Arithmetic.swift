import Foundation

/// Arithmetic in a HyperPyYAML file, as Python computes it: numbers, `+`, `-`, `*`, `/`, `//`, `%`
/// and parentheses.
package struct Arithmetic {
  /// Why a text has no value.
  package enum Problem: Error, CustomStringConvertible {
    /// It has other things than numbers and operators, so that it is text.
    case notNumbers
    /// It cannot be computed, for this reason.
    case unsupported(String)

    package var description: String {
      switch self {
      case .notNumbers: "not numbers alone"
      case .unsupported(let reason): reason
      }
    }
  }

  private enum Number {
    case int(Int)
    case double(Double)

    var asDouble: Double {
      switch self {
      case .int(let value): Double(value)
      case .double(let value): value
      }
    }
  }

  private static let deepest = 64
  private var rest: [Substring]
  private var depth = 0

  /// The value of `text`.
  ///
  /// - Throws: `Problem`.
  package static func value(of text: String) throws(Problem) -> SpeechBrainValue {
    var arithmetic = Arithmetic(rest: try tokens(of: text))
    let value = try arithmetic.sum()
    if let next = arithmetic.rest.first { throw .unsupported("\(next) in the wrong place") }
    switch value {
    case .int(let number): return .int(number)
    case .double(let number) where number.isFinite: return .double(number)
    case .double: throw .unsupported("the result is no number")
    }
  }

  /// The numbers, operators and parentheses of `text`, from the first to the last.
  private static func tokens(of text: String) throws(Problem) -> [Substring] {
    var tokens: [Substring] = []
    var rest = text[...]
    while let first = rest.first {
      var end = rest.index(after: rest.startIndex)
      if "0123456789.".contains(first) {
        while end < rest.endIndex {
          let isExponentSign =
            "+-".contains(rest[end]) && "eE".contains(rest[rest.index(before: end)])
          guard isExponentSign || "0123456789._eE".contains(rest[end]) else { break }
          end = rest.index(after: end)
        }
      } else if "*/".contains(first), end < rest.endIndex, rest[end] == first {
        end = rest.index(after: end)
      } else if !" +-*/%()".contains(first) {
        throw .notNumbers
      }
      if first != " " { tokens.append(rest[..<end]) }
      rest = rest[end...]
    }
    guard tokens.contains(where: { number($0) != nil }) else { throw .notNumbers }
    return tokens
  }

  private static func number(_ token: Substring) -> Number? {
    guard token.first.map("0123456789.".contains) ?? false else { return nil }
    let digits = token.filter { $0 != "_" }
    return Int(digits).map(Number.int) ?? Double(digits).map(Number.double)
  }

  private mutating func take(_ wanted: String...) -> Substring? {
    guard let next = rest.first, wanted.contains(String(next)) else { return nil }
    return rest.removeFirst()
  }

  private mutating func sum() throws(Problem) -> Number {
    var value = try product()
    while let sign = take("+", "-") {
      let other = try product()
      value =
        sign == "+"
        ? try combine(value, other, { $0.addingReportingOverflow($1) }, +)
        : try combine(value, other, { $0.subtractingReportingOverflow($1) }, -)
    }
    return value
  }

  private mutating func product() throws(Problem) -> Number {
    var value = try operand()
    while let sign = take("*", "/", "//", "%") {
      let other = try operand()
      if sign == "*" {
        value = try combine(value, other, { $0.multipliedReportingOverflow(by: $1) }, *)
        continue
      }
      guard other.asDouble != 0 else { throw .unsupported("a division by zero") }
      if sign == "/" {
        value = .double(value.asDouble / other.asDouble)
        continue
      }
      // Python rounds down, so that the remainder has the divisor's sign.
      let quotient = try combine(
        value, other,
        { a, b in
          let (whole, overflow) = a.dividedReportingOverflow(by: b)
          let isRoundedUp = !overflow && a % b != 0 && (a < 0) != (b < 0)
          return (isRoundedUp ? whole - 1 : whole, overflow)
        }, { ($0 / $1).rounded(.down) })
      guard sign == "%" else {
        value = quotient
        continue
      }
      let whole = try combine(quotient, other, { $0.multipliedReportingOverflow(by: $1) }, *)
      value = try combine(value, whole, { $0.subtractingReportingOverflow($1) }, -)
    }
    return value
  }

  private mutating func operand() throws(Problem) -> Number {
    guard depth < Self.deepest else { throw .unsupported("too deep") }
    depth += 1
    defer { depth -= 1 }
    if take("-") != nil {
      return try combine(.int(0), operand(), { $0.subtractingReportingOverflow($1) }, -)
    }
    if take("+") != nil { return try operand() }
    if take("(") != nil {
      let value = try sum()
      guard take(")") != nil else { throw .unsupported("a parenthesis is open") }
      return value
    }
    guard let token = rest.first else { throw .unsupported("a number is missing") }
    guard let number = Self.number(token) else {
      throw .unsupported("\(token) in the wrong place")
    }
    rest.removeFirst()
    return number
  }

  private func combine(
    _ a: Number, _ b: Number, _ ints: (Int, Int) -> (Int, Bool),
    _ doubles: (Double, Double) -> Double
  ) throws(Problem) -> Number {
    guard case .int(let x) = a, case .int(let y) = b else {
      return .double(doubles(a.asDouble, b.asDouble))
    }
    let (value, overflow) = ints(x, y)
    guard !overflow else { throw .unsupported("the result is too large") }
    return .int(value)
  }
}
