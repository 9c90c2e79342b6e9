import ArgumentParser
import Foundation
import PIQAudio

/// The program; options common to its subcommands are in `RunOptions`.
@main
struct PIQAudioCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "piq-audio", abstract: "Hear what an audio classifier listened to.",
    discussion: """
      Explains the decisions of an audio classifier by Posthoc Interpretation via Quantization \
      (arXiv 2303.12659): which parts of a sound mattered, as a mask, a picture and a sound.

      EXAMPLES
        piq-audio interpret clip.wav
        piq-audio interpret --output-dir explained --json recordings/ > results.jsonl
        piq-audio interpret --class rooster clip.wav
        piq-audio classify --csv recordings/ > classes.csv
        piq-audio report explained

      EXIT STATUS
        0    all inputs were done
        1    some input failed, or the model could not be loaded
        64   wrong usage
        75   all failures may pass, such as a full disk: repeat the command later
        130  interrupted
      """,
    version: "piq-audio 0.1.0",
    subcommands: [
      Interpret.self, Classify.self, DrawSpectrogram.self, MakeReport.self, Evaluate.self,
      Train.self, ModelCommand.self, Benchmark.self,
    ])

  static func main() {
    // Swift's own list of arguments has other bytes in place of those that are not UTF-8.
    let arguments = UnsafeBufferPointer(
      start: CommandLine.unsafeArgv, count: Int(CommandLine.argc))
    do {
      var command = try parseAsRoot(
        arguments.dropFirst().compactMap { $0.map { String(systemPath: $0) } })
      try command.run()
    } catch {
      let status = exitCode(for: error)
      let message = fullMessage(for: error)
      guard !status.isSuccess, !message.isEmpty else { exit(withError: error) }
      // Names in it may have escapes in place of bytes.
      let lines = message.split(separator: "\n", omittingEmptySubsequences: false)
      standardError(lines.map { $0.isEmpty ? "\n" : printable(String($0)) + "\n" }.joined())
      Foundation.exit(status.rawValue)
    }
  }
}
