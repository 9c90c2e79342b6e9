import PIQAudio

/// A window of a recording with its classification.
public struct WindowClassification: Sendable {
  /// Place and class.
  public let window: ClipReport.Window
  /// The index of the class; nil for a window that was skipped as silent.
  public let classIndex: Int?
  /// The probability of each class; empty for a window that was skipped.
  public let probabilities: [Float]

  /// The likeliest classes, whose names are `labels`, best first.
  public func top(_ count: Int, of labels: [String]) -> [ClipReport.Candidate] {
    ClassMeans(probabilities).top(count, of: labels)
  }
}

extension ClipProcessor {
  /// Classifies a recording, whole or in windows, and writes those outputs of its job that need no
  /// explanation; then cuts windows out of it, where the settings have a folder for them.
  ///
  /// Windows that are not selected (`Windowing.only`, `Windowing.minProbability`) count in the
  /// averages of the recording alone.
  ///
  /// - Parameter take: called with each selected window in order; one call for a clip that is not
  ///   divided.
  /// - Returns: the outcome.
  /// - Throws: as `interpret(_:)`; what `take` throws.
  public func classify(
    _ job: ClipJob, take: @escaping (WindowClassification) throws -> Void = { _ in }
  ) throws -> ClipOutcome {
    if try job.shouldSkip(settings.existing) { return .skipped }
    var clock = StageClock()
    switch try open(job.input, &clock) {
    case .whole(let recording): return try classifyWhole(job, recording, clock, take)
    case .windows(let reader, let head):
      noteDivision(of: job.input)
      let windows = settings.windowing.windows(at: model.configuration.stft.sampleRate)
      var outcome = try inWindows(job, reader, head: head, isExplained: false) { [self] window in
        try classify(window.samples, window.start..<window.end, span: windows.span(of: window))
      } write: { [self] window, classified, result, start in
        try result.add(classified, window, sound: [])
        try pass(classified, start, to: take)
        return classified.seconds
      }
      let done = try outcome.finish()
      try extract(outcome.result.timeline, of: job.input)
      return done
    }
  }

  private func classifyWhole(
    _ job: ClipJob, _ recording: Recording, _ clock: StageClock,
    _ take: (WindowClassification) throws -> Void
  ) throws -> ClipOutcome {
    var clock = clock
    let samples = try samples(of: recording, job.input, &clock)
    try job.makeFolders()
    let window = try withMemory(for: samples.count) {
      try Failure.naming(job.input.path) {
        try classify(samples, samples.indices, span: samples.indices)
      }
    }
    clock.add(window.seconds)
    let whole = windowedRecording(
      job.input, duration: recording.duration, isExplained: false)
    var report = report(job.input, RecordingFacts(recording), whole.start, window.means)
    var result = try RecordingResult(whole, outputs: job.outputs)
    try result.add(window, of: samples)
    if settings.windowing.coversWholeClips {
      describe(
        result.timeline, whole.start, length: recording.duration, overlap: 0, in: &report)
    }
    try pass(window, whole.start, to: take)
    try clock.measure("write") {
      try result.finish(&report)
      try extract(result.timeline, of: job.input)
    }
    return .done(report, seconds: clock.withTotal)
  }

  /// Classifies the samples of a window.
  private func classify(
    _ samples: [Float], _ place: Range<Int>, span: Range<Int>
  ) throws -> ClassifiedWindow {
    let windowing = settings.windowing
    guard !windowing.isSilent(samples) else {
      var window = ClassifiedWindow(place, span: span, nil)
      window.isListed = !windowing.selects
      return window
    }
    var clock = StageClock()
    let classification = try clock.measure("classify") { try model.interpreter.analyze(samples) }
      .classification
    var window = ClassifiedWindow(place, span: span, classification)
    window.entry.isSilent = Silence.holds(of: samples)
    window.isListed = windowing.selects(classification)
    window.means = ClassMeans(classification)
    window.seconds = clock.seconds
    return window
  }

  private func pass(
    _ window: ClassifiedWindow, _ start: RecordingStart?,
    to take: (WindowClassification) throws -> Void
  ) throws {
    guard window.isListed else { return }
    try take(
      WindowClassification(
        window: reportedWindow(window.entry, start), classIndex: window.entry.classIndex,
        probabilities: window.probabilities ?? []))
  }
}
