import PIQPlatform
import Testing

/// Names of files, which are bytes, as text.
@Suite struct SystemPathTests {
  @Test(arguments: [
    Array("plain.wav".utf8), Array("ü 日本 🦉.wav".utf8), Array("caf".utf8) + [0xE9],
    [0xFF, 0xFE, 0x80], [0xE6, 0x97], [0xF4, 0x8F, 0xBA, 0xA9],
    Array("\u{10FE80}\u{10FEFF}".utf8) + [0xE9], [0xED, 0xA0, 0x80], [0xC0, 0x80], [],
  ])
  func eachNameHasOneText(bytes: [UInt8]) {
    let name = String(pathBytes: bytes)
    #expect(name.pathBytes == bytes)
    #expect(name.withSystemPath { String(systemPath: $0) } == name)
  }

  @Test func differentNamesHaveDifferentTexts() {
    // The scalar that stands for a byte, and the byte.
    #expect(String(pathBytes: [0xE9]) != String(pathBytes: Array("\u{10FEE9}".utf8)))
  }

  /// As Python's surrogateescape (PEP 383), and back.
  @Test func json() throws {
    let name = String(pathBytes: Array("caf".utf8) + [0xE9])
    let line = try JSON.line(["input": name])
    #expect(line == #"{"input":"caf\udce9"}"#)
    #expect(try JSON.decode([String: String].self, from: Array(line.utf8)) == ["input": name])
  }

  @Test func tables() throws {
    let name = String(pathBytes: [0xE9, 44])
    #expect(CSV.row([name]).pathBytes == [34, 0xE9, 44, 34])
    #expect(printable(String(pathBytes: [97, 0xE9])) == #"a\xE9"#)
  }
}
