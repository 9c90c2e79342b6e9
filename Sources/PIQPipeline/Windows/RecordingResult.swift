package import PIQAudio
import PIQPlotting

/// A recording in windows, as known when its outputs begin.
package struct WindowedRecording {
  /// The recording's name in pictures.
  var name: String
  /// Its length in seconds by its header; nil where unknown.
  var duration: Double?
  /// The names of the classes.
  var labels: [String]
  var stft: STFTConfiguration
  var soundFormat: SoundFileFormat
  /// When it began; nil where its recorder does not say.
  var start: RecordingStart?
  var observe: @Sendable (RecordingEvent) -> Void
  /// Whether its windows are explained.
  var isExplained = false
  /// Whether the model says how likely it is that sounds are of any class.
  var showsKnown = false

  /// A recording of these properties.
  package init(
    name: String, duration: Double?, labels: [String], stft: STFTConfiguration,
    soundFormat: SoundFileFormat = .standard, start: RecordingStart? = nil,
    observe: @escaping @Sendable (RecordingEvent) -> Void = { _ in }
  ) {
    self.name = name
    self.duration = duration
    self.labels = labels
    self.stft = stft
    self.soundFormat = soundFormat
    self.start = start
    self.observe = observe
  }
}

/// The model's result for a window.
package struct ClassifiedWindow: Sendable {
  /// The window in the timeline.
  package var entry: Timeline.Entry
  /// The probability of each class; nil for a window that was skipped as silent.
  package var probabilities: [Float]?
  /// Whether it stands in the timeline.
  var isListed = true
  /// The probabilities with their ranking, for a recording that is not divided.
  var means: ClassMeans?
  /// Its part of the pictures; nil where none are drawn.
  var piece: OverviewPiece?
  /// Seconds by stage.
  var seconds: [String: Double] = [:]

  /// A window without pictures.
  package init(entry: Timeline.Entry, probabilities: [Float]?) {
    self.entry = entry
    self.probabilities = probabilities
  }

  /// A window that covers `samples`, and `span` of the timeline.
  ///
  /// - Parameter classification: nil for a window that was skipped as silent.
  init(
    _ samples: Range<Int>, span: Range<Int>, _ classification: Classification?,
    isExplained: Bool = false
  ) {
    self.init(
      entry: Timeline.Entry(
        samples: samples, span: span, classIndex: classification?.classIndex,
        probability: classification.map { $0.probabilities[$0.classIndex] } ?? 0,
        isExplained: isExplained),
      probabilities: classification?.probabilities)
    entry.known = classification?.known
  }
}

/// A window whose sound is complete.
struct ExplainedWindow {
  let window: SampleWindow
  /// The samples of the interpretation from the window's `coreStart` on that are complete with it.
  let sound: [Float]
  let entry: Timeline.Entry
  let piece: OverviewPiece?
  /// All windows up to this one.
  let timeline: Timeline
}

/// Collects the results of a recording's windows, and writes its outputs as they arrive.
package struct RecordingResult {
  private let outputs: [any WindowedOutput]
  private let paths: [String: String]
  private(set) package var timeline: Timeline
  private var sums: [Double]
  private var knownSum = 0.0
  private let showsKnown: Bool
  private var count = 0
  /// How many of them hold nothing that was recorded.
  private var silentCount = 0

  /// Begins the outputs of a recording.
  ///
  /// - Parameter outputs: their paths by the names of their kinds; those that do not apply to
  ///   windows are ignored.
  /// - Throws: `Failure` or `SoundFileError` where one cannot be written.
  package init(_ recording: WindowedRecording, outputs paths: [String: String]) throws {
    self.outputs = try OutputKind.inWritingOrder.compactMap { kind in
      guard let path = paths[kind.name] else { return nil }
      return try kind.ofWindows?(recording, path)
    }
    self.paths = paths
    showsKnown = recording.showsKnown
    timeline = Timeline(
      labels: recording.labels, sampleRate: recording.stft.sampleRate,
      hopLength: recording.stft.hopLength, showsRegions: recording.isExplained,
      showsKnown: recording.showsKnown)
    sums = Array(repeating: 0, count: recording.labels.count)
  }

  /// The mean probability of each class over the windows that are not silent; nil where all are.
  package var means: [Float]? {
    count > 0 ? sums.map { Float($0 / Double(count)) } : nil
  }

  /// The mean of `known` over them; nil where the model does not say.
  var known: Float? { showsKnown && count > 0 ? Float(knownSum / Double(count)) : nil }

  /// Adds a recording as its only window.
  mutating func add(_ classified: ClassifiedWindow, of samples: [Float]) throws {
    try add(
      classified,
      SampleWindow(index: 0, samples: samples, start: 0, coreStart: 0, isLast: true), sound: [])
  }

  /// Adds the next window.
  ///
  /// - Parameter sound: the samples from the window's `coreStart` on that are complete with it.
  package mutating func add(
    _ classified: ClassifiedWindow, _ window: SampleWindow, sound: [Float]
  ) throws {
    if classified.isListed { timeline.append(classified.entry) }
    let explained = ExplainedWindow(
      window: window, sound: sound, entry: classified.entry, piece: classified.piece,
      timeline: timeline)
    for output in outputs { try output.add(explained) }
    guard let probabilities = classified.probabilities else { return }
    count += 1
    if classified.entry.isSilent { silentCount += 1 }
    knownSum += Double(classified.entry.known ?? 0)
    for (i, probability) in probabilities.enumerated() { sums[i] += Double(probability) }
  }

  /// Warns of windows whose class says nothing.
  func warnOfSilence(in report: inout ClipReport) {
    guard silentCount > 0 else { return }
    let isOne = silentCount == 1
    report.warn(
      "\(silentCount) of \(count) windows \(isOne ? "is" : "are") silent: "
        + (isOne ? "its class says nothing" : "their classes say nothing"))
  }

  /// Puts the outputs in place; they complete the report.
  package mutating func finish(_ report: inout ClipReport) throws {
    report.outputs = paths
    for output in outputs { try output.finish(timeline, &report) }
  }
}
