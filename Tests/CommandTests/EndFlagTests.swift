import Foundation
import Testing

/// An Ogg file that stops between two pages may be whole: that is said where details are.
@Suite struct EndFlagTests {
  @Test func itIsNoWarning() throws {
    let space = try Workspace()
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: Program.fixture("clips/rooster.ogg"))))
    let last = try #require(
      bytes.indices.dropLast(4).last { bytes[$0..<$0 + 4].elementsEqual("OggS".utf8) })
    try space.write("a.ogg", bytes[..<last])
    let quiet = try space.run(["classify", "--json", "a.ogg"])
    quiet.expectSuccess()
    let object = try #require(try quiet.objects().first)
    #expect(object["end_flag"] as? Bool == false)
    #expect(object["warning"] == nil)
    let verbose = try space.run(["interpret", "-v", "--outputs", "json", "-o", "out", "a.ogg"])
    #expect(verbose.errors.contains("a.ogg: does not mark its end, and may be whole or cut\n"))
    #expect(try space.json("out/a.interpretation.json")["end_flag"] as? Bool == false)
    try space.write("b.ogg", bytes)
    let whole = try space.run(["classify", "--json", "b.ogg"])
    #expect(try whole.objects().first?["end_flag"] == nil)
  }
}
