import PIQAudio
import PIQPlotting

/// Recordings that are processed in windows.
extension ClipProcessor {
  /// Interprets a recording window by window and writes the outputs of its job.
  ///
  /// - Throws: as `interpret(_:)`.
  func interpretWindows(
    _ job: ClipJob, _ reader: SoundFileReader, head: [Float]
  ) throws -> ClipOutcome {
    let windows = settings.windowing.windows(at: model.configuration.stft.sampleRate)
    let drawsFigures = job.output(.spectrogram) != nil
    var crossFade = CrossFade(windows)
    var outcome = try inWindows(job, reader, head: head, isExplained: true) { [self] window in
      try explain(window, windows, drawsFigures: drawsFigures)
    } write: { window, explained, result, _ in
      let sound = crossFade.join(explained.sound, of: window)
      try result.add(explained.output, window, sound: sound)
      return explained.output.seconds
    }
    describeExplanation(in: &outcome.report)
    return try outcome.finish()
  }

  /// A recording whose windows are processed, before its outputs are complete.
  struct WindowedOutcome {
    var report: ClipReport
    var result: RecordingResult
    var clock: StageClock

    /// Puts the outputs in place.
    mutating func finish() throws -> ClipOutcome {
      try clock.measure("write") { try result.finish(&report) }
      return .done(report, seconds: clock.withTotal)
    }
  }

  /// Processes a recording window by window, in memory independent of its length.
  ///
  /// - Parameters:
  ///   - isExplained: whether windows are explained.
  ///   - work: processes a window; called by several threads.
  ///   - write: adds a window to the results, in order, and returns the seconds of its stages.
  func inWindows<Output: Sendable>(
    _ job: ClipJob, _ reader: SoundFileReader, head: [Float], isExplained: Bool,
    work: @escaping @Sendable (SampleWindow) throws -> Output,
    write:
      @escaping (
        SampleWindow, Output, inout RecordingResult, RecordingStart?
      ) throws -> [String: Double]
  ) throws -> WindowedOutcome {
    let (path, stft) = (job.input.path, model.configuration.stft)
    let (rate, windows) = (Double(stft.sampleRate), settings.windowing.windows(at: stft.sampleRate))
    try Failure.naming(path) { try model.interpreter.checkLength(windows.length) }
    let source = RecordingSource(reader, head: head, rate: stft.sampleRate)
    try job.makeFolders()
    let recording = windowedRecording(
      job.input, duration: reader.declaredFrames.map { Double($0) / Double(reader.sampleRate) },
      isExplained: isExplained)
    var result = try RecordingResult(recording, outputs: job.outputs)
    var clock = StageClock()
    try WindowPass(windows, jobs: Threads.current).run {
      try clock.measure("decode") { try source.next(naming: path) }
    } work: { [self] window in
      try Failure.naming(path) { try withMemory(for: window.samples.count) { try work(window) } }
    } write: { [observe] window, output in
      clock.add(try clock.measure("write") { try write(window, output, &result, recording.start) })
      observe(
        .progress(
          input: job.input.title, done: Double(window.end) / rate, total: recording.duration))
    }
    var report = report(
      job.input, RecordingFacts(reader), recording.start,
      result.means.map { ClassMeans($0, known: result.known) })
    if !reader.isSilent { result.warnOfSilence(in: &report) }
    describe(
      result.timeline, recording.start, length: Double(windows.length) / rate,
      overlap: Double(windows.overlap) / rate, in: &report)
    return WindowedOutcome(report: report, result: result, clock: clock)
  }

  /// Classifies a window, and explains it if the settings require it.
  ///
  /// - Returns: as many samples as the window has, silence where it is not explained.
  private func explain(
    _ window: SampleWindow, _ windows: SlidingWindows, drawsFigures: Bool
  ) throws -> (sound: [Float], output: ClassifiedWindow) {
    let silence = [Float](repeating: 0, count: window.samples.count)
    let (interpreter, span) = (model.interpreter, windows.span(of: window))
    if settings.windowing.isSilent(window.samples) {
      var result = ClassifiedWindow(window.start..<window.end, span: span, nil)
      if drawsFigures {
        result.piece = piece(
          try interpreter.logPower(of: window.samples), mask: nil,
          level: model.configuration.normalize.level(of: window.samples), window, span)
      }
      return (silence, result)
    }
    var clock = StageClock()
    let analysis = try clock.measure("classify") { try interpreter.analyze(window.samples) }
    let isExplained = settings.windowing.selects(analysis.classification)
    let interpretation =
      isExplained
      ? try clock.measure("interpret") {
        try interpreter.interpret(
          analysis, as: settings.classIndex, tail: .keep, by: explainer.get(),
          number: number(of: window.samples))
      } : nil
    var result = ClassifiedWindow(
      window.start..<window.end, span: span, analysis.classification, isExplained: isExplained)
    result.entry.isSilent = Silence.holds(of: window.samples)
    // Silence carries nothing.
    result.entry.region =
      result.entry.isSilent
      ? nil
      : interpretation.flatMap {
        region(
          of: $0, analysis, from: Double(window.start) / Double(model.configuration.stft.sampleRate)
        )
      }
    if drawsFigures {
      result.piece = clock.measure("draw") {
        piece(
          analysis.logPower, mask: interpretation?.mask, level: analysis.clip.level, window, span)
      }
    }
    result.seconds = clock.seconds
    return (interpretation?.audio ?? silence, result)
  }

  /// A window's part of the pictures.
  func piece(
    _ logPower: Tensor, mask: Tensor?, level: Float, _ window: SampleWindow, _ span: Range<Int>
  ) -> OverviewPiece {
    OverviewPiece(
      logPower: logPower, mask: mask, level: level, start: window.start,
      hopLength: model.configuration.stft.hopLength, span: span)
  }
}
