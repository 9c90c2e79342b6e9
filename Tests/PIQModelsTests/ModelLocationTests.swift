import Foundation
import PIQCheckpoints
import PIQModels
import PIQPlatform
import TestSupport
import Testing

@Suite struct ModelLocationTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func find(
    _ asked: String? = nil, environment: [String: String] = [:], program: String
  ) throws -> String {
    try ModelLocation.find(asked, environment: environment, program: folder(program))
  }

  @Test func whatWasAskedForComesFirst() throws {
    try folder.write("{}", to: "share/piq-audio/model/model.json")
    let environment = [ModelLocation.variable: "/from/environment"]
    #expect(ModelLocation.variable == "PIQ_AUDIO_MODEL")
    // Both are taken at their word: a mistake in them must not go unnoticed.
    #expect(try find("/asked", environment: environment, program: "bin/x") == "/asked")
    #expect(try find(environment: environment, program: "bin/x") == "/from/environment")
    #expect(
      try find(environment: [ModelLocation.variable: ""], program: "bin/x")
        == folder("share/piq-audio/model"))
  }

  @Test(arguments: ["release", "x86_64-unknown-linux-gnu/release", "install/release"])
  func theBuildUsesTheFixtures(configuration: String) throws {
    try folder.write("{}", to: "Fixtures/models/esc10/model.json")
    #expect(
      try find(program: ".build/\(configuration)/piq-audio") == folder("Fixtures/models/esc10"))
  }

  @Test func thePrefixComesBeforeTheBuild() throws {
    try folder.write("{}", to: "Fixtures/models/esc10/model.json")
    try folder.write("{}", to: ".build/share/piq-audio/model/model.json")
    #expect(
      try find(program: ".build/bin/piq-audio") == folder(".build/share/piq-audio/model"))
  }

  @Test(arguments: ["bin/piq-audio", ".build/release/piq-audio", "piq-audio"])
  func nothingThere(program: String) throws {
    // A folder without its settings is no model.
    try FileManager.default.createDirectory(
      atPath: folder("share/piq-audio/model"), withIntermediateDirectories: true)
    let error = #expect(throws: Failure.self) { try find(program: program) }
    let description = try #require(error?.description)
    #expect(description.contains("/share/piq-audio/model: there is no model; "))
    #expect(description.contains("name one with PIQ_AUDIO_MODEL"))
    #expect(error?.code == .modelNotFound)
  }

  @Test(arguments: ["", "piq-audio", "/piq-audio", "/"])
  func oddProgramPathsAreHarmless(program: String) {
    #expect(throws: Failure.self) {
      try ModelLocation.find(nil, environment: [:], program: program)
    }
  }

  @Test func theRunningProgramIsKnown() {
    #expect(FileManager.default.isExecutableFile(atPath: ModelLocation.runningProgram))
  }
}
