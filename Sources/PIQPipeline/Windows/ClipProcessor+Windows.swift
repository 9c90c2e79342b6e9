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
    let (path, stft, windowing) = (job.input.path, model.configuration.stft, settings.windowing)
    let rate = Double(stft.sampleRate)
    let windows = SlidingWindows(
      length: max(1, Int((windowing.length * rate).rounded())),
      overlap: Int((windowing.overlap * rate).rounded(.down)))
    try Failure.naming(path) { try model.interpreter.checkLength(windows.length) }
    let source = RecordingSource(reader, head: head, rate: stft.sampleRate)
    try job.makeFolders()
    var clock = StageClock()
    let recording = WindowedRecording(
      name: job.input.name,
      duration: reader.declaredFrames.map { Double($0) / Double(reader.sampleRate) },
      labels: model.configuration.labels, stft: stft, soundFormat: settings.soundFormat,
      observe: observe)
    var result = try RecordingResult(recording, outputs: job.outputs)
    let drawsFigures = job.output(.spectrogram) != nil
    try WindowPass(windows, jobs: Threads.current).run {
      try clock.measure("decode") { try source.next(naming: path) }
    } explain: { [self] window in
      try Failure.naming(path) { try explain(window, windows, drawsFigures: drawsFigures) }
    } write: { [self] window, sound, classified in
      clock.add(classified.seconds)
      try clock.measure("write") { try result.add(window, sound: sound, classified) }
      observe(
        .progress(input: path, done: Double(window.end) / rate, total: recording.duration))
    }
    var report = report(job.input, reader, windows, result)
    try clock.measure("write") { try result.finish(&report) }
    return .done(report, seconds: clock.withTotal)
  }

  /// Classifies a window, and explains it if the settings require it.
  ///
  /// - Returns: as many samples as the window has, silence where it is not explained.
  private func explain(
    _ window: SampleWindow, _ windows: SlidingWindows, drawsFigures: Bool
  ) throws -> (sound: [Float], output: ClassifiedWindow) {
    try withMemory(for: window.samples.count) {
      let silence = [Float](repeating: 0, count: window.samples.count)
      let (interpreter, span) = (model.interpreter, windows.span(of: window))
      func classified(_ classification: Classification?, isExplained: Bool) -> ClassifiedWindow {
        ClassifiedWindow(
          entry: Timeline.Entry(
            samples: window.start..<window.end, span: span, index: classification?.index,
            probability: classification.map { $0.probabilities[$0.index] } ?? 0,
            isExplained: isExplained),
          probabilities: classification?.probabilities)
      }
      func piece(_ logPower: Tensor, mask: Tensor?, level: Float) -> OverviewPiece {
        OverviewPiece(
          logPower: logPower, mask: mask, level: level, start: window.start,
          hopLength: model.configuration.stft.hopLength, span: span)
      }
      if settings.windowing.isSilent(window.samples) {
        var result = classified(nil, isExplained: false)
        if drawsFigures {
          result.piece = piece(
            try interpreter.logPower(of: window.samples), mask: nil,
            level: model.configuration.normalize.level(of: window.samples))
        }
        return (silence, result)
      }
      var clock = StageClock()
      let analysis = try clock.measure("classify") { try interpreter.analyze(window.samples) }
      let classification = analysis.classification
      let isExplained = settings.windowing.explains(
        classification.index, classification.probabilities[classification.index])
      let interpretation =
        isExplained
        ? try clock.measure("interpret") {
          try interpreter.interpret(
            analysis, as: settings.label, tail: .keep, by: explainer.get(),
            number: Self.number(of: window.samples))
        } : nil
      var result = classified(classification, isExplained: isExplained)
      if drawsFigures {
        result.piece = clock.measure("draw") {
          piece(analysis.logPower, mask: interpretation?.mask, level: analysis.clip.level)
        }
      }
      result.seconds = clock.seconds
      return (interpretation?.audio ?? silence, result)
    }
  }

  /// The report of a recording in windows, without outputs.
  private func report(
    _ input: ClipInput, _ reader: SoundFileReader, _ windows: SlidingWindows,
    _ result: RecordingResult
  ) -> ClipReport {
    let (configuration, labels) = (model.configuration, model.configuration.labels)
    let rate = Double(configuration.stft.sampleRate)
    let means = result.means ?? []
    let ranking = means.indices.sorted { (means[$0], $1) > (means[$1], $0) }
    let index = means.isEmpty ? nil : settings.label ?? ranking.first
    var report = ClipReport(
      input: input.path, label: index.map { labels[$0] } ?? "", index: index ?? -1,
      probability: index.map { means[$0] } ?? 0,
      top: ranking.prefix(settings.top).map { .init(label: labels[$0], probability: means[$0]) },
      model: .init(name: configuration.name, sha256: model.sha256), sampleRate: reader.sampleRate,
      channels: reader.channels, duration: Double(reader.framesRead) / Double(reader.sampleRate),
      outputs: [:], warning: reader.warning)
    report.endFlag = reader.hasEndFlag ? nil : false
    describeExplanation(in: &report)
    report.window = Double(windows.length) / rate
    report.overlap = Double(windows.overlap) / rate
    report.windows = result.timeline.entries.map { entry in
      .init(
        start: Double(entry.samples.lowerBound) / rate,
        end: Double(entry.samples.upperBound) / rate, label: entry.index.map { labels[$0] },
        probability: entry.index.map { _ in entry.probability }, explained: entry.isExplained)
    }
    if means.isEmpty, let minLevel = settings.windowing.minLevel {
      report.warn("no window reaches \(minLevel) dBFS, so that nothing was classified")
    }
    return report
  }
}
