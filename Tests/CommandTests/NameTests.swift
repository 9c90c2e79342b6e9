import Foundation
import Testing

/// Names of files that are not UTF-8, in all places where a name may stand.
@Suite struct NameTests {
  private let space: Workspace

  init() throws {
    space = try Workspace()
    try space.writeGoodClip()
  }

  /// Runs a script in which `$e` is the byte 0xE9 and `"$@"` the program, and expects no message.
  private func run(_ script: String) throws -> Outcome {
    let outcome = try space.shell("set -e; e=$(printf '\\351'); " + script, [])
    #expect(outcome.status == 0 && outcome.errors == "", "\(outcome.errors)")
    return outcome
  }

  @Test func currentFolderModelAndReport() throws {
    let outcome = try run(
      #"""
      mkdir "d$e"; cp good.wav "d$e/caf$e.wav"; cp -r "$PIQ_AUDIO_MODEL" "m$e"; cd "d$e"
      PIQ_AUDIO_MODEL="../m$e" "$@" classify --json "caf$e.wav"
      "$@" interpret -q --model "../m$e" -o "o$e" "caf$e.wav"
      "$@" report -q "o$e"; cp "o$e/report.html" ../page.html
      """#)
    #expect(outcome.output.contains(#""input":"caf\udce9.wav""#))
    let page = String(decoding: try space.bytes("page.html"), as: UTF8.self)
    #expect(page.contains(#"Interpretations in o\xE9"#) && page.contains(#"caf\xE9"#))
    // It has the sound, too.
    #expect(!page.contains("was not found"))
  }

  @Test func tablesOfLabelledClips() throws {
    _ = try run(
      #"""
      cp good.wav "caf$e.wav"; printf 'filename,category\ncaf\351.wav,dog_bark\n' > clips.csv
      "$@" evaluate -q --sets in_distribution -o "e$e" clips.csv; cat "e$e/clips.csv" > rows.csv
      """#)
    #expect(try space.bytes("rows.csv").contains(0xE9))
  }

  /// Python reads the names back.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")))
  func python() throws {
    let outcome = try run(
      #"""
      cp good.wav "caf$e.wav"; "$@" classify --json "caf$e.wav" |
        /usr/bin/python3 -c 'import json, os, sys; os.stat(os.fsencode(json.loads(sys.stdin.read())["input"]))'
      """#)
    #expect(outcome.output == "")
  }

  @Test func mistakes() throws {
    let outcome = try space.shell(#"e=$(printf '\351'); "$@" interpret "--b$e" good.wav"#, [])
    #expect(outcome.status == 64)
    #expect(outcome.errors.hasPrefix("Error: Unknown option '--b\\xE9'"), "\(outcome.errors)")
  }

  @Test func resultsAreTaken() throws {
    _ = try run(#"mkdir in; cp good.wav "in/caf$e.wav""#)
    let resume = #""$@" interpret --resume --csv -o out --outputs json in"#
    #expect(try run(resume).output.contains("Wrote 1 file"))
    #expect(try run(resume).output.contains("Wrote 0 files to out, skipped 1"))
    let rows = try space.bytes("out/results.csv")
    #expect(rows.contains(0xE9) && String(validating: rows, as: UTF8.self) == nil)
  }
}
