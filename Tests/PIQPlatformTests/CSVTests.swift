import PIQPlatform
import Testing

@Suite struct CSVTests {
  private func rows(_ text: String) throws -> [CSV.Row] { try CSV.rows(of: text.utf8) }

  @Test func fieldsAndLines() throws {
    let rows = try rows("\u{FEFF}a,b\r\n\"x, \"\"y\"\"\nz\",\r\n\n,2")
    #expect(
      rows == [
        .init(line: 1, fields: ["a", "b"]), .init(line: 2, fields: ["x, \"y\"\nz", ""]),
        .init(line: 5, fields: ["", "2"]),
      ])
    #expect(try self.rows("") == [])
    #expect(try self.rows("\"\"") == [.init(line: 1, fields: [""])])
  }

  @Test(arguments: [
    ("a\nb\"c", 2, "quote inside"), ("a\n\"b", 2, "never closed"), ("\"a\"b", 1, "goes on after"),
    ("a\rb", 1, "carriage return"), ("\"x\ny\"\n\"a\" ", 3, "goes on after"),
  ])
  func malformed(text: String, line: Int, problem: String) throws {
    let error = #expect(throws: CSV.Malformed.self) { try rows(text) }
    #expect(error?.line == line)
    #expect(error?.problem.contains(problem) == true)
  }

  /// They may be the name of a file.
  @Test func bytesThatAreNoText() throws {
    let rows = try CSV.rows(of: [65, 10, 0xFF])
    #expect(rows.map { $0.fields.map(\.pathBytes) } == [[[65]], [[0xFF]]])
  }

  @Test func byteOrderMark() throws {
    #expect(try rows("\u{FEFF}") == [])
    #expect(try rows("\u{FEFF}\n\n") == [])
    #expect(try rows("\u{FEFF}\"a\",b").map(\.fields) == [["a", "b"]])
  }

  @Test(arguments: [
    ["a", "b"], ["a,b", "say \"hi\""], ["two\nlines", "cr\r\n"], ["", ""], [""], ["\u{FEFF}a"],
    ["\"\u{31A}", ",\u{31A}"],
  ])
  func whatIsWrittenIsReadBack(fields: [String]) throws {
    #expect(try rows(CSV.row(fields) + "\n").map(\.fields) == [fields])
  }
}
