import PIQAudio
import PIQPlotting

extension ClipProcessor {
  /// Draws the log-power spectrogram that the model's front end makes of a clip, to the path under
  /// `spectrogram` in the job's outputs.
  ///
  /// - Returns: a report, or nothing if the picture was there already and was left alone.
  /// - Throws: as `interpret(_:)`.
  public func drawSpectrogram(_ job: ClipJob) throws -> SpectrogramReport? {
    if try job.shouldSkip(settings.existing) { return nil }
    var clock = StageClock()
    let (recording, samples) = try load(job.input, &clock)
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
      return SpectrogramReport(
        input: job.input.path, outputs: job.outputs, warning: recording.warning)
    }
  }
}

/// What was drawn for a clip: its line of `spectrogram --json`.
public struct SpectrogramReport: Encodable, Sendable {
  public var input: String
  /// The files that were written, by kind.
  public var outputs: [String: String]
  /// What is amiss with the input though it could be used.
  public var warning: String?
}
