import PIQAudio

extension OutputKind {
  /// The regions and the classes of windows as a selection table for Raven: `clip.selections.txt`.
  public static let selections = OutputKind(
    "selections", suffix: { _ in ".selections.txt" },
    ofWindows: { recording, path in
      let highest = Double(recording.stft.sampleRate) / 2
      return WindowedText(path) { _, report in
        report.ravenSelections(upTo: min(highest, Double(report.sampleRate) / 2))
      }
    })
}
