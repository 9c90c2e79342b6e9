import Foundation
import Testing

/// Standard streams that are closed or full.
@Suite struct StreamTests {
  @Test(arguments: [">&-", "> /dev/full"], ["classify", "interpret", "spectrogram"])
  func unusableOutput(redirection: String, command: String) throws {
    let space = try Workspace()
    for name in ["a.wav", "b.wav"] { try space.writeGoodClip(name) }
    let outcome = try space.shell(#""$@" "# + redirection, [command, "a.wav", "b.wav"])
    outcome.expectRefusal(naming: "standard output", "could not write it")
    space.expectNothingHalfWritten()
  }

  @Test(arguments: ["2>&-", "2> /dev/full", "2>&- >&- <&-"])
  func unusableErrors(redirection: String) throws {
    let space = try Workspace()
    try space.writeGoodClip()
    let outcome = try space.shell(
      #""$@" "# + redirection, ["interpret", "--outputs", "json,audio", "gone.wav", "good.wav"])
    #expect(outcome.status == 1)
    // Nothing that was meant for the stream went to a file in its place.
    if space.files.contains("good.interpretation.json") {
      #expect(try space.json("good.interpretation.json")["input"] as? String == "good.wav")
      #expect(try space.bytes("good.interpretation.wav").starts(with: "RIFF".utf8))
    }
  }

  @Test func closedInput() throws {
    let outcome = try Workspace().shell(#""$@" <&-"#, ["classify", "-"])
    outcome.expectRefusal(naming: "standard input", "could not read it")
  }
}
