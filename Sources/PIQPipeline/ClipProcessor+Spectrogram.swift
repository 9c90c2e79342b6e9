import PIQAudio
import PIQPlotting

extension ClipProcessor {
  /// Draws the log-power spectrogram that the model's front end makes of a clip, to the path under
  /// `spectrogram` in the job's outputs.
  ///
  /// - Returns: a report, or nil if the picture existed already and was kept.
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
        input: job.input.path, outputs: job.outputs, warning: recording.warning,
        endFlag: recording.hasEndFlag ? nil : false)
    }
  }
}

/// The report of a drawn spectrogram: its line of `spectrogram --json`.
public struct SpectrogramReport: Encodable, Sendable {
  public var input: String
  /// The files that were written, by kind.
  public var outputs: [String: String]
  /// A problem with the input that did not prevent its use.
  public var warning: String?
  /// False where a file that can mark its end does not; nil otherwise.
  public var endFlag: Bool?

  enum CodingKeys: String, CodingKey {
    case input, outputs, warning
    case endFlag = "end_flag"
  }
}
