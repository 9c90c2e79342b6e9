import ArgumentParser
import PIQAudio

/// `piq-audio benchmark`.
struct Benchmark: TerminalCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure where the time of an interpretation goes on this machine.",
    discussion: """
      Interprets noise, or a clip, a few times, and prints the median time of each layer, what \
      that makes of the machine's peak in products of matrices, and how the layer is computed. \
      GFLOP/s count the operations of the definition, so that an algorithm with fewer of them can \
      exceed the peak; the last column counts those that were done.

      EXAMPLES
        piq-audio benchmark
        piq-audio benchmark --precision bf16 --threads 1
        piq-audio benchmark --json clip.wav
      """)

  @Argument(
    help: ArgumentHelp("A sound file; noise if none is given.", valueName: "clip"),
    completion: .file())
  var clip: String?

  @Option(help: ArgumentHelp("How long the noise is.", valueName: "s"))
  var seconds = 5.0

  @Option(
    help: ArgumentHelp("How often the clip is interpreted, after a first time.", valueName: "n"))
  var rounds = 5

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("How many threads are used; otherwise all cores.", valueName: "n"))
  var threads: Int?

  @Option(help: "What the operands of the decoder's products are rounded to: f32, bf16 or auto.")
  var precision = PrecisionChoice.float32

  @Flag(help: "Print one JSON object on standard output.")
  var json = false

  @OptionGroup var model: ModelOptions
  @OptionGroup var messages: MessageOptions

  func validate() throws {
    guard seconds.isFinite, seconds > 0, seconds <= 600 else {
      throw ValidationError("--seconds needs a number from 0 to 600")
    }
    try require(rounds, in: 1...1000, "--rounds")
    try require(threads, in: 1...1024, "--threads")
  }

  func run(_ terminal: Terminal) throws {
    let count = threads ?? Threads.available
    let report = try Threads.with(count) { try measure(terminal, threads: count) }
    if json {
      try terminal.print(JSON.line(report))
    } else {
      try terminal.print(report.table(hasColor: Terminal.outputHasColor))
    }
  }

  private func measure(_ terminal: Terminal, threads: Int) throws -> BenchmarkReport {
    terminal.progress("Loading the model")
    let model = try model.load(precision: precision)
    let samples = try samples(at: model.configuration.stft.sampleRate)
    terminal.progress("Measuring the machine")
    let peak = try Processor.peak(.float32)
    let bfloat16Peak =
      model.interpreter.precision == .bfloat16 ? try Processor.peak(.bfloat16) : nil
    var passes: [[LayerClock.Layer]] = []
    for round in 0...rounds {
      terminal.progress("[\(round)/\(rounds)] Interpreting")
      let clock = LayerClock()
      try clock.measure {
        let analysis = try model.interpreter.analyze(samples)
        guard model.interpreter.decoder != nil else { return }
        _ = try model.interpreter.interpret(analysis)
      }
      // The first round fills caches and is not counted.
      if round > 0 { passes.append(clock.layers) }
    }
    return BenchmarkReport(
      model: model.configuration.name,
      seconds: Double(samples.count) / Double(model.configuration.stft.sampleRate),
      threads: threads, peak: peak, bfloat16Peak: bfloat16Peak, passes: passes)
  }

  private func samples(at rate: Int) throws -> [Float] {
    if let clip { return try Recording.read(path: clip).resampled(to: rate).samples }
    var stream = RandomStream(seed: 1, path: [])
    return stream.normal(max(1, Int(seconds * Double(rate)))).map { 0.1 * $0 }
  }
}
