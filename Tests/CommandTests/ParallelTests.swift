import Foundation
import Testing

/// Several clips at a time, several threads a clip: nothing that is written depends on either.
@Suite struct ParallelTests {
  private static let outputs = ["--outputs", "audio,arrays,spectrogram,residual"]

  @Test func sameBytesHoweverTheCoresAreSharedOut() throws {
    let space = try Workspace()
    for name in ["a.wav", "b.wav", "c.wav", "d.wav", "e.wav"] {
      try space.writeGoodClip("in/" + name)
    }
    try space.run(["interpret", "-j", "1", "-t", "1", "-o", "one", "in"] + Self.outputs)
      .expectSuccess()
    let divisions = [[], ["-j", "3"], ["-t", "3"], ["-j", "2", "-t", "2"]]
    for division in divisions {
      try space.run(["interpret", "-o", "other", "in"] + division + Self.outputs).expectSuccess()
      let names = space.files.filter { $0.hasPrefix("one/") }.map { String($0.dropFirst(4)) }
      #expect(names.count == 20)
      for name in names {
        #expect(try space.bytes("one/" + name) == space.bytes("other/" + name), "\(name)")
      }
    }
    // A clip alone.
    try space.run(["interpret", "-o", "alone", "in/c.wav"] + Self.outputs).expectSuccess()
    for name in space.files where name.hasPrefix("alone/") {
      #expect(try space.bytes(name) == space.bytes("one/" + name.dropFirst(6)), "\(name)")
    }
  }

  /// Reports come in the order of the inputs, failures where they belong.
  @Test(arguments: ["1", "2", "8"]) func order(jobs: String) throws {
    let space = try Workspace()
    let names = (0..<12).map { "clip \($0).wav" }
    for (index, name) in names.enumerated() {
      if index % 4 == 2 {
        try space.write(name, Array("no sound".utf8))
      } else {
        try space.writeGoodClip(name)
      }
    }
    for command in [["classify"], ["interpret", "--outputs", "json"], ["spectrogram"]] {
      let outcome = try space.run(command + ["--json", "--jobs", jobs] + names)
      #expect(outcome.status == 1)
      #expect(try outcome.objects().map { $0["input"] as? String } == names)
      let failed = try outcome.objects().indices.filter {
        try outcome.objects()[$0]["error"] != nil
      }
      #expect(failed == [2, 6, 10])
    }
  }

  /// A reader that goes away ends the run.
  @Test func closedOutput() throws {
    let space = try Workspace()
    let names = (0..<40).map { "clip\($0).wav" }
    for name in names { try space.writeGoodClip(name) }
    let script = #""$@" | head -n 1"#
    let outcome = try space.shell(
      script, ["classify", "--json", "--jobs", "4", "clip0.wav"] + names.dropFirst())
    #expect(outcome.output.split(separator: "\n").count == 1)
  }
}
