extension OutputKind {
  /// The classes of windows as a selection table for Raven: `clip.selections.txt`.
  public static let selections = OutputKind(
    "selections", suffix: { _ in ".selections.txt" },
    ofWindows: { _, path in
      WindowedText(path) { timeline, report in
        timeline.ravenSelections(
          upTo: Double(report.sampleRate) / 2, channel: report.channel ?? 1)
      }
    })
}
