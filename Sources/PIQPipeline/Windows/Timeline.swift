import Foundation
import PIQAudio

/// The classification of each window of a recording, and its tables.
public struct Timeline: Sendable, Equatable {
  /// A window and its classification.
  public struct Entry: Sendable, Equatable {
    /// The window's first sample, and the place after its last.
    public let samples: Range<Int>
    /// Its part without overlap: up to the middle of its overlaps with its neighbours.
    public let span: Range<Int>
    /// The likeliest class; nil for a window that was skipped as silent.
    public let classIndex: Int?
    /// Its probability; 0 for a window that was skipped.
    public let probability: Float
    /// Whether an interpretation of it is in the sound.
    public let isExplained: Bool
    /// Whether nothing was recorded in it, so that its class says nothing.
    public var isSilent = false
    /// How likely it is that the window is of any class; nil where the model does not say.
    public var known: Float?
    /// What carried the class that was explained; nil where none was, or nothing did.
    public var region: ExplainedRegion?

    /// A window of `samples` that was classified as class `classIndex`.
    public init(
      samples: Range<Int>, span: Range<Int>, classIndex: Int?, probability: Float, isExplained: Bool
    ) {
      self.samples = samples
      self.span = span
      self.classIndex = classIndex
      self.probability = probability
      self.isExplained = isExplained
    }
  }

  /// A run of adjacent windows of one class, which ends where the next one begins.
  package struct Stretch: Equatable {
    package var samples: Range<Int>
    package let classIndex: Int
    /// The largest of the windows' probabilities.
    package var probability: Float
  }

  /// The windows in their order.
  public private(set) var entries: [Entry] = []

  private let labels: [String]
  private let sampleRate: Int
  private let hopLength: Int
  private let showsRegions: Bool
  private let showsKnown: Bool

  /// An empty timeline of a recording at `sampleRate` hertz.
  ///
  /// - Parameters:
  ///   - labels: the names of the classes.
  ///   - hopLength: between frames, in samples: the gap between regions that touch.
  ///   - showsRegions: whether its table has columns for what was explained.
  ///   - showsKnown: whether it has one for how likely it is that windows are of any class.
  public init(
    labels: [String], sampleRate: Int, hopLength: Int = 1, showsRegions: Bool = false,
    showsKnown: Bool = false
  ) {
    self.showsKnown = showsKnown
    self.labels = labels
    self.sampleRate = sampleRate
    self.hopLength = hopLength
    self.showsRegions = showsRegions
  }

  /// Adds the window that follows.
  public mutating func append(_ entry: Entry) { entries.append(entry) }

  /// The name of an entry's class; empty for one that was skipped.
  public func label(of entry: Entry) -> String { entry.classIndex.map { labels[$0] } ?? "" }

  /// A CSV table: start, end, label, probability, and what was explained. A skipped window has no label
  /// and no probability.
  package var csv: String {
    let columns = ["explained_label", "region_start", "region_end", "low_hz", "high_hz"]
    let header =
      ["start", "end", "label", "probability"] + (showsKnown ? ["known"] : [])
      + (showsRegions ? columns : [])
    return text(header: CSV.row(header)) { entry, _ in
      var fields = [time(entry.samples.lowerBound), time(entry.samples.upperBound)]
      fields += entry.classIndex.map { [labels[$0], "\(entry.probability)"] } ?? ["", ""]
      if showsKnown { fields.append(entry.known.map { "\($0)" } ?? "") }
      guard showsRegions else { return CSV.row(fields) }
      guard let region = entry.region else { return CSV.row(fields + columns.map { _ in "" }) }
      return CSV.row(fields + [region.label] + region.texts)
    }
  }

  /// A label track of Audacity: start, end, label, of each stretch of one class.
  package var audacityLabels: String {
    stretches.map { stretch in
      [
        time(stretch.samples.lowerBound), time(stretch.samples.upperBound),
        Self.field(labels[stretch.classIndex]),
      ].joined(separator: "\t") + "\n"
    }.joined()
  }

  /// The regions that carried classes; those of one class that overlap or touch are one.
  package var regions: [ExplainedRegion] {
    ExplainedRegion.joined(
      entries.compactMap(\.region), gap: Double(hopLength) / Double(sampleRate))
  }

  /// A label track of Audacity with the range of frequencies of each region.
  package var audacityRegions: String {
    regions.map { region in
      let fields = region.texts
      return [fields[0], fields[1], Self.field(region.label)].joined(separator: "\t")
        + "\n\\\t\(fields[2])\t\(fields[3])\n"
    }.joined()
  }

  /// Runs of adjacent windows of one class. Where two windows overlap, the boundary is in the
  /// middle of the overlap.
  package var stretches: [Stretch] {
    var stretches: [Stretch] = []
    for i in entries.indices {
      guard let index = entries[i].classIndex else { continue }
      let range = entries[i].span
      if let last = stretches.last, last.classIndex == index,
        last.samples.upperBound == range.lowerBound
      {
        stretches[stretches.count - 1].samples = last.samples.lowerBound..<range.upperBound
        stretches[stretches.count - 1].probability = max(last.probability, entries[i].probability)
      } else {
        stretches.append(
          Stretch(samples: range, classIndex: index, probability: entries[i].probability))
      }
    }
    return stretches
  }

  /// Lines below `header`; `line` is given the entry and the number of its line, from 1.
  private func text(header: String, _ line: (Entry, Int) -> String?) -> String {
    var (text, count) = (header + "\n", 0)
    for entry in entries {
      guard let line = line(entry, count + 1) else { continue }
      text += line + "\n"
      count += 1
    }
    return text
  }

  /// A place in seconds, to the microsecond.
  private func time(_ sample: Int) -> String {
    String(format: "%.6f", Double(sample) / Double(sampleRate))
  }

  /// A name as a field between tabs.
  package static func field(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 32 ? " " : $0 }))
  }
}
