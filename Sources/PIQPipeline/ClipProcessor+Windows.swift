import Foundation
import PIQ
import PIQAudioIO
import PIQClassifiers
import PIQExplanations
import PIQKernels
import PIQModels
import PIQPlatform
import PIQPlotting
import PIQSpectral

/// Recordings that are taken through the model in windows.
extension ClipProcessor {
  /// What is kept of a window until those before it are written.
  private struct Heard: Sendable {
    var entry: Timeline.Entry
    var probabilities: [Float]?
    var piece: OverviewPiece?
    var seconds: [String: Double]
  }

  /// Interprets a recording window by window and writes the outputs of its job.
  ///
  /// - Throws: as `interpret(_:)`.
  func interpretWindows(
    _ job: ClipJob, _ reader: SoundFileReader, head: [Float]
  ) throws -> TimedReport {
    let (configuration, windowing) = (model.configuration, settings.windowing)
    let rate = configuration.stft.sampleRate
    let windows = SlidingWindows(
      length: max(1, Int((windowing.length * Double(rate)).rounded())),
      overlap: Int((windowing.overlap * Double(rate)).rounded(.down)))
    try Failure.naming(job.input.path) { try model.interpreter.checkLength(windows.length) }
    let source = RecordingSource(
      reader, head: head, resampler(from: reader.sampleRate, to: rate), rate: rate)
    try job.makeFolders()
    var clock = StageClock()
    var timeline = Timeline(labels: configuration.labels, sampleRate: rate)
    var figures = job.output(.spectrogram).map { path in
      RecordingFigures(
        path: path, name: job.input.name, sampleRate: rate,
        hopLength: configuration.stft.hopLength, nFFT: configuration.stft.nFFT)
    }
    var sums = [Double](repeating: 0, count: configuration.labels.count)
    var heard = 0
    let total = reader.declaredFrames.map { Double($0) / Double(reader.sampleRate) }
    let drawsFigures = figures != nil
    var warnings: [String] = []
    var length = 0
    // RF64 where the sound may exceed what WAV holds; a header may not say how long it is.
    let bytes = total.map { $0 * Double(rate * settings.soundFormat.encoding.bits / 8) }
    try writeSounds(job, growsToRF64: bytes ?? .infinity > Self.mostOfWAV) { sounds in
      try WindowPass(windows, jobs: Threads.current).run {
        try clock.measure("decode") { try source.next(naming: job.input.path) }
      } explain: { [self] window in
        try Failure.naming(job.input.path) { try hear(window, windows, drawsFigures: drawsFigures) }
      } write: { [self] window, sound, result in
        clock.add(result.seconds)
        length = window.end
        try clock.measure("write") {
          try sounds.audio?.write(sound)
          if let residual = sounds.residual {
            let input = window.samples[(window.coreStart - window.start)...]
            try residual.write(zip(input, sound).map { $0 - $1 })
          }
          timeline.append(result.entry)
          if let piece = result.piece {
            try figures?.add(piece, span: result.entry.span, isLast: window.isLast, timeline)
          }
        }
        if let probabilities = result.probabilities {
          heard += 1
          for (i, probability) in probabilities.enumerated() { sums[i] += Double(probability) }
        }
        settings.observe(
          .progress(
            input: job.input.path, done: Double(window.end) / Double(rate), total: total))
      }
    } finish: { sound, path in
      if sound.clippedSamples > 0 {
        warnings.append("\(sound.clippedSamples) samples of \(path) were cut to full scale")
      }
      if sound.isRF64 {
        settings.observe(.becameRF64(path: path))
      }
    }
    var report = report(
      job.input, reader, windows, timeline, means: sums.map { Float($0 / Double(max(1, heard))) },
      isSilent: heard == 0)
    for warning in warnings { report.warn(warning) }
    report.outputs = job.outputs
    try clock.measure("write") {
      try figures?.finish(timeline, length: length)
      report.outputs.merge(figures?.pages ?? [:]) { first, _ in first }
      for (kind, text) in [
        (OutputKind.timeline, timeline.csv), (.labels, timeline.audacityLabels),
        (.selections, timeline.ravenSelections),
      ] {
        if let path = job.output(kind) { try AtomicFile.write(text.utf8, to: path) }
      }
      if let path = job.output(.json) {
        try AtomicFile.write(Array((try JSON.indented(report) + "\n").utf8), to: path)
      }
    }
    return TimedReport(report: report, seconds: clock.withTotal)
  }

