import Foundation
import Testing

/// What the program says of itself.
@Suite struct HelpTests {
  static let commands = [
    [], ["interpret"], ["classify"], ["spectrogram"], ["evaluate"], ["train"],
    ["train", "classifier"], ["train", "interpreter"], ["model", "import"], ["model", "info"],
    ["report"], ["benchmark"],
  ]

  @Test(arguments: commands) func examples(command: [String]) throws {
    let space = try Workspace()
    let outcome = try space.run(command + ["--help"])
    outcome.expectSuccess()
    let call = (["piq-audio"] + command).joined(separator: " ")
    #expect(outcome.output.contains("\nEXAMPLES\n  piq-audio "))
    #expect(outcome.output.contains("  \(call)"))
    #expect(outcome.output.contains("USAGE: \(call)"))
    // The parser wraps everything but the usage.
    #expect(outcome.outputLines.allSatisfy { $0.count <= 100 || $0.hasPrefix("USAGE: ") })
    #expect(try space.run(command + ["-h"]).output == outcome.output)
    #expect(try space.run(["help"] + command).output == outcome.output)
  }

  @Test func version() throws {
    let outcome = try Workspace().run(["--version"])
    outcome.expectSuccess()
    #expect(outcome.output.wholeMatch(of: /piq-audio \d+\.\d+\.\d+\n/) != nil)
  }

  @Test func exitStatuses() throws {
    let help = try Program.help([])
    for status in ["0", "1", "64", "75", "130"] {
      #expect(help.contains("\n  \(status) "), "\(status)")
    }
  }

  @Test(arguments: [("bash", "complete "), ("zsh", "#compdef piq-audio"), ("fish", "complete -c")])
  func completionScript(shell: String, words: String) throws {
    let space = try Workspace()
    let outcome = try space.run(["--generate-completion-script", shell])
    outcome.expectSuccess()
    #expect(outcome.output.contains(words))
    for option in ["files-from", "output-dir", "logit-scale"] {
      #expect(outcome.output.contains(option), "\(option)")
    }
    guard shell == "bash" else { return }
    try space.write("completion", outcome.output.utf8)
    try space.start("/bin/sh", ["-c", "bash -n completion"]).wait().expectSuccess()
  }
}
