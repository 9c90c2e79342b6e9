public import PIQAudio

/// Processes clips with a model, from decoding to outputs. Several threads may share it, each with
/// its own clip.
public final class ClipProcessor: Sendable {
  /// The settings for each clip: all that outputs depend on besides the clip and the model, so that
  /// a run's journal can tell whether a clip has to be processed again.
  public struct Settings: Sendable, Encodable {
    /// The index of the class to explain; the likeliest if nil.
    public var label: Int?
    /// The explanation method.
    public var method = ExplanationMethod.interpreter
    /// The settings of the method.
    public var explainer = ExplainerSettings()
    /// Which frames an interpretation covers.
    public var tail = Tail.keep
    /// How many classes a report names.
    public var top = 3
    /// The format of written sound.
    public var soundFormat = SoundFileFormat.standard
    /// The handling of outputs that exist already.
    public var existing = ExistingOutputs.overwrite
    /// The division of long recordings into windows.
    public var windowing = Windowing()

    /// The standard settings.
    public init() {}
  }

  let model: Model
  let settings: Settings
  /// The method; a clip that it cannot explain fails with the reason.
  let explainer: Result<any Explainer, any Error>
  let observe: @Sendable (RecordingEvent) -> Void
  private let budget = MemoryBudget(Interpreter.mostMemory)

  /// A processor of clips with `model`.
  ///
  /// - Parameter observe: called with events of divided recordings, on any thread.
  public init(
    _ model: Model, _ settings: Settings,
    observe: @escaping @Sendable (RecordingEvent) -> Void = { _ in }
  ) {
    self.model = model
    self.settings = settings
    explainer = Result {
      try settings.method.makeExplainer(for: model.interpreter, settings.explainer)
    }
    self.observe = observe
  }

  /// Interprets a clip and writes the outputs of its job; the keys of `outputs` are the names of
  /// `OutputKind`.
  ///
  /// A recording in windows has no arrays, a whole one no tables of windows, even if the job lists
  /// them.
  ///
  /// - Throws: `SoundFileError` or `Failure` that names the file, the problem and a remedy.
  public func interpret(_ job: ClipJob) throws -> ClipOutcome {
    let (whole, divided) = (job.keeping(OutputKind.ofClips), job.keeping(OutputKind.ofWindows))
    let existing = settings.existing
    switch settings.windowing.scope {
    case .none:
      if try whole.shouldSkip(existing) { return .skipped }
      var clock = StageClock()
      let recording = try clock.measure("decode") { try model.interpreter.read(job.input.path) }
      return try interpretWhole(whole, recording, clock)
    case .all:
      if try divided.shouldSkip(existing) { return .skipped }
      return try interpretWindows(divided, SoundFileReader(path: job.input.path), head: [])
    case .longer(let limit):
      if try divided.shouldSkip(existing) { return .skipped }
      if try whole.shouldSkip(existing), !Self.saysLonger(job.input, than: limit) {
        return .skipped
      }
      var clock = StageClock()
      let reader = try SoundFileReader(path: job.input.path)
      let most = limit * Double(reader.sampleRate)
      // The length in a header is not reliable.
      let recording = try clock.measure("decode") {
        try Recording.read(reader) { Double($0) <= most }
      }
      guard Double(recording.samples.count) > most else {
        return try interpretWhole(whole, recording, clock)
      }
      try checkLevel(of: recording.samples, path: job.input.path)
      return try interpretLong(job, divided, reader, head: recording.samples)
    }
  }

  /// Whether a file whose outputs exist is longer than `limit` seconds by its header.
  private static func saysLonger(_ input: ClipInput, than limit: Double) -> Bool {
    guard input.path != "-", let reader = try? SoundFileReader(path: input.path) else {
      return false
    }
    return Double(reader.declaredFrames ?? 0) > limit * Double(reader.sampleRate)
  }

