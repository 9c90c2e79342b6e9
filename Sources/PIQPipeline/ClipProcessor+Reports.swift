import PIQAudio

/// The facts about a recording that a report states.
struct RecordingFacts {
  let sampleRate: Int
  let channels: Int
  /// In seconds.
  let duration: Double
  let warning: String?
  /// Whether the file marks its end, or need not.
  let hasEndFlag: Bool
  /// Whether nothing was recorded.
  let isSilent: Bool

  init(_ recording: Recording) {
    (sampleRate, channels) = (recording.sampleRate, recording.channels)
    (duration, warning) = (recording.duration, recording.warning)
    (hasEndFlag, isSilent) = (recording.hasEndFlag, recording.isSilent)
  }

  /// The facts once all of it is read.
  init(_ reader: SoundFileReader) {
    (sampleRate, channels, warning) = (reader.sampleRate, reader.channels, reader.warning)
    duration = Double(reader.framesRead) / Double(reader.sampleRate)
    (hasEndFlag, isSilent) = (reader.hasEndFlag, reader.isSilent)
  }
}

/// The probability of each class of a recording: the mean over its windows.
struct ClassMeans {
  let probabilities: [Float]
  /// The classes from the likeliest to the least.
  let ranking: [Int]
  /// How likely it is that the recording is of any of them; nil where the model does not say.
  let known: Float?

  /// Those of a recording that is not divided.
  init(_ classification: Classification) {
    (probabilities, ranking) = (classification.probabilities, classification.ranking)
    known = classification.known
  }

  init(_ means: [Float], known: Float? = nil) {
    probabilities = means
    self.known = known
    ranking = means.indices.sorted { (means[$0], $1) > (means[$1], $0) }
  }

  /// The likeliest classes.
  func top(_ count: Int, of labels: [String]) -> [ClipReport.Candidate] {
    ranking.prefix(count).map { .init(label: labels[$0], probability: probabilities[$0]) }
  }
}

extension ClipProcessor {
  /// The report of a recording, without outputs.
  ///
  /// - Parameter means: nil where all of it is silent.
  func report(
    _ input: ClipInput, _ facts: RecordingFacts, _ start: RecordingStart?, _ means: ClassMeans?
  ) -> ClipReport {
    let (configuration, labels) = (model.configuration, model.configuration.labels)
    let index = means.map { settings.classIndex ?? $0.ranking[0] }
    var report = ClipReport(
      input: input.path, label: index.map { labels[$0] } ?? "", index: index ?? -1,
      probability: index.flatMap { means?.probabilities[$0] } ?? 0,
      top: means?.top(settings.top, of: labels) ?? [],
      model: .init(name: configuration.name, sha256: model.sha256), sampleRate: facts.sampleRate,
      channels: facts.channels, duration: facts.duration, outputs: [:], warning: facts.warning)
    report.channel = input.channel
    report.endFlag = facts.hasEndFlag ? nil : false
    report.time = start?.time(after: 0)
    report.probabilities = means?.probabilities
    report.known = means?.known
    if means != nil, facts.isSilent { report.warn("is silent: its class says nothing") }
    if means == nil, let minLevel = settings.windowing.minLevel {
      report.warn("no window reaches \(minLevel) dBFS, so that nothing was classified")
    }
    return report
  }

  /// Adds the windows of a recording to its report.
  ///
  /// - Parameters:
  ///   - length: of a window, in seconds.
  ///   - overlap: what it shares with the next, in seconds.
  func describe(
    _ timeline: Timeline, _ start: RecordingStart?, length: Double, overlap: Double,
    in report: inout ClipReport
  ) {
    report.window = length
    report.overlap = overlap
    report.windows = timeline.entries.map { reportedWindow($0, start) }
  }

  /// A window in a report.
  func reportedWindow(_ entry: Timeline.Entry, _ start: RecordingStart?) -> ClipReport.Window {
    let rate = Double(model.configuration.stft.sampleRate)
    let seconds = Double(entry.samples.lowerBound) / rate
    return .init(
      start: seconds, end: Double(entry.samples.upperBound) / rate,
      time: start?.time(after: seconds),
      label: entry.classIndex.map { model.configuration.labels[$0] },
      index: entry.classIndex, probability: entry.classIndex.map { _ in entry.probability },
      known: entry.known,
      explained: entry.isExplained, isSilent: entry.isSilent, region: entry.region)
  }

  /// What carried the class that an interpretation explains.
  ///
  /// - Parameter start: of the sound that was analysed, in seconds of the recording.
  func region(
    of interpretation: Interpretation, _ analysis: Analysis, from start: Double
  ) -> ExplainedRegion? {
    let (stft, index) = (model.configuration.stft, interpretation.classIndex)
    let duration = Double(interpretation.audio.count) / Double(stft.sampleRate)
    return Region(
      of: interpretation.mask, in: analysis.logPower, stft, duration: duration
    ).map {
      ExplainedRegion(
        $0.shifted(by: start), label: model.configuration.labels[index], index: index,
        probability: analysis.classification.probabilities[index])
    }
  }

  /// A recording whose outputs of windows begin.
  ///
  /// - Parameters:
  ///   - duration: in seconds; nil where unknown.
  ///   - isExplained: whether its windows are explained.
  func windowedRecording(
    _ input: ClipInput, duration: Double?, isExplained: Bool
  ) -> WindowedRecording {
    var recording = WindowedRecording(
      name: input.name, duration: duration, labels: model.configuration.labels,
      stft: model.configuration.stft, soundFormat: settings.soundFormat,
      start: RecordingStart(path: input.path), observe: observe)
    recording.isExplained = isExplained
    recording.showsKnown = model.configuration.known != nil
    return recording
  }
}
