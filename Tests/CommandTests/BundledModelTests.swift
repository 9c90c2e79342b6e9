import Foundation
import Testing

/// The model that the program uses when none is named.
@Suite struct BundledModelTests {
  private static let unnamed = ["PIQ_AUDIO_MODEL": ""]

  @Test func dogBark() throws {
    let space = try Workspace()
    let outcome = try space.run(
      ["interpret", "--json", Program.fixture("clips/dog_bark.flac")], environment: Self.unnamed)
    outcome.expectSuccess()
    let report = try #require(try outcome.objects().first)
    #expect(report["label"] as? String == "dog_bark")
    #expect(space.files.count == 4)
  }

  @Test func lookingOrder() throws {
    let space = try Workspace()
    try FileManager.default.copyItem(atPath: SmallModel.path.get(), toPath: space.file("mine"))
    func path(_ arguments: [String], _ environment: [String: String]) throws -> String? {
      let outcome = try space.run(
        ["model", "info", "--json"] + arguments, environment: environment)
      outcome.expectSuccess()
      let json = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
      return (json as? [String: Any])?["path"] as? String
    }
    #expect(try path(["mine"], ["PIQ_AUDIO_MODEL": "nowhere"]) == "mine")
    #expect(try path([], ["PIQ_AUDIO_MODEL": "mine"]) == "mine")
    let bundled = try #require(try path([], Self.unnamed))
    #expect(bundled.hasSuffix("Fixtures/models/esc10"))
    // Elsewhere, it lies beside the program's prefix.
    let manager = FileManager.default
    for folder in ["prefix/bin", "prefix/share/piq-audio"] {
      try manager.createDirectory(
        atPath: space.file(folder), withIntermediateDirectories: true)
    }
    try manager.copyItem(atPath: Program.path, toPath: space.file("prefix/bin/piq-audio"))
    let alone = try space.start(
      space.file("prefix/bin/piq-audio"), ["model", "info"], environment: Self.unnamed
    ).wait()
    #expect(alone.status == 1)
    #expect(alone.errors.contains("there is no model; name one with PIQ_AUDIO_MODEL (or --model)"))
    try manager.moveItem(
      atPath: space.file("mine"), toPath: space.file("prefix/share/piq-audio/model"))
    let installed = try space.start(
      space.file("prefix/bin/piq-audio"), ["model", "info"], environment: Self.unnamed
    ).wait()
    installed.expectSuccess()
    #expect(installed.output.contains("prefix/share/piq-audio/model"))
  }
}
