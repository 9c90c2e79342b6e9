import PIQAudio

extension ClipProcessor {
  /// Classifies a clip; nothing is decoded by the interpreter or written.
  ///
  /// - Returns: the outcome, and the probability of each class.
  /// - Throws: as `interpret(_:)`.
  public func classify(
    _ input: ClipInput
  ) throws -> (outcome: ClipOutcome, probabilities: [Float]) {
    var clock = StageClock()
    let (recording, samples) = try load(input, &clock)
    let classification = try withMemory(for: samples.count) {
      try Failure.naming(input.path) {
        try clock.measure("classify") { try model.interpreter.analyze(samples) }
      }.classification
    }
    let report = report(input, recording, classification, index: classification.index)
    return (.done(report, seconds: clock.withTotal), classification.probabilities)
  }

  /// The report of a clip that is processed whole, without outputs.
  func report(
    _ input: ClipInput, _ recording: Recording, _ classification: Classification, index: Int
  ) -> ClipReport {
    let (configuration, labels) = (model.configuration, model.configuration.labels)
    var report = ClipReport(
      input: input.path, label: labels[index], index: index,
      probability: classification.probabilities[index],
      top: classification.ranking.prefix(settings.top).map {
        .init(label: labels[$0], probability: classification.probabilities[$0])
      },
      model: .init(name: configuration.name, sha256: model.sha256),
      sampleRate: recording.sampleRate, channels: recording.channels,
      duration: recording.duration, outputs: [:], warning: recording.warning)
    report.endFlag = recording.hasEndFlag ? nil : false
    return report
  }
}
