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
        piq-audio spectrogram --channel each stereo.wav
      """)

  @OptionGroup var input: InputOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var channels: ChannelOptions

  @Flag(help: "Print one JSON object per clip, each on a line, on standard output.")
  var json = false

  @OptionGroup var model: ModelOptions
  @OptionGroup var parallel: ParallelOptions
  @OptionGroup var messages: MessageOptions

  func run(_ terminal: Terminal) throws {
    let (jobs, failures) = try input.plan(
      output, suffixes: [OutputKind.spectrogram.name: ".spectrogram.png"], channels, terminal)
    var settings = ClipProcessor.Settings()
    settings.existing = output.existing
    settings.windowing.scope = .longer(than: Windowing.longestWhole)
    let watch = RecordingWatch(terminal, settings.windowing, verb: "drawn")
    let processor = ClipProcessor(try model.load(), settings) { watch.take($0) }
    let loop = ClipLoop(terminal, total: jobs.count, printsJSON: json)
    for failure in failures { try loop.fail(path: failure.path ?? "", failure) }
    try loop.run(jobs.map(\.input), parallel.divide(jobs.count)) {
      try processor.drawSpectrogram(jobs[$0])
    } report: { index, report in
      let input = jobs[index].input
      guard let report else { return try loop.skip(input) }
      loop.remark(on: input, warning: report.warning, endFlag: report.endFlag)
      if json {
        try terminal.print(JSON.line(report))
      } else {
        try terminal.say(report.outputs.values.sorted().map(printable).joined(separator: " "))
      }
    }
    try loop.end()
  }
}
