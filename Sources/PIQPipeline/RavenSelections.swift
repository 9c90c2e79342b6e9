import Foundation
import PIQAudio

extension ClipReport {
  /// The regions that carried classes, those of one class that touch as one, and each other window that
  /// was classified with all its frequencies: what is selected in Raven, by its start.
  ///
  /// - Parameter top: the highest frequency, in hertz.
  package func selections(upTo top: Double) -> [ExplainedRegion] {
    let regions = windows?.compactMap(\.region) ?? [region].compactMap(\.self)
    let gap = stft.map { Double($0.hopLength) / Double($0.sampleRate) } ?? 0
    let whole = Window(
      start: 0, end: duration, label: label.isEmpty ? nil : label, index: index,
      probability: probability, explained: true, region: region)
    let others = (windows ?? [whole]).compactMap { window -> ExplainedRegion? in
      guard window.region == nil, let label = window.label, let probability = window.probability
      else { return nil }
      return ExplainedRegion(
        Region(start: window.start, end: window.end, low: 0, high: top), label: label,
        index: window.index ?? -1, probability: probability)
    }
    return ExplainedRegion.byStart(
      ExplainedRegion.joined(regions, gap: gap).map { $0.limited(to: top) } + others)
  }

  /// The selections as a table of Raven.
  ///
  /// - Parameter top: the highest frequency, in hertz.
  package func ravenSelections(upTo top: Double) -> String {
    let columns = [
      "Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)",
      "High Freq (Hz)", "Begin File", "Class", "Probability",
    ]
    let rows = selections(upTo: top).enumerated().map { number, row in
      ["\(number + 1)", "Spectrogram 1", "\(channel ?? 1)"] + row.texts
        + [Folder.name(of: input), row.label, String(format: "%.4f", row.probability)]
    }
    return ([columns] + rows).map { $0.map(Timeline.field).joined(separator: "\t") + "\n" }
      .joined()
  }
}

extension ExplainedRegion {
  /// Start and end to the microsecond, low and high to a tenth of a hertz.
  package var texts: [String] {
    [start, end].map { String(format: "%.6f", $0) }
      + [low, high].map { String(format: "%.1f", $0) }
  }
}