  /// Classifies a window, and explains it where the settings say so.
  private func hear(
    _ window: SampleWindow, _ windows: SlidingWindows, drawsFigures: Bool
  ) throws -> (sound: [Float], output: Heard) {
    var clock = StageClock()
    let stft = model.configuration.stft
    let span = windows.span(of: window)
    func heard(
      _ classification: Classification?, _ piece: OverviewPiece?, isExplained: Bool
    ) -> Heard {
      Heard(
        entry: Timeline.Entry(
          samples: window.start..<window.end, span: span,
          index: classification?.index,
          probability: classification.map { $0.probabilities[$0.index] } ?? 0,
          isExplained: isExplained),
        probabilities: classification?.probabilities, piece: piece,
        seconds: clock.seconds)
    }
    let silence = [Float](repeating: 0, count: window.samples.count)
    let bytes = model.interpreter.memoryNeeded(window.samples.count)
    budget.take(bytes)
    defer { budget.release(bytes) }
    if settings.windowing.isSilent(window.samples) {
      guard drawsFigures else { return (silence, heard(nil, nil, isExplained: false)) }
      let logPower = try model.interpreter.logPower(of: window.samples)
      let piece = OverviewPiece(
        logPower: logPower, mask: nil,
        level: model.configuration.normalize.level(of: window.samples), start: window.start,
        hopLength: stft.hopLength, span: span)
      return (silence, heard(nil, piece, isExplained: false))
    }
    let analysis = try clock.measure("classify") {
      try model.interpreter.analyze(window.samples)
    }
    let classification = analysis.classification
    let isExplained = settings.windowing.explains(
      classification.index, classification.probabilities[classification.index])
    let interpretation =
      isExplained
      ? try clock.measure("interpret") {
        try model.interpreter.interpret(analysis, as: settings.label, tail: .keep)
      } : nil
    let piece =
      drawsFigures
      ? clock.measure("draw") {
        OverviewPiece(
          logPower: analysis.logPower, mask: interpretation?.mask, level: analysis.clip.level,
          start: window.start, hopLength: stft.hopLength, span: span)
      } : nil
    return (
      interpretation?.audio ?? silence, heard(classification, piece, isExplained: isExplained)
    )
  }

  /// Bytes of sound that fit in a WAV file for sure.
  private static let mostOfWAV = 4e9

  private struct Sounds {
    var audio: SoundFileWriter?
    var residual: SoundFileWriter?
  }

  /// Has `body` write the sounds of a job, which appear when all of it is done.
  ///
  /// - Parameter finish: called with each sound once it is whole.
  private func writeSounds(
    _ job: ClipJob, growsToRF64: Bool, _ body: (Sounds) throws -> Void,
    finish: (SoundFileWriter, String) -> Void
  ) throws {
    func write(_ kind: OutputKind, _ body: (SoundFileWriter?) throws -> Void) throws {
      guard let path = job.output(kind) else { return try body(nil) }
      var finished: SoundFileWriter?
      try SoundFileWriter.write(
        to: path, sampleRate: model.configuration.stft.sampleRate, as: settings.soundFormat,
        growsToRF64: growsToRF64
      ) { writer in
        finished = writer
        try body(writer)
      }
      if let finished { finish(finished, path) }
    }
    try write(.audio) { audio in
      try write(.residual) { residual in try body(Sounds(audio: audio, residual: residual)) }
    }
  }

  private func report(
    _ input: ClipInput, _ reader: SoundFileReader, _ windows: SlidingWindows, _ timeline: Timeline,
    means: [Float], isSilent: Bool
  ) -> ClipReport {
    let labels = model.configuration.labels
    let rate = Double(model.configuration.stft.sampleRate)
    let ranking =
      isSilent ? [] : means.indices.sorted { (means[$0], $1) > (means[$1], $0) }
    let index = isSilent ? nil : settings.label ?? ranking.first
    var report = ClipReport(
      input: input.path, label: index.map { labels[$0] } ?? "", index: index ?? -1,
      probability: index.map { means[$0] } ?? 0,
      top: ranking.prefix(settings.top).map { .init(label: labels[$0], probability: means[$0]) },
      model: .init(name: model.configuration.name, sha256: model.sha256),
      sampleRate: reader.sampleRate, channels: reader.channels,
      duration: Double(reader.framesRead) / Double(reader.sampleRate), outputs: [:],
      warning: reader.warning)
    report.window = Double(windows.length) / rate
    report.overlap = Double(windows.overlap) / rate
    report.windows = timeline.entries.map { entry in
      .init(
        start: Double(entry.samples.lowerBound) / rate,
        end: Double(entry.samples.upperBound) / rate,
        label: entry.index.map { labels[$0] },
        probability: entry.index.map { _ in entry.probability }, explained: entry.isExplained)
    }
    if isSilent, let minLevel = settings.windowing.minLevel {
      report.warn("no window reaches \(minLevel) dBFS, so that nothing was classified")
    }
    return report
  }
}
