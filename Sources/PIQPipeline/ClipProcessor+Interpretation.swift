import PIQAudio

extension ClipProcessor {
  /// Interprets a clip and writes the outputs of its job; the keys of `outputs` are the names of
  /// `OutputKind`.
  ///
  /// A recording in windows has no arrays; a whole one has tables of windows only where outputs were
  /// chosen.
  ///
  /// - Throws: `SoundFileError` or `Failure` that names the file, the problem and a remedy.
  public func interpret(_ job: ClipJob) throws -> ClipOutcome {
    let kinds = settings.windowing.outputsAreChosen ? OutputKind.all : OutputKind.ofClips
    let (whole, divided) = (job.keeping(kinds), job.keeping(OutputKind.ofWindows))
    let existing = settings.existing
    if settings.windowing.scope != .none, try divided.shouldSkip(existing) { return .skipped }
    if settings.windowing.scope != .all, try whole.shouldSkip(existing), !saysLonger(job.input) {
      return .skipped
    }
    var clock = StageClock()
    switch try open(job.input, &clock) {
    case .whole(let recording): return try interpretWhole(whole, recording, clock)
    case .windows(let reader, let head):
      if settings.windowing.outputsAreChosen, job.output(.arrays) != nil {
        throw Failure(
          .arraysOfWindows, path: job.input.path,
          problem: "is divided into windows, for which arrays are not written",
          remedy: "leave arrays out, or take it whole")
      }
      noteDivision(of: job.input)
      return try interpretWindows(divided, reader, head: head)
    }
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
      let windowing = settings.windowing
      var (analysis, interpretation, window) = try Failure.naming(job.input.path) {
        let analysis = try clock.measure("classify") { try model.interpreter.analyze(samples) }
        let classification = windowing.isSilent(samples) ? nil : analysis.classification
        let window = ClassifiedWindow(
          samples.indices, span: samples.indices, classification,
          isExplained: classification.map(windowing.selects) ?? false)
        let interpretation = try clock.measure("interpret") {
          try ScoringProgress.observed(
            by: { [observe] in observe(.scored(input: job.input.title, done: $0, total: $1)) }
          ) { try interpret(analysis, isExplained: window.entry.isExplained) }
        }
        return (analysis, interpretation, window)
      }
      let whole = windowedRecording(
        job.input, duration: recording.duration, isExplained: true)
      var report = report(
        job.input, RecordingFacts(recording), whole.start,
        window.entry.classIndex == nil ? nil : ClassMeans(analysis.classification))
      describeExplanation(in: &report)
      if window.entry.isExplained, !recording.isSilent {
        report.region = region(of: interpretation, analysis, from: 0)
        window.entry.region = report.region
      }
      if windowing.coversWholeClips {
        var tables = try RecordingResult(
          whole, outputs: job.keeping(OutputKind.ofWindowsAlone).outputs)
        try tables.add(window, of: samples)
        describe(
          tables.timeline, whole.start, length: recording.duration, overlap: 0, in: &report)
        try clock.measure("write") { try tables.finish(&report) }
      }
      report.outputs = job.outputs
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

  /// The interpretation of a clip at the class that the settings ask for: silence where it is not
  /// explained.
  private func interpret(_ analysis: Analysis, isExplained: Bool) throws -> Interpretation {
    let interpreter = model.interpreter
    guard isExplained else {
      let (frames, bins) = (analysis.logPower.shape[0], analysis.logPower.shape[1])
      let covered = interpreter.coveredFrames(of: frames, tail: settings.tail)
      return try interpreter.apply(
        Explanation(mask: Tensor(shape: [covered, bins])), to: analysis.clip,
        as: settings.classIndex ?? analysis.classification.classIndex, tail: settings.tail)
    }
    return try interpreter.interpret(
      analysis, as: settings.classIndex, tail: settings.tail, by: explainer.get(),
      number: number(of: analysis.clip.samples))
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
    report.quantile = used.contains(\.quantile) ? settings.explainer.quantile : nil
    report.samples = used.contains(\.samples) ? settings.explainer.samples : nil
    report.patch = used.contains(\.patch) ? settings.explainer.patch : nil
    report.baseline = used.contains(\.baseline) ? settings.explainer.baseline : nil
    report.seed = used.contains(\.seed) ? settings.explainer.seed : nil
    report.precision = model.interpreter.precision
    report.stft = model.configuration.stft
    report.normalize = model.configuration.normalize
  }
}
