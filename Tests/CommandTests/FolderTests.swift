import Foundation
import PIQAudioIO
import Testing

/// Folders, names and lists as they come from the field.
@Suite struct FolderTests {
  private let space: Workspace

  init() throws { space = try Workspace() }

  @Test func linksToFoldersAreFollowedOnce() throws {
    for name in ["night/a.wav", "lib/b.wav"] { try space.writeGoodClip(name) }
    let files = FileManager.default
    try files.createSymbolicLink(atPath: space.file("lib/2024"), withDestinationPath: "../night")
    try files.createSymbolicLink(atPath: space.file("lib/again"), withDestinationPath: "../night")
    try files.createSymbolicLink(atPath: space.file("lib/loop"), withDestinationPath: ".")
    let outcome = try space.run(["classify", "--json", "lib"])
    #expect(outcome.status == 0)
    #expect(
      try outcome.objects().map { $0["input"] as? String } == ["lib/2024/a.wav", "lib/b.wav"])
    #expect(outcome.errorLines.count == 2)
    #expect(outcome.errors.contains("lib/again: left out: a link to a folder whose files are"))
    #expect(outcome.errors.contains("lib/loop: left out"))
  }

  /// As a user without privileges.
  private static let nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups"

  private static let canBeNobody =
    (try? Workspace().shell("umask 0; exec \(nobody) \"$@\"", ["--version"]).status) == 0

  @Test(.enabled(if: canBeNobody, "needs root, and util-linux"))
  func aFolderThatCannotBeRead() throws {
    try space.writeGoodClip("night/a.wav")
    try space.writeGoodClip("night/sub/b.wav")
    let outcome = try space.shell(
      "chmod 755 .; chmod 000 night/sub; \(Self.nobody) \"$@\"; s=$?; chmod 755 night/sub; exit $s",
      ["classify", "--json", "night"])
    #expect(outcome.status == 1)
    let objects = try outcome.objects()
    #expect(objects.count == 2 && objects.contains { $0["label"] != nil })
    #expect(objects.contains { $0["input"] as? String == "night/sub" && $0["error"] != nil })
    #expect(outcome.errors.hasPrefix("piq-audio: error: night/sub: "))
  }

  @Test(.timeLimit(.minutes(2))) func aPipeIsNotWaitedFor() throws {
    try space.writeGoodClip("in/b.wav")
    let outcome = try space.shell("mkfifo in/a.wav; exec \"$@\"", ["classify", "in"])
    #expect(outcome.status == 0 && outcome.outputLines.count == 1)
    #expect(
      outcome.errors
        == "piq-audio: in/a.wav: left out: a pipe, a socket or a device, not a file\n")
  }

  /// Names in Latin-1, through folders, lists, outputs, the journal and JSON.
  @Test func namesThatAreNotUTF8() throws {
    try space.writeGoodClip("good.wav")
    let script = #"""
      mkdir in && cp good.wav in && cp good.wav "in/$(printf 'caf\351.wav')" &&
      cp good.wav "in/$(printf 'caf\350.wav')" && out=$(printf 'o\351') &&
      "$@" interpret -q -o "$out" --outputs json in && test "$(ls "$out" | wc -l)" = 4 &&
      test -e "$out/$(printf 'caf\351.interpretation.json')" &&
      "$@" interpret --resume -o "$out" --outputs json in && cp "$out/results.jsonl" lines.jsonl &&
      find in -type f -print0 | sort -z | "$@" classify --csv --files-from - > table.csv &&
      cd in && "$@" classify .
      """#
    let outcome = try space.shell(script, [])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("Wrote 0 files") || outcome.output.contains("caf"))
    #expect(outcome.output.contains(#"./caf\xE9.wav"#))
    let lines = String(decoding: try space.bytes("lines.jsonl"), as: UTF8.self)
    #expect(lines.contains(#""in/caf\udce9.wav""#) && lines.contains(#""in/caf\udce8.wav""#))
    let table = try space.bytes("table.csv")
    #expect(table.split(separator: 10).count == 4)
    #expect(table.contains(0xE9) && table.contains(0xE8))
  }

  @Test func aFileGivenTwiceIsDoneOnce() throws {
    try space.writeGoodClip("a.wav")
    let outcome = try space.run(["interpret", "--outputs", "json", "a.wav", "./a.wav", "."])
    #expect(outcome.status == 0)
    #expect(outcome.errors.contains("a.wav and others: given more than once, done once each"))
    #expect(outcome.output.contains("Wrote 1 file "))
  }

  @Test func keptPaths() throws {
    for name in ["c1/R.wav", "c2/R.wav"] { try space.writeGoodClip(name) }
    try space.write("list", Array("c1/R.wav\nc2/R.wav\n".utf8))
    let run = ["interpret", "-q", "--outputs", "json", "-o", "out", "--files-from", "list"]
    let refused = try space.run(run)
    #expect(refused.status == 1 && refused.errorLines.count == 2)
    #expect(refused.errors.contains("--keep-paths"))
    try space.run(run + ["--keep-paths"]).expectSuccess()
    #expect(
      space.allFiles.filter { $0.hasSuffix(".json") }.sorted()
        == ["out/c1/R.interpretation.json", "out/c2/R.interpretation.json"])
  }

  @Test func keptPathsStayBelowTheOutputFolder() throws {
    for name in ["R.wav", "work/R.wav"] { try space.writeGoodClip(name) }
    let outcome = try space.shell(
      #"cd work && "$@""#,
      [
        "interpret", "-q", "--outputs", "json", "--keep-paths", "-o", "../out", "../R.wav",
        "./R.wav", space.file("good.wav"),
      ])
    #expect(outcome.status == 1 && outcome.errorLines.count == 1)
    #expect(
      space.allFiles.filter { $0.hasSuffix(".interpretation.json") }
        == ["out/R.interpretation.json", "out/__/R.interpretation.json"])
    try space.writeGoodClip()
    for command in ["interpret --outputs json", "classify", "spectrogram"] {
      let whole = command.split(separator: " ").map(String.init)
      let outcome = try space.run(
        whole + ["-q", "--keep-paths", "-o", "below", space.file("good.wav")])
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    let stem = "below" + space.file("good").replacing("//", with: "/")
    #expect(space.allFiles.contains(stem + ".interpretation.json"))
    #expect(space.allFiles.contains(stem + ".spectrogram.png"))
  }

  @Test func whatIsNotTakenIsCounted() throws {
    for name in ["in/a.wav", "in/b.interpretation.wav", "in/.hidden.wav"] {
      try space.writeGoodClip(name)
    }
    try space.write("in/notes.txt", [])
    let outcome = try space.run(["classify", "in"])
    #expect(outcome.status == 0 && outcome.outputLines.count == 1)
    #expect(
      outcome.errors
        == "piq-audio: in: files left out: 1 without a sound file's name, 1 that this program wrote; "
        + "--verbose lists them\n")
    #expect(try space.run(["classify", "-q", "in"]).errors == "")
    let verbose = try space.run(["classify", "-v", "in"]).errors
    #expect(verbose.contains("in/notes.txt: left out: not a sound file's name\n"))
    #expect(verbose.contains("in/b.interpretation.wav: left out: written by this program\n"))
    #expect(!verbose.contains("hidden"))
  }

  @Test func aTerminalWithoutEscapeSequences() throws {
    try space.writeGoodClip()
    guard try space.shell("command -v script", []).status == 0 else { return }
    for (terminal, hasEscapes) in [("dumb", false), ("xterm", true)] {
      let outcome = try space.shell(
        "TERM=\(terminal) script -qec \"$1 interpret -o out good.wav gone.wav\" /dev/null", [])
      #expect(outcome.status == 1 && outcome.output.contains("error:"))
      #expect(outcome.output.contains("\u{1B}") == hasEscapes, "\(outcome.output)")
    }
  }

  @Test func oneNameTwoFormatsInAFolder() throws {
    for name in ["in/a.wav", "in/b.wav"] { try space.writeGoodClip(name) }
    try FileManager.default.copyItem(
      atPath: space.file("in/a.wav"), toPath: space.file("in/a.flac"))
    let outcome = try space.run(["interpret", "--json", "--outputs", "json", "-o", "out", "in"])
    #expect(outcome.status == 1)
    let objects = try outcome.objects()
    #expect(objects.filter { $0["error"] != nil }.count == 2)
    #expect(objects.contains { $0["input"] as? String == "in/b.wav" && $0["label"] != nil })
  }

  @Test func listsAndTables() throws {
    try space.writeGoodClip("plain.wav")
    try space.write("list", [0xEF, 0xBB, 0xBF] + Array("plain.wav\n".utf8))
    #expect(try space.run(["classify", "--files-from", "list"]).outputLines.count == 1)
    let run = ["evaluate", "--sets", "in_distribution"]
    try space.write(
      "whole.csv", Array("filename,category\n\(space.file("plain.wav")),dog_bark\n".utf8))
    try space.run(run + ["whole.csv"]).expectSuccess()
    try space.write("semicolon.csv", Array("filename;category\nplain.wav;dog_bark\n".utf8))
    try space.run(run + ["semicolon.csv"]).expectRefusal(naming: "semicolon.csv", "has semicolons")
    try space.write("spaces.csv", Array("filename, category\nplain.wav, dog_bark\n".utf8))
    try space.run(run + ["spaces.csv"]).expectRefusal(naming: "spaces.csv", "has blanks")
  }
}
