import PIQAudio

extension OutputKind {
  /// The results in JSON: `clip.interpretation.json`.
  public static let json = OutputKind(
    "json", suffix: { _ in ".interpretation.json" },
    ofClip: { clip, path in
      try clip.report.write(to: path)
      return nil
    },
    ofWindows: { _, path in WindowedText(path) { _, report in try report.text } })
}

extension ClipReport {
  fileprivate var text: String { get throws { try JSON.indented(self) + "\n" } }

  fileprivate func write(to path: String) throws { try AtomicFile.write(text.utf8, to: path) }
}

/// A text that is written at the end of the recording.
final class WindowedText: WindowedOutput {
  private let path: String
  private let text: (Timeline, ClipReport) throws -> String

  init(_ path: String, _ text: @escaping (Timeline, ClipReport) throws -> String) {
    self.path = path
    self.text = text
  }

  func finish(_ timeline: Timeline, _ report: inout ClipReport) throws {
    try AtomicFile.write(text(timeline, report).pathBytes, to: path)
  }
}
