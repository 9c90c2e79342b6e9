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

  /// An empty timeline of a recording at `sampleRate` hertz.
  ///
  /// - Parameter labels: the names of the classes.
  public init(labels: [String], sampleRate: Int) {
    self.labels = labels
    self.sampleRate = sampleRate
  }

  /// Adds the window that follows.
  public mutating func append(_ entry: Entry) { entries.append(entry) }

  /// The name of an entry's class; empty for one that was skipped.
  public func label(of entry: Entry) -> String { entry.classIndex.map { labels[$0] } ?? "" }

  /// A CSV table: start, end, label, probability. A skipped window has no label and no probability.
  package var csv: String {
    text(header: "start,end,label,probability") { entry, _ in
      let fields = [time(entry.samples.lowerBound), time(entry.samples.upperBound)]
      guard let index = entry.classIndex else { return CSV.row(fields + ["", ""]) }
      return CSV.row(fields + [labels[index], "\(entry.probability)"])
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

  /// A selection table of Raven: a row for each window that was not skipped.
  ///
  /// - Parameters:
  ///   - highest: the highest frequency that the recording has, in hertz.
  ///   - channel: the recording's channel, from 1.
  package func ravenSelections(upTo highest: Double, channel: Int = 1) -> String {
    let header = [
      "Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)",
      "High Freq (Hz)", "Class", "Probability",
    ]
    let top = String(format: "%.1f", min(highest, Double(sampleRate) / 2))
    return text(header: header.joined(separator: "\t")) { entry, row in
      guard let index = entry.classIndex else { return nil }
      return [
        "\(row)", "Spectrogram 1", "\(channel)", time(entry.samples.lowerBound),
        time(entry.samples.upperBound), "0.0", top, Self.field(labels[index]),
        String(format: "%.4f", entry.probability),
      ].joined(separator: "\t")
    }
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
