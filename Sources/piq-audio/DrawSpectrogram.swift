import ArgumentParser
import PIQAudio
import PIQPipeline
import PIQRuns

/// `piq-audio spectrogram`.
struct DrawSpectrogram: TerminalCommand {
  static let configuration = CommandConfiguration(
    commandName: "spectrogram", abstract: "Draw the spectrograms that the classifier is given.",
    discussion: """
      For each clip.wav it writes clip.spectrogram.png: of a recording of more than 60 s an \
      overview, and a page of each hour.

      EXAMPLES
        piq-audio spectrogram clip.wav
        piq-audio spectrogram -o pictures recordings/
      """)

  @OptionGroup var input: InputOptions
  @OptionGroup var output: OutputOptions

  @Flag(help: "Print one JSON object per clip, each on a line, on standard output.")
  var json = false

  @OptionGroup var model: ModelOptions
  @OptionGroup var parallel: ParallelOptions
  @OptionGroup var messages: MessageOptions

  func run(_ terminal: Terminal) throws {
    let (jobs, failures) = try input.plan(
      output, suffixes: [OutputKind.spectrogram.name: ".spectrogram.png"], terminal)
    var settings = ClipProcessor.Settings()
    settings.existing = output.existing
    settings.windowing.scope = .longer(than: Windowing.longestWhole)
    let watch = RecordingWatch(terminal, settings.windowing, verb: "drawn")
    let processor = ClipProcessor(try model.load(), settings) { watch.take($0) }
    let loop = ClipLoop(terminal, total: jobs.count, printsJSON: json)
    for failure in failures { try loop.fail(failure.path ?? "", failure) }
    try loop.run(jobs.map(\.input.path), parallel.divide(jobs.count)) {
      try processor.drawSpectrogram(jobs[$0])
    } report: { index, report in
      let path = jobs[index].input.path
      guard let report else { return try loop.skip(path) }
      if let warning = report.warning { terminal.warn("\(printable(path)): \(warning)") }
      if report.endFlag == false { terminal.note("\(printable(path)): \(Terminal.noEndFlag)") }
      if json {
        try terminal.print(JSON.line(report))
      } else {
        try terminal.say(report.outputs.values.sorted().map(printable).joined(separator: " "))
      }
    }
    try loop.end()
  }
}
