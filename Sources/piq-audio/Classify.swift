import ArgumentParser
import PIQAudio
import PIQPipeline

/// `piq-audio classify`.
struct Classify: TerminalCommand {
  static let configuration = CommandConfiguration(
    abstract: "Classify clips without explaining them.",
    discussion: """
      EXAMPLES
        piq-audio classify clip.wav
        piq-audio classify --csv recordings/ > classes.csv
        piq-audio classify --json --top 2 recordings/ | jq -c .top
      """)

  @OptionGroup var input: InputOptions

  @Option(help: ArgumentHelp("How many classes the JSON lists, likeliest first.", valueName: "n"))
  var top = 3

  @Flag(help: "Print one JSON object per clip, each on a line, on standard output.")
  var json = false

  @Flag(
    help:
      "Print a CSV table: input, label, index, probability, then the probability of every class.")
  var csv = false

  @OptionGroup var model: ModelOptions
  @OptionGroup var parallel: ParallelOptions
  @OptionGroup var messages: MessageOptions

  func validate() throws {
    guard top > 0 else { throw ValidationError("--top needs a number from 1 on") }
    if json && csv { throw ValidationError("--json and --csv contradict each other") }
  }

  func run(_ terminal: Terminal) throws {
    let (all, failures) = try input.expand()
    let inputs = input.slice(all, terminal) { $0.path }
    let model = try model.load()
    let labels = model.configuration.labels
    var settings = ClipProcessor.Settings()
    settings.top = top
    let processor = ClipProcessor(model, settings)
    let width = Table.labelWidth(labels)
    let loop = ClipLoop(terminal, total: inputs.count, printsJSON: json)
    for failure in failures { try loop.fail(failure.path ?? "", failure) }
    if csv {
      try terminal.print(CSV.row(["input", "label", "index", "probability"] + labels))
    } else if !json && Terminal.outputIsTerminal && inputs.count > 1 {
      try terminal.say(Table.header(labelWidth: width))
    }
    try loop.run(inputs.map(\.path), parallel.divide(inputs.count)) {
      try processor.classify(inputs[$0])
    } report: { index, result in
      let path = inputs[index].path
      guard case .done(let report, let seconds) = result.outcome else { return }
      if let warning = report.warning { terminal.warn("\(printable(path)): \(warning)") }
      if report.endFlag == false { terminal.note("\(printable(path)): \(Terminal.noEndFlag)") }
      terminal.note("\(printable(path)): \(seconds.inWords)")
      if json {
        try terminal.print(result.outcome.json(of: path))
      } else if csv {
        let fields = [path, report.label, "\(report.index)", "\(report.probability)"]
        try terminal.print(CSV.row(fields + result.probabilities.map { "\($0)" }))
      } else {
        try terminal.print(Table.row(report, labelWidth: width))
      }
    }
    try loop.end()
  }
}
