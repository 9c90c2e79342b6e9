import Foundation
import PIQAudio
import PIQPlotting

/// The pictures of a long recording: one of the whole, and one of each hour if it has more than
/// one. They appear when all are complete.
struct RecordingFigures {
  /// Seconds that a page shows.
  private static let pageSeconds = 3600

  private let path: String
  private let name: String
  private let stft: STFTConfiguration
  private let showsExplanation: Bool
  private var whole: OverviewPool
  private var page: OverviewPool
  /// The pages that were drawn, by their kinds in a report.
  private(set) var pages: [String: String] = [:]
  /// The files kept until the end of the recording, which may fail until then.
  private var files: [GrowingFile] = []
  private var pageCount = 0

  /// - Parameters:
  ///   - path: of the overview; pages have a number before its extension.
  ///   - name: the recording's name.
  ///   - showsExplanation: whether they show mask and classes, too.
  init(path: String, name: String, _ stft: STFTConfiguration, showsExplanation: Bool = true) {
    self.path = path
    self.name = name
    self.stft = stft
    self.showsExplanation = showsExplanation
    whole = OverviewPool(origin: 0, hopLength: stft.hopLength)
    page = whole
  }

  private var pageLength: Int { Self.pageSeconds * stft.sampleRate }

  /// Adds `span` of the recording, and draws a page when an hour is complete.
  ///
  /// - Parameters:
  ///   - isLast: whether the recording ends with it.
  ///   - timeline: up to the same window.
  mutating func add(
    _ piece: OverviewPiece, span: Range<Int>, isLast: Bool, _ timeline: Timeline
  ) throws {
    whole.add(piece, in: span)
    while true {
      let range = pageCount * pageLength..<(pageCount + 1) * pageLength
      page.add(piece, in: range)
      guard span.upperBound > range.upperBound || (span.upperBound == range.upperBound && !isLast)
      else { break }
      try drawPage(timeline)
      if span.upperBound == range.upperBound { break }
    }
  }

  /// Draws the overview, and the last page where there are others, and puts all pictures in place.
  ///
  /// - Parameter length: of the recording, in samples.
  mutating func finish(_ timeline: Timeline, length: Int) throws {
    if pageCount > 0, length > pageCount * pageLength { try drawPage(timeline) }
    let seconds = max(Double(length) / Double(stft.sampleRate), 1e-3)
    let overview = figure(
      whole, 0...seconds, timeline, source: clockText(0) + " to " + clockText(seconds))
    try draw(overview, path)
    for file in files { try file.putInPlace() }
    files = []
  }

  private mutating func drawPage(_ timeline: Timeline) throws {
    let start = Double(pageCount * Self.pageSeconds)
    let range = start...start + Double(Self.pageSeconds)
    pageCount += 1
    let number = String(format: "%03d", pageCount)
    let path = String(path.dropLast(".png".count)) + "-\(number).png"
    let hours = clockText(range.lowerBound) + " to " + clockText(range.upperBound)
    try draw(figure(page, range, timeline, source: "page \(pageCount), \(hours)"), path)
    pages["\(OutputKind.spectrogram.name)-\(number)"] = path
    page = OverviewPool(origin: pageCount * pageLength, hopLength: stft.hopLength)
  }

  private mutating func draw(_ figure: OverviewFigure, _ path: String) throws {
    let file = try GrowingFile(path: path)
    try figure.appendPNG(to: file)
    // A recording may have more hours than a process may have files open.
    try file.end()
    files.append(file)
  }

  private func figure(
    _ pool: OverviewPool, _ range: ClosedRange<Double>, _ timeline: Timeline, source: String
  ) -> OverviewFigure {
    let rate = Double(stft.sampleRate)
    let intervals = timeline.entries.compactMap { entry -> OverviewFigure.Interval? in
      guard entry.classIndex != nil else { return nil }
      let seconds = Double(entry.span.lowerBound) / rate..<Double(entry.span.upperBound) / rate
      guard seconds.overlaps(range) else { return nil }
      return (seconds, timeline.label(of: entry), entry.probability)
    }
    let boxes = timeline.regions.map { region -> OverviewFigure.Box in
      (region.start..<max(region.start, region.end), region.low..<max(region.low, region.high))
    }
    return OverviewFigure(
      pool, range: range, intervals: intervals, boxes: boxes, sampleRate: stft.sampleRate,
      bins: stft.bins,
      nFFT: stft.nFFT, title: name, source: source, showsExplanation: showsExplanation)
  }
}
