extension OutputKind {
  /// The classes of runs of windows as a label track for Audacity: `clip.labels.txt`.
  public static let labels = OutputKind(
    "labels", suffix: { _ in ".labels.txt" },
    ofWindows: { _, path in WindowedText(path) { timeline, _ in timeline.audacityLabels } })
}
