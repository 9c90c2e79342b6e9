import Foundation
import Testing

/// Places that cannot be written to. Every case works for root, too.
@Suite struct DiskTests {
  /// A command in front of which a small file system can be mounted, where the machine allows it.
  private static let isolation: String? = ["unshare -rm", "unshare -m"].first { command in
    let script = command + #" sh -c 'mount -t tmpfs tmpfs "$0"' . 2>&1"#
    return (try? Workspace().shell(script, []).status) == 0
  }

  @Test(arguments: ["file", "file/below", "/proc/below"]) func noFolder(_ folder: String) throws {
    let space = try Workspace()
    try space.writeGoodClip()
    try space.write("file", [1])
    let outcome = try space.run(["interpret", "--json", "-o", folder, "good.wav"])
    outcome.expectRefusal(
      naming: folder,
      folder.hasPrefix("file") ? "a part of the path is a file, not a folder" : "make the folder")
    #expect(space.files == ["file", "good.wav"])
    #expect(try space.bytes("file") == [1])
  }

  @Test func folderInTheOutputsPlace() throws {
    let space = try Workspace()
    try space.writeGoodClip()
    try space.write("good.interpretation.wav/keep", [])
    let outcome = try space.run(["interpret", "--outputs", "audio", "good.wav"])
    outcome.expectRefusal(naming: "good.interpretation.wav", "is a directory; name a file")
    #expect(space.files == ["good.interpretation.wav/keep", "good.wav"])
  }

  @Test func nameTooLong() throws {
    let space = try Workspace()
    let name = String(repeating: "x", count: 250) + ".wav"
    try space.writeGoodClip(name)
    let outcome = try space.run(["interpret", "--outputs", "audio", name])
    outcome.expectRefusal(
      naming: String(repeating: "x", count: 250) + ".interpretation.wav", "choose a shorter name")
    #expect(space.files == [name])
  }

  /// The limit of `ulimit -f` stands for a full disk where nothing can be mounted.
  @Test func fileSizeLimit() throws {
    let space = try Workspace()
    try space.writeGoodClip("a.wav")
    try space.write("big.wav", WAV.noise(80_000).bytes)
    try space.writeGoodClip("c.wav")
    let outcome = try space.shell(
      #"ulimit -f 400; exec "$@""#,
      ["interpret", "--outputs", "audio", "a.wav", "big.wav", "c.wav"])
    outcome.expectRefusal(naming: "big.interpretation.wav", "file too large; raise the limit")
    #expect(
      space.files == [
        "a.interpretation.wav", "a.wav", "big.wav", "c.interpretation.wav", "c.wav",
      ])
  }

  @Test(.enabled(if: isolation != nil, "needs the right to mount a tmpfs")) func fullDisk() throws {
    let space = try Workspace()
    try space.write("big.wav", WAV.noise(80_000).bytes)
    try space.writeGoodClip()
    // The mount ends with the script: what is in it is listed before.
    let outcome = try mounted(
      "size=700k", in: space, ["interpret", "--json", "-o", "disk", "big.wav", "good.wav"])
    // It may have room later.
    #expect(outcome.status == 75)
    #expect(outcome.errorLines.count == 1)
    #expect(outcome.errors.hasPrefix("piq-audio: error: disk/big.interpretation."))
    #expect(outcome.errors.contains("no space left on device; free some disk space"))
    let lines = outcome.outputLines
    #expect(lines.first?.contains(#""error":"disk/big"#) == true)
    let listed = lines.filter { !$0.hasPrefix("{") }
    #expect(listed.filter { $0.hasPrefix("good.") }.count == 4)
    #expect(listed.allSatisfy { !$0.hasPrefix(".") || $0.hasPrefix(".piq-audio-journal") })
  }

  @Test(.enabled(if: isolation != nil, "needs the right to mount a tmpfs"))
  func readOnlyDisk() throws {
    let space = try Workspace()
    try space.writeGoodClip()
    for folder in ["disk", "disk/below"] {
      let outcome = try mounted("ro", in: space, ["interpret", "-o", folder, "good.wav"])
      #expect(outcome.status == 1)
      #expect(outcome.errorLines.count == 1)
      #expect(outcome.errors.hasPrefix("piq-audio: error: disk/"))
      #expect(outcome.errors.contains("read-only file system; choose a folder that can be written"))
    }
  }

  /// Outputs, journal and results share a disk that is full early; with more room the same command
  /// does the rest.
  @Test(.enabled(if: isolation != nil, "needs the right to mount a tmpfs"))
  func fullDiskInABatch() throws {
    let space = try Workspace()
    for i in 0..<30 { try space.writeGoodClip("in/\(i).wav") }
    let first = try mounted(
      "size=64k", in: space,
      ["interpret", "-q", "--outputs", "json", "-o", "disk", "--resume", "in"],
      then: #"mount -o remount,size=9m disk; "$@" >&2; echo "then $?"; cat disk/results.jsonl"#)
    #expect(first.status == 75)
    #expect(first.errorLines.count > 1)
    for line in first.errorLines {
      #expect(line.hasPrefix("piq-audio: error: disk"))
      #expect(line.contains("no space left on device; free some disk space"))
    }
    let lines = first.outputLines
    let end = try #require(lines.firstIndex { $0.hasPrefix("then ") })
    let hidden = lines[..<end].filter { $0.hasPrefix(".") }
    #expect(hidden == [".piq-audio-journal.jsonl"])
    #expect(lines[end] == "then 0")
    #expect(lines[(end + 1)...].count == 30)
  }

  /// A long recording from a pipe is kept in a folder that has no room for it.
  @Test(.enabled(if: isolation != nil, "needs the right to mount a tmpfs"))
  func noRoomForAPipe() throws {
    let space = try Workspace()
    try space.write("a.wav", WAV.long.bytes)
    let outcome = try mounted(
      "size=1m", in: space, ["interpret", "-q", "--outputs", "audio", "-"],
      before: "cat a.wav | TMPDIR=disk ")
    #expect(outcome.status == 75)
    #expect(
      outcome.errors
        == "piq-audio: error: standard input: could not be kept in disk: no space left on device; "
        + "make room there, or name a folder that has more with TMPDIR\n")
    #expect(outcome.output == "", "the disk is empty again")
  }

  /// Runs the program with a file system of its own mounted at `disk`; lists it after the output.
  private func mounted(
    _ options: String, in space: Workspace, _ arguments: [String], before: String = "",
    then: String = ":"
  ) throws -> Outcome {
    let script =
      #"mkdir -p disk; mount -t tmpfs -o \#(options) tmpfs disk || exit 99; \#(before)"$@"; "#
      + "status=$?; ls -A disk; \(then); exit $status"
    return try space.shell(
      "\(try #require(Self.isolation)) sh -c '\(script)' sh \"$@\"", arguments)
  }
}
