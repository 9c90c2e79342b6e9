extension OutputKind {
  /// The classes of a recording's windows as a table: `clip.timeline.csv`.
  public static let timeline = OutputKind(
    "timeline", suffix: { _ in ".timeline.csv" },
    ofWindows: { _, path in WindowedText(path) { timeline, _ in timeline.csv } })
}
