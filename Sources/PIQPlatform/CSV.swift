/// Comma-separated values (RFC 4180).
public enum CSV {
  /// A row, without its line break; fields are quoted where they have to be.
  public static func row(_ fields: [String]) -> String {
    // An empty line would be no row.
    if fields == [""] { return "\"\"" }
    return fields.map { field in
      // By scalars: a character may hold a quote with an accent.
      let scalars = field.unicodeScalars
      guard scalars.contains(where: needQuotes.contains) else { return field }
      let doubled = scalars.reduce(into: String.UnicodeScalarView()) {
        $0 += $1 == "\"" ? ["\"", "\""] : [$1]
      }
      return "\"\(String(doubled))\""
    }.joined(separator: ",")
  }

  /// The last one could be taken for a byte-order mark.
  private static let needQuotes: Set<UnicodeScalar> = [",", "\"", "\n", "\r", "\u{FEFF}"]

  /// A row as it was read.
  public struct Row: Sendable, Equatable {
    /// The line it begins on, from 1.
    public let line: Int
    /// Its fields, without quotes.
    public let fields: [String]

    /// A row that begins on line `line`, counted from 1.
    public init(line: Int, fields: [String]) {
      self.line = line
      self.fields = fields
    }
  }

  /// Text that is no CSV.
  public struct Malformed: Error, Equatable {
    /// The line concerned, from 1.
    public let line: Int
    /// The problem there.
    public let problem: String
  }

  /// The rows of a table; empty lines are left out, and lines may end in LF or CRLF.
  ///
  /// Bytes that are not UTF-8 are kept, as `String(pathBytes:)` does: a field may be the name of a
  /// file.
  ///
  /// - Throws: `Malformed` for a quote in the wrong place, or one that is never closed.
  public static func rows(of bytes: some Sequence<UInt8>) throws(Malformed) -> [Row] {
    var parser = Parser()
    for byte in bytes { try parser.take(byte) }
    return try parser.finish()
  }
}

/// Reads byte by byte: a Swift `Character` may hold a line break and the scalars after it.
private struct Parser {
  private enum State { case start, plain, quoted, closed }

  private var state = State.start
  private var line = 1
  private var rowLine = 1
  private var rows: [CSV.Row] = []
  private var fields: [String] = []
  private var field: [UInt8] = []
  private var sawReturn = false

  mutating func take(_ byte: UInt8) throws(CSV.Malformed) {
    if sawReturn {
      sawReturn = false
      guard byte == UInt8(ascii: "\n") else { throw malformed("has a carriage return inside") }
    }
    switch (byte, state) {
    case (UInt8(ascii: "\""), .start): state = .quoted
    case (UInt8(ascii: "\""), .quoted): state = .closed
    case (UInt8(ascii: "\""), .closed):
      field.append(byte)
      state = .quoted
    case (UInt8(ascii: "\""), .plain): throw malformed("has a quote inside a field without quotes")
    case (_, .quoted):
      if byte == UInt8(ascii: "\n") { line += 1 }
      field.append(byte)
    case (UInt8(ascii: ","), _): endField()
    case (UInt8(ascii: "\r"), _): sawReturn = true
    case (UInt8(ascii: "\n"), _):
      endRow()
      line += 1
      rowLine = line
    case (_, .closed): throw malformed("goes on after a closing quote")
    default:
      field.append(byte)
      state = .plain
      skipByteOrderMark()
    }
  }

  /// A byte-order mark is no part of the first column's name.
  private mutating func skipByteOrderMark() {
    guard field.count == 3, field == [0xEF, 0xBB, 0xBF], rows.isEmpty, fields.isEmpty else {
      return
    }
    field = []
    state = .start
  }

  mutating func finish() throws(CSV.Malformed) -> [CSV.Row] {
    if state == .quoted {
      throw CSV.Malformed(line: rowLine, problem: "has a quote that is never closed")
    }
    endRow()
    return rows
  }

  private mutating func endField() {
    fields.append(String(pathBytes: field))
    field = []
    state = .start
  }

  private mutating func endRow() {
    let isEmpty = fields.isEmpty && field.isEmpty && state == .start
    if !isEmpty {
      endField()
      rows.append(CSV.Row(line: rowLine, fields: fields))
    }
    fields = []
  }

  private func malformed(_ problem: String) -> CSV.Malformed {
    CSV.Malformed(line: line, problem: problem)
  }
}
