import PIQAudio
import PIQDatasets

/// Whether masks find events whose place is known.
extension Evaluator {
  typealias Progress = (_ finished: Int, _ total: Int, _ next: String) -> Void

  /// Measures masks on events that are placed in backgrounds, or whose times are known.
  ///
  /// - Parameter labels: the class of each clip.
  /// - Throws: as `evaluate`.
  func localise(
    _ localisation: LocalisationSettings, _ data: Dataset, _ labels: [Int],
    by explainer: any Explainer, _ progress: Progress
  ) throws -> LocalisationSummary {
    let measurements: [LocalisationMeasurement?] =
      switch localisation {
      case .placements(let events, let backgrounds, let count):
        try place(
          try Placement.all(
            count, labels: labels, events: indices(events, data, labels),
            backgrounds: indices(backgrounds, data, labels), seed: settings.explainer.seed),
          data, labels, by: explainer, progress)
      case .times(let times): try find(times, data, by: explainer, progress)
      }
    let summary = LocalisationSummary(measurements, seed: settings.explainer.seed)
    guard summary.count > 0 else {
      throw Failure(
        .dataSetMalformed, path: data.path,
        problem: "has no event that is shorter than its clip and lies in it",
        remedy: "give the seconds of events from the beginning of their clips")
    }
    return summary
  }

  /// Checks that the data have what is to be measured.
  ///
  /// - Throws: `Failure`.
  func check(
    _ localisation: LocalisationSettings, _ data: Dataset, _ labels: [Int]
  ) throws(Failure) {
    guard case .placements(let events, let backgrounds, _) = localisation else { return }
    _ = try indices(events, data, labels)
    let places = try indices(backgrounds, data, labels)
    guard !places.isEmpty else {
      throw Failure(
        .dataSetMalformed, path: data.path,
        problem: "has no clips of other classes that events could be placed in",
        remedy: "leave a class for backgrounds")
    }
  }

  /// The indices of classes that the data have.
  private func indices(
    _ classes: [String], _ data: Dataset, _ labels: [Int]
  ) throws(Failure) -> Set<Int> {
    var found: Set<Int> = []
    for name in classes {
      guard let index = interpreter.labels.firstIndex(of: name), labels.contains(index) else {
        throw Failure(
          .unknownClass, path: data.path, problem: "has no clip of \(name.debugDescription)",
          remedy: "name classes of the data")
      }
      found.insert(index)
    }
    return found
  }

  private func place(
    _ placements: [Placement], _ data: Dataset, _ labels: [Int], by explainer: any Explainer,
    _ progress: Progress
  ) throws -> [LocalisationMeasurement?] {
    let rate = interpreter.frontEnd.stft.configuration.sampleRate
    return try placements.enumerated().map { number, placement in
      let clip = data.clips[placement.event]
      progress(number, placements.count, clip.path)
      let mixture = placement.mixture(
        event: try load(clip).samples,
        background: try load(data.clips[placement.background]).samples, sampleRate: rate)
      return try Failure.naming(clip.path) {
        try measure(
          mixture.samples, events: [mixture.event], of: placement.event,
          as: labels[placement.event], number: number, by: explainer)
      }
    }
  }

  private func find(
    _ times: EventTimes, _ data: Dataset, by explainer: any Explainer, _ progress: Progress
  ) throws -> [LocalisationMeasurement?] {
    let rate = Double(interpreter.frontEnd.stft.configuration.sampleRate)
    return try times.events.enumerated().map { number, events in
      let clip = data.clips[events.clip]
      progress(number, times.events.count, clip.path)
      guard let index = interpreter.labels.firstIndex(of: events.category) else {
        throw Failure(
          .unknownClass, path: clip.path,
          problem: "has an event of the class \(events.category.debugDescription), which the model "
            + "does not know",
          remedy: "leave the event out")
      }
      let samples = try load(clip).samples
      let places = events.seconds.map { seconds -> Range<Int> in
        func place(_ second: Double) -> Int { Int(min(second * rate, Double(samples.count))) }
        return place(seconds.lowerBound)..<place(seconds.upperBound)
      }
      return try Failure.naming(clip.path) {
        try measure(
          samples, events: places, of: events.clip, as: index, number: number, by: explainer)
      }
    }
  }

  /// Measures the mask of a sound with events at some places.
  ///
  /// - Returns: nil where all frames are of one kind.
  private func measure(
    _ samples: [Float], events: [Range<Int>], of clip: Int, as classIndex: Int, number: Int,
    by explainer: any Explainer
  ) throws -> LocalisationMeasurement? {
    let analysis = try interpreter.analyze(samples)
    let mask = try explainer.explain(
      analysis, as: classIndex, tail: interpreter.tail(of: analysis), number: number
    ).mask
    let stft = interpreter.frontEnd.stft.configuration
    let rows = mask.shape[0]
    var isEvent = [Bool](repeating: false, count: rows)
    for event in events {
      let first = (event.lowerBound + stft.hopLength - 1) / stft.hopLength
      let last = event.isEmpty ? first : event.upperBound / stft.hopLength + 1
      for frame in min(first, rows)..<max(min(first, rows), min(last, rows)) {
        isEvent[frame] = true
      }
    }
    let shuffled = shuffled(mask, clip: number, variant: 15)
    let own = Localisation.frameMeans(mask)
    let power = analysis.clip.spectrogram.magnitude().rows(0..<rows)
    let energy = Localisation.frameMeans(
      Tensor(shape: power.shape, power.elements.map { $0 * $0 }))
    guard let area = Statistics.areaUnderROC(own, isPositive: isEvent),
      let shuffledArea = Statistics.areaUnderROC(
        Localisation.frameMeans(shuffled), isPositive: isEvent),
      let energyArea = Statistics.areaUnderROC(energy, isPositive: isEvent)
    else { return nil }
    func points(_ values: [Double]) -> Bool { values.indexOfMaximum.map { isEvent[$0] } ?? false }
    func overlap(_ mask: Tensor) -> Double {
      Region.frames(of: mask, in: analysis.logPower).map {
        Localisation.overlap($0, isEvent: isEvent)
      } ?? 0
    }
    return LocalisationMeasurement(
      clip: clip, mask: area, shuffled: shuffledArea, energy: energyArea, maskPoints: points(own),
      energyPoints: points(energy), region: overlap(mask), shuffledRegion: overlap(shuffled))
  }
}
