extension OutputKind {
  /// The seconds and the band that carried each class, as a label track for Audacity with ranges of
  /// frequency: `clip.regions.txt`.
  public static let regions = OutputKind(
    "regions", suffix: { _ in ".regions.txt" }, needsExplanation: true,
    ofWindows: { _, path in WindowedText(path) { timeline, _ in timeline.audacityRegions } })
}
