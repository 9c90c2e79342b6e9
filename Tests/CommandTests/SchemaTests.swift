import Foundation
import TestSupport
import Testing

/// Whether results are as docs/schema says.
@Suite struct SchemaTests {
  private static let clip = Program.fixture("clips/clock_tick.wav")

  private func schema() throws -> JSONSchema {
    try JSONSchema(path: "\(Program.project)/docs/schema/interpretation.schema.json")
  }

  @Test func clipsWindowsFailuresAndSkipped() throws {
    let space = try Workspace()
    let schema = try schema()
    // Silent windows, which have a key and a warning.
    var two = WAV.noise(16_000, channels: 2)
    two.data.replaceSubrange(0..<40_000, with: [UInt8](repeating: 0, count: 40_000))
    try space.write("two.wav", two.bytes)
    let runs: [(arguments: [String], count: Int)] = [
      (["interpret", "--json", "-o", "out", Self.clip, "gone.wav"], 2),
      (["interpret", "--json", "-o", "out", "--existing", "skip", Self.clip], 1),
      (["interpret", "--json", "-o", "windows", "--window", "1", Self.clip], 1),
      (["interpret", "--json", "-o", "none", "--window", "1", "--min-level=-1", Self.clip], 1),
      (["classify", "--json", Self.clip], 1),
      (["classify", "--json", "--window", "1", "--overlap", "0", "-o", "table", Self.clip], 3),
      (["classify", "--json", "--min-level", "-1", Self.clip], 1),
      (["classify", "--json", "--channel", "each", "two.wav"], 2),
      (["classify", "--json", "--channel", "1", "--window", "0.5", "two.wav"], 4),
      (
        ["interpret", "--json", "-o", "each", "--channel", "each", "--window", "0.5", "two.wav"], 2
      ),
      (["interpret", "--json", "--channel", "2", Self.clip], 1),
    ]
    for (arguments, count) in runs {
      let objects = try space.run(arguments).objects()
      #expect(objects.count == count, "\(arguments)")
      for object in objects { #expect(schema.problems(in: object) == [], "\(arguments)") }
    }
    let written = space.allFiles.filter { $0.hasSuffix(".interpretation.json") }
    #expect(written.count == 5)
    for file in written { #expect(schema.problems(in: try space.json(file)) == [], "\(file)") }
    for file in space.allFiles.filter({ $0.hasSuffix("results.jsonl") }) {
      for line in String(decoding: try space.bytes(file), as: UTF8.self).split(separator: "\n") {
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
        #expect(schema.problems(in: object) == [], "\(file): \(line)")
      }
    }
  }

  @Test(arguments: [
    ("input", 1 as any Sendable), ("index", 0.5), ("probability", 2), ("top", [["label": "a"]]),
    ("model", ["name": "a", "sha256": "b", "more": "c"]), ("normalize", "loud"), ("surprise", 1),
    ("duration", true), ("outputs", ["audio": 1]),
  ])
  func mistakesAreFound(_ key: String, _ value: any Sendable) throws {
    let space = try Workspace()
    try space.run(["interpret", "--outputs", "json", Self.clip]).expectSuccess()
    var report = try space.json("clock_tick.interpretation.json")
    report[key] = value
    #expect(try schema().problems(in: report) != [])
  }

  @Test(arguments: ["input", "method", "precision", "stft", "normalize"])
  func whatIsMissingIsFound(_ key: String) throws {
    let space = try Workspace()
    try space.run(["interpret", "--outputs", "json", Self.clip]).expectSuccess()
    var report = try space.json("clock_tick.interpretation.json")
    #expect(report.removeValue(forKey: key) != nil)
    #expect(try schema().problems(in: report) != [])
  }
}
