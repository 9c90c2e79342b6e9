import Foundation
import Glibc
import Testing

/// Runs that were interrupted, and what they leave in the end.
@Suite struct ResumeTests {
  private static let run = [
    "interpret", "-q", "--csv", "--outputs", "audio,json,regions", "-o", "out", "in", "in/none.wav",
  ]

  /// Clips of several lengths, a broken one among them.
  private func makeInputs(_ space: Workspace, count: Int = 10) throws {
    for index in 0..<count {
      try space.writeGoodClip(index % 3 == 0 ? "in/night/\(index).wav" : "in/\(index).wav")
    }
    try space.write("in/broken.wav", Array("no sound".utf8))
  }

  private func clear(_ space: Workspace) throws {
    try? FileManager.default.removeItem(atPath: space.file("out"))
  }

  private func contents(_ space: Workspace) throws -> [String: [UInt8]] {
    let names = space.allFiles.filter { $0.hasPrefix("out/") }
    return Dictionary(uniqueKeysWithValues: try names.map { ($0, try space.bytes($0)) })
  }

  /// Killed at 30 random moments, the last run leaves the files of one that was not, to the byte.
  @Test func killedAnywhere() throws {
    let space = try Workspace()
    try makeInputs(space)
    #expect(try space.run(Self.run).status == 1)
    let expected = try contents(space)
    #expect(expected.keys.contains("out/results.jsonl"))
    #expect(expected.keys.contains("out/results.csv"))
    // A run of all clips takes about this long.
    let start = Date()
    try clear(space)
    _ = try space.run(Self.run)
    let longest = max(0.1, Date().timeIntervalSince(start))
    var kills = 0
    var attempts = 0
    var generator = SystemRandomNumberGenerator()
    try clear(space)
    while kills < 30, attempts < 300 {
      attempts += 1
      let program = try space.start(Program.path, Self.run + ["--resume", "--jobs", "2"])
      usleep(UInt32.random(in: 0...UInt32(longest * 0.7e6), using: &generator))
      kill(program.identifier, SIGKILL)
      if program.wait().status == nil { kills += 1 } else { try clear(space) }
    }
    #expect(kills == 30)
    #expect(try space.run(Self.run + ["--resume"]).status == 1)
    let found = try contents(space)
    #expect(Set(found.keys) == Set(expected.keys))
    for (name, bytes) in expected { #expect(found[name] == bytes, "\(name)") }
  }

  /// Only what has changed is done again.
  @Test func onlyWhatIsNeeded() throws {
    let space = try Workspace()
    try makeInputs(space, count: 4)
    let run = ["interpret", "--json", "--outputs", "audio,json", "-o", "out", "in", "--resume"]
    func done(_ more: [String] = []) throws -> [String] {
      try space.run(run + more).objects().filter { $0["label"] != nil }
        .compactMap { $0["input"] as? String }
    }
    let all = ["in/1.wav", "in/2.wav", "in/night/0.wav", "in/night/3.wav"]
    #expect(try done() == all)
    #expect(try done() == [])
    try FileManager.default.removeItem(atPath: space.file("out/2.interpretation.wav"))
    #expect(try done() == ["in/2.wav"])
    try space.writeGoodClip("in/night/3.wav")
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1e9)],
      ofItemAtPath: space.file("in/night/3.wav"))
    #expect(try done() == ["in/night/3.wav"])
    #expect(try done(["--top", "2"]) == all)
    try space.writeGoodClip("in/5.wav")
    #expect(try done(["--top", "2"]) == ["in/5.wav"])
    // The results are of all clips, whenever they were done.
    let lines = String(decoding: try space.bytes("out/results.jsonl"), as: UTF8.self)
    #expect(lines.split(separator: "\n").count == 6)
    #expect(lines.contains("broken.wav"))
  }

  /// Results are in the order of the inputs, without what differs from run to run.
  @Test func results() throws {
    let space = try Workspace()
    try makeInputs(space)
    let outcome = try space.run(Self.run + ["--json", "--jobs", "3"])
    let printed = try outcome.objects()
    let text = String(decoding: try space.bytes("out/results.jsonl"), as: UTF8.self)
    let kept = try text.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(kept.count == 12)
    #expect(
      kept.map { $0["input"] as? String } == printed.map { $0["input"] as? String })
    #expect(kept.allSatisfy { $0["seconds"] == nil })
    #expect(kept.filter { $0["error"] != nil }.count == 2)
    let table = String(decoding: try space.bytes("out/results.csv"), as: UTF8.self)
    let rows = table.split(separator: "\n")
    #expect(rows.count == 13)
    let columns = "input,label,index,probability,duration,sample_rate,channels,warning,error,"
    #expect(rows[0] == columns + "start,end,time,channel")
    // Shards have files of their own.
    try space.run(["interpret", "-o", "out", "--outputs", "json", "--shard", "1/1", "in/1.wav"])
      .expectSuccess()
    #expect(space.allFiles.contains("out/results-1-of-1.jsonl"))
  }

  @Test func twoRunsInOneFolder() throws {
    let space = try Workspace()
    try makeInputs(space, count: 30)
    let first = try space.start(Program.path, Self.run)
    // The journal is there once the model is loaded.
    for _ in 0..<1000 where !space.allFiles.contains("out/.piq-audio-journal.jsonl") {
      usleep(2000)
    }
    let second = try space.run(Self.run)
    let isOver = first.wait().status == 1
    #expect(isOver)
    // It may have been over by then.
    if second.status != 1 {
      #expect(second.status == 75)
      #expect(second.errors.contains("another run is writing its outputs there"))
    }
  }

  @Test(arguments: [
    (["--resume"], "--resume needs --output-dir"), (["--csv"], "--csv needs --output-dir"),
    (["--resume", "-o", "out", "--existing", "skip"], "contradict each other"),
  ])
  func mistakes(arguments: [String], words: String) throws {
    let space = try Workspace()
    try space.writeGoodClip("a.wav")
    let outcome = try space.run(["interpret", "a.wav"] + arguments)
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains(words))
    #expect(space.allFiles == ["a.wav"])
  }
}
