import Foundation
import Testing

/// `--shard`: the slices of a run, as several machines take them.
@Suite struct ShardTests {
  private static let names = (1...12).map { "in/night/clip \($0).wav" }

  private static func space() throws -> Workspace {
    let space = try Workspace()
    for name in names { try space.writeGoodClip(name) }
    return space
  }

  /// The inputs that a run reported on.
  private static func inputs(_ outcome: Outcome) throws -> [String] {
    outcome.expectSuccess()
    return try outcome.objects().map { try #require($0["input"] as? String) }
  }

  @Test(arguments: ["interpret", "classify", "spectrogram"])
  func slicesMakeUpTheWhole(command: String) throws {
    let space = try Self.space()
    let run = [command, "--json"]
    let output = command == "classify" ? [] : ["-o", "slices"]
    var slices: [[String]] = []
    for index in 1...3 {
      slices.append(
        try Self.inputs(space.run(run + output + ["--shard", "\(index)/3", "in"])))
    }
    #expect(slices.joined().sorted() == Self.names.sorted())
    #expect(slices.allSatisfy { !$0.isEmpty })
    #expect(try Self.inputs(space.run(run + output + ["--shard", "1/1", "in"])).count == 12)
    guard command != "classify" else { return }
    // Nothing but the paths in a JSON file tells where it was made.
    try space.run([command, "-q", "-o", "whole", "in"]).expectSuccess()
    let whole = space.files.filter { $0.hasPrefix("whole/") }
    #expect(whole.count == Self.names.count * (command == "interpret" ? 4 : 1))
    for name in whole where !name.hasSuffix(".json") {
      let slice = name.replacing("whole/", with: "slices/", maxReplacements: 1)
      #expect(try space.bytes(slice) == space.bytes(name), "\(name)")
    }
  }

  @Test func aNewFileMovesNoOther() throws {
    let space = try Self.space()
    let run = ["classify", "--json", "--shard", "2/4"]
    let before = try Self.inputs(space.run(run + ["in"]))
    for name in ["in/0.wav", "in/night/clip 1a.wav", "in/z.wav"] { try space.writeGoodClip(name) }
    let after = try Self.inputs(space.run(run + ["in"]))
    #expect(after.filter { !$0.hasSuffix("a.wav") && Self.names.contains($0) } == before)
    // Nor does the way in which a file is found.
    try space.write("list", Self.names.shuffled().joined(separator: "\0").utf8)
    #expect(try Self.inputs(space.run(run + ["--files-from", "list"])).sorted() == before.sorted())
  }

  @Test func anEmptySlice() throws {
    let space = try Workspace()
    try space.writeGoodClip("a.wav")
    // Of a.wav's thousand slices, this is not its own.
    for command in ["interpret", "spectrogram", "classify"] {
      let outcome = try space.run([command, "--json", "--shard", "1/1000", "a.wav"])
      #expect(outcome.status == 0)
      #expect(outcome.output == "")
      #expect(
        outcome.errors
          == "piq-audio: none of the inputs is in shard 1/1000; there is nothing to do\n")
    }
    #expect(space.files == ["a.wav"])
    try space.run(["interpret", "-q", "--shard", "1/1000", "a.wav"]).expectSuccess()
  }

  /// Two inputs of one output are refused by every slice, whichever they are in.
  @Test func collisionsAreFoundBeforeTheSlice() throws {
    let space = try Workspace()
    for name in ["x/a.wav", "y/a.wav"] { try space.writeGoodClip(name) }
    for index in 1...5 {
      let outcome = try space.run(
        ["interpret", "--shard", "\(index)/5", "-o", "out", "x/a.wav", "y/a.wav"])
      #expect(outcome.status == 64)
      #expect(outcome.errors.contains("x/a.wav and y/a.wav would both write it"))
    }
  }

  /// A machine that cannot see the inputs must say so, whatever its slice.
  @Test func aMissingFolderFailsEverySlice() throws {
    let space = try Workspace()
    try space.write("empty/notes.txt", [1])
    for index in 1...2 {
      try space.run(["classify", "--shard", "\(index)/2", "empty"])
        .expectRefusal(naming: "empty", "holds no sound files")
    }
  }
}
