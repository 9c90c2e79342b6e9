import Foundation
import Testing

/// `piq-audio report`: which page is made, and what is refused.
@Suite struct ReportCommandTests {
  /// A folder `out` of results of two clips.
  private func interpreted() throws -> Workspace {
    let space = try Workspace()
    for name in ["a.wav", "night/b.wav"] { try space.writeGoodClip("in/" + name) }
    try space.run(["interpret", "-o", "out", "in"]).expectSuccess()
    return space
  }

  private func page(_ space: Workspace, _ name: String = "out/report.html") throws -> String {
    String(decoding: try space.bytes(name), as: UTF8.self)
  }

  @Test func aPageOfARun() throws {
    let space = try interpreted()
    let outcome = try space.run(["report", "out"])
    outcome.expectSuccess()
    #expect(outcome.output.wholeMatch(of: /out\/report.html: 2 clips, \d+\.\d MB\n/) != nil)
    let page = try page(space)
    #expect(page.contains("<title>Interpretations in out</title>"))
    #expect(page.contains("<bdi>a</bdi>") && page.contains("<bdi>night/b</bdi>"))
    #expect(page.hasSuffix("</html>\n"))
    space.expectNothingHalfWritten()
    // The page is no input of anything, and the same again.
    let again = try space.run(["report", "-q", "-o", "pages/new.html", "out/"])
    again.expectSuccess()
    #expect(again.output == "")
    #expect(try self.page(space, "pages/new.html") == page)
    try space.run(["report", "-q", "-o", "t.html", "--title", "<Night>", "out"]).expectSuccess()
    #expect(try self.page(space, "t.html").contains("<title>&lt;Night&gt;</title>"))
  }

  @Test func nothingIsReplacedUnasked() throws {
    let space = try interpreted()
    let old = Array("old".utf8)
    try space.write("out/report.html", old)
    try space.run(["report", "out"])
      .expectRefusal(naming: "out/report.html", "exists already; choose another --output, or add")
    #expect(try space.bytes("out/report.html") == old)
    try space.run(["report", "--force", "out"]).expectSuccess()
    #expect(try space.bytes("out/report.html") != old)
  }

  @Test func foldersWithoutResults() throws {
    let space = try Workspace()
    try space.writeGoodClip("in/a.wav")
    try space.run(["report", "gone"]).expectRefusal(naming: "gone", "there is no such folder")
    try space.run(["report", "in"]).expectRefusal(naming: "in", "holds no interpretations")
    try space.run(["report", "in/a.wav"]).expectRefusal(naming: "in/a.wav", "is not a folder")
    #expect(try space.run(["report", ""]).status == 64)
    #expect(try space.run(["report", "-o", "", "in"]).status == 64)
    #expect(space.files == ["in/a.wav"])
  }

  @Test func aClipThatCannotBeRead() throws {
    let space = try interpreted()
    try space.write("out/night/b.interpretation.json", Array("{".utf8))
    let path = "out/night/b.interpretation.json"
    try space.run(["report", "out"])
      .expectRefusal(naming: path, "is not the JSON of an interpretation; interpret the clip again")
    #expect(try page(space).contains("1 clip, explained"))
    // None is left.
    try space.write("out/a.interpretation.json", [])
    let none = try space.run(["report", "--force", "out"])
    #expect(none.status == 1 && none.errorLines.count == 2)
    #expect(try page(space).contains("1 clip, explained"))
  }

  @Test func aSoundThatCannotBeRead() throws {
    let space = try interpreted()
    let path = "out/a.interpretation.wav"
    try space.write(path, Array("noise".utf8))
    try space.run(["report", "out"]).expectRefusal(naming: path, "holds no sound")
    #expect(try page(space).contains("2 clips, explained"))
  }

  @Test func originalsThatAreGone() throws {
    let space = try interpreted()
    try FileManager.default.removeItem(atPath: space.file("in/a.wav"))
    let outcome = try space.run(["report", "out"])
    #expect(outcome.status == 0)
    #expect(outcome.errorLines.count == 1)
    #expect(
      outcome.errors.hasPrefix(
        "piq-audio: warning: out/report.html: 1 of 2 originals are not where interpret read them; ")
    )
    #expect(try space.run(["report", "-q", "--force", "out"]).errors == "")
  }

  @Test func aFullDisk() throws {
    let space = try interpreted()
    let outcome = try space.shell(
      "ulimit -f 8; \"$@\"", ["report", "out"])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("out/report.html: could not write it"), "\(outcome.errors)")
    #expect(!space.files.contains("out/report.html"))
    space.expectNothingHalfWritten()
  }
}
