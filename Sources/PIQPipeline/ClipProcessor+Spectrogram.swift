import PIQAudio
import PIQPlotting

extension ClipProcessor {
  /// Draws the log-power spectrogram that the model's front end makes of a clip, to the path under
  /// `spectrogram` in the job's outputs.
  ///
  /// That of a long recording is an overview and, where it has more than one hour, a page of each.
  ///
  /// - Returns: a report, or nil if the picture existed already and was kept.
  /// - Throws: as `interpret(_:)`.
  public func drawSpectrogram(_ job: ClipJob) throws -> SpectrogramReport? {
    if try job.shouldSkip(settings.existing) { return nil }
    var clock = StageClock()
    switch try open(job.input, &clock) {
    case .whole(let recording): return try drawWhole(job, recording, &clock)
    case .windows(let reader, let head): return try drawWindows(job, reader, head: head)
    }
  }

  private func drawWhole(
    _ job: ClipJob, _ recording: Recording, _ clock: inout StageClock
  ) throws -> SpectrogramReport {
    let samples = try samples(of: recording, job.input, &clock)
    try job.makeFolders()
    let stft = model.configuration.stft
    return try withMemory(for: samples.count) {
      let logPower = try Failure.naming(job.input.path) {
        try model.interpreter.logPower(of: samples)
      }
      let figure = try SpectrogramFigure(
        logPower, sampleRate: stft.sampleRate,
        hopLength: stft.hopLength, nFFT: stft.nFFT, title: job.input.name)
      if let path = job.output(.spectrogram) { try figure.write(toPNG: path) }
      return SpectrogramReport(job.input, job.outputs, RecordingFacts(recording))
    }
  }

  private func drawWindows(
    _ job: ClipJob, _ reader: SoundFileReader, head: [Float]
  ) throws -> SpectrogramReport {
    let (stft, windows) = (
      model.configuration.stft, settings.windowing.windows(at: model.configuration.stft.sampleRate)
    )
    var figures = job.output(.spectrogram).map {
      RecordingFigures(path: $0, name: job.input.name, stft, showsExplanation: false)
    }
    var timeline = Timeline(labels: [], sampleRate: stft.sampleRate)
    try job.makeFolders()
    // The figures are this function's own.
    _ = try inWindows(job.keeping([]), reader, head: head, isExplained: false) { [self] window in
      piece(
        try model.interpreter.logPower(of: window.samples), mask: nil,
        level: model.configuration.normalize.level(of: window.samples), window,
        windows.span(of: window))
    } write: { window, piece, _, _ in
      let span = windows.span(of: window)
      timeline.append(ClassifiedWindow(window.start..<window.end, span: span, nil).entry)
      try figures?.add(piece, span: span, isLast: window.isLast, timeline)
      return [:]
    }
    try figures?.finish(timeline, length: timeline.entries.last?.samples.upperBound ?? 0)
    return SpectrogramReport(
      job.input, job.outputs.merging(figures?.pages ?? [:]) { first, _ in first },
      RecordingFacts(reader))
  }
}

/// The report of a drawn spectrogram: its line of `spectrogram --json`.
public struct SpectrogramReport: Encodable, Sendable {
  public var input: String
  /// The channel that was drawn, from 1; the mean of all if nil.
  public var channel: Int?
  /// The files that were written, by kind.
  public var outputs: [String: String]
  /// A problem with the input that did not prevent its use.
  public var warning: String?
  /// False where a file that can mark its end does not; nil otherwise.
  public var endFlag: Bool?

  init(_ input: ClipInput, _ outputs: [String: String], _ facts: RecordingFacts) {
    (self.input, channel, self.outputs) = (input.path, input.channel, outputs)
    warning = Recording.remark(facts.warning, isSilent: facts.isSilent)
    endFlag = facts.hasEndFlag ? nil : false
  }

  enum CodingKeys: String, CodingKey {
    case input, channel, outputs, warning
    case endFlag = "end_flag"
  }
}
