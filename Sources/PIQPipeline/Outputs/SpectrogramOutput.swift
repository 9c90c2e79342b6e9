import PIQAudio
import PIQPlotting

extension OutputKind {
  /// Input, mask and interpretation as a picture: `clip.interpretation.png`. For a recording in
  /// windows, an overview and a page per hour.
  public static let spectrogram = OutputKind(
    "spectrogram", suffix: { _ in ".interpretation.png" },
    ofClip: { clip, path in
      try InterpretationFigure(
        input: clip.analysis.logPower, mask: clip.interpretation.mask,
        interpretation: clip.interpretation.magnitude, sampleRate: clip.stft.sampleRate,
        hopLength: clip.stft.hopLength, nFFT: clip.stft.nFFT, label: clip.report.label,
        probability: clip.report.probability, known: clip.report.known, source: clip.source
      ).write(toPNG: path)
      return nil
    },
    ofWindows: { recording, path in WindowedFigures(recording, path) })
}

extension InterpretedClip {
  /// The clip's name, that it is silent, and the method where it is not the model's own.
  fileprivate var source: String {
    let method = report.method ?? .interpreter
    let parts = [
      name, Silence.holds(of: analysis.clip.samples) ? "silent" : nil,
      method == .interpreter ? nil : method.rawValue,
    ]
    return parts.compactMap(\.self).joined(separator: ", ")
  }
}

private final class WindowedFigures: WindowedOutput {
  private var figures: RecordingFigures

  init(_ recording: WindowedRecording, _ path: String) {
    figures = RecordingFigures(path: path, name: recording.name, recording.stft)
  }

  func add(_ window: ExplainedWindow) throws {
    guard let piece = window.piece else { return }
    try figures.add(piece, span: window.entry.span, isLast: window.window.isLast, window.timeline)
  }

  func finish(_ timeline: Timeline, _ report: inout ClipReport) throws {
    try figures.finish(timeline, length: timeline.entries.last?.samples.upperBound ?? 0)
    report.outputs.merge(figures.pages) { first, _ in first }
  }
}