  /// Divides a recording because of its length, and reports that.
  private func interpretLong(
    _ job: ClipJob, _ divided: ClipJob, _ reader: SoundFileReader, head: [Float]
  ) throws -> ClipOutcome {
    if settings.windowing.refusesArrays, job.output(.arrays) != nil {
      throw Failure(
        .arraysOfWindows, path: job.input.path,
        problem: "is divided into windows, for which arrays are not written",
        remedy: "leave arrays out, or take it whole")
    }
    observe(.divided(input: job.input.path))
    return try interpretWindows(divided, reader, head: head)
  }

  /// Interprets a clip whole.
  private func interpretWhole(
    _ job: ClipJob, _ recording: Recording, _ clock: StageClock
  ) throws -> ClipOutcome {
    var clock = clock
    let samples = try samples(of: recording, job.input, &clock)
    // Before the long computation, but not for an input that cannot be read.
    try job.makeFolders()
    return try withMemory(for: samples.count) {
      let (analysis, interpretation) = try Failure.naming(job.input.path) {
        let analysis = try clock.measure("classify") { try model.interpreter.analyze(samples) }
        let interpretation = try clock.measure("interpret") {
          try model.interpreter.interpret(
            analysis, as: settings.label, tail: settings.tail, by: explainer.get(),
            number: number(of: samples))
        }
        return (analysis, interpretation)
      }
      var report = report(
        job.input, recording, analysis.classification, index: interpretation.index)
      report.outputs = job.outputs
      describeExplanation(in: &report)
      var clip = InterpretedClip(
        name: job.input.name, stft: model.configuration.stft, soundFormat: settings.soundFormat,
        analysis: analysis, interpretation: interpretation, report: report)
      try clock.measure("write") {
        for kind in OutputKind.inWritingOrder {
          guard let path = job.output(kind) else { continue }
          if let warning = try kind.ofClip?(clip, path) { clip.report.warn(warning) }
        }
      }
      return .done(clip.report, seconds: clock.withTotal)
    }
  }

  /// The number of a clip: for methods that draw random numbers a hash of the sound, the same in
  /// every run (FNV-1a).
  func number(of samples: [Float]) -> Int {
    guard settings.method.settingsUsed.contains(\.seed) else { return 0 }
    return Int(
      truncatingIfNeeded: samples.reduce(UInt64(0xcbf2_9ce4_8422_2325)) {
        ($0 ^ UInt64($1.bitPattern)) &* 0x100_0000_01b3
      })
  }

  /// Adds the method and its settings to a report.
  func describeExplanation(in report: inout ClipReport) {
    report.method = settings.method
    let used = settings.method.settingsUsed
    report.steps = used.contains(\.steps) ? settings.explainer.steps : nil
    report.seed = used.contains(\.seed) ? settings.explainer.seed : nil
    report.precision = model.interpreter.precision
    report.stft = model.configuration.stft
    report.normalize = model.configuration.normalize
  }

  /// Runs `work` on a clip of `count` samples once enough memory is available.
  func withMemory<Result>(for count: Int, _ work: () throws -> Result) rethrows -> Result {
    let bytes = model.interpreter.memoryNeeded(count)
    budget.take(bytes)
    defer { budget.release(bytes) }
    return try work()
  }

  /// The recording, and its samples at the model's rate.
  func load(_ input: ClipInput, _ clock: inout StageClock) throws -> (Recording, samples: [Float]) {
    let recording = try clock.measure("decode") { try model.interpreter.read(input.path) }
    return (recording, try samples(of: recording, input, &clock))
  }

  /// The samples of a recording at the model's rate.
  private func samples(
    of recording: Recording, _ input: ClipInput, _ clock: inout StageClock
  ) throws -> [Float] {
    let resample = { [model] in try model.interpreter.resampled(recording, path: input.path).samples
    }
    return recording.sampleRate == model.configuration.stft.sampleRate
      ? try resample() : try clock.measure("resample", resample)
  }
}
