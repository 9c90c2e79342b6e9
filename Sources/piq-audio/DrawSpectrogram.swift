import ArgumentParser
import Batch
import Files
import Models

/// `piq-audio spectrogram`.
struct DrawSpectrogram: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "spectrogram",
    abstract: "Draw the spectrograms that the classifier is given.",
    discussion: """
      For each clip.wav it writes clip.spectrogram.png.

      EXAMPLES
        piq-audio spectrogram clip.wav
        piq-audio spectrogram -o pictures recordings/
      """)

  @OptionGroup var input: InputOptions
  @OptionGroup var output: OutputOptions

  @Flag(help: "Print one JSON object per clip, each on a line, on standard output.")
  var json = false

  @OptionGroup var model: ModelOptions
  @OptionGroup var messages: MessageOptions

  func run() throws {
    let terminal = messages.makeTerminal()
    try terminal.run { try run(terminal) }
  }

  private func run(_ terminal: Terminal) throws {
    let (inputs, failures) = try input.expand()
    let jobs = try ClipJob.plan(
      inputs, suffixes: [OutputKind.spectrogram.rawValue: ".spectrogram.png"],
      folder: output.outputDir)
    var settings = ClipProcessor.Settings()
    settings.existing = output.existing
    let processor = ClipProcessor(try model.load(), settings)
    let loop = ClipLoop(terminal, total: jobs.count, printsJSON: json)
    for failure in failures { try loop.fail(failure.path, failure) }
    for job in jobs {
      try loop.run(job.input.path) {
        guard let report = try processor.drawSpectrogram(job) else {
          return try loop.skip(job.input.path)
        }
        if let warning = report.warning {
          terminal.warn("\(printable(job.input.path)): \(warning)")
        }
        if json {
          try terminal.print(report.json())
        } else {
          try terminal.say(report.outputs.values.map(printable).joined(separator: " "))
        }
      }
    }
    try loop.end()
  }
}
