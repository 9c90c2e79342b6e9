public import PIQAudio
public import PIQDatasets

/// The results for a data set.
public struct Evaluation: Sendable {
  public let settings: EvaluationSettings
  public let modelName: String
  public let modelSHA256: String
  /// The factor of the cosines before softmax.
  public let logitScale: Double
  /// The model's classes.
  public let classes: [String]
  public let clips: [Dataset.Clip]
  /// What each clip was used for when the model was made; nil for one that it has not seen. Empty where
  /// the model does not know its clips.
  public let uses: [SeenClips.Use?]
  /// The indices of the clips that each clip was mixed with.
  public let contaminants: [[Int]]
  /// The probabilities of all classes, and the index of the right one, of each clip.
  let outcomes: [(probabilities: [Double], label: Int)]
  /// One for each clip of each set, in the order of the clips.
  public let measurements: [Measurement]
  /// The classification of all clips as they are.
  public let classification: ClassificationSummary
  /// The metrics of each set.
  public let sets: [(set: EvaluationSet, summary: MetricSummary)]
  /// The deletion and insertion curves of each set; empty where they were not measured.
  public let curves: [EvaluationSet: CurveSummary]
  /// Whether masks find events; nil where that was not measured.
  public let localisation: LocalisationSummary?
  /// How well sounds of no class are told from the clips; nil where that was not measured.
  public let known: KnownSummary?

  init(
    settings: EvaluationSettings, modelName: String, modelSHA256: String, logitScale: Double,
    classes: [String], clips: [Dataset.Clip], uses: [SeenClips.Use?],
    outcomes: [(probabilities: [Double], label: Int)],
    contaminants: [[Int]], measurements: [Measurement], localisation: LocalisationSummary?,
    known: KnownSummary?
  ) {
    self.known = known
    self.outcomes = outcomes
    self.localisation = localisation
    curves = Dictionary(grouping: measurements, by: \.set)
      .mapValues { $0.filter { $0.curves != nil && $0.shuffledCurves != nil } }
      .filter { !$0.value.isEmpty }
      .mapValues {
        CurveSummary(
          $0.compactMap(\.curves), shuffled: $0.compactMap(\.shuffledCurves),
          clips: $0.map(\.clip), seed: settings.explainer.seed)
      }
    self.settings = settings
    self.modelName = modelName
    self.modelSHA256 = modelSHA256
    self.logitScale = logitScale
    self.classes = classes
    self.clips = clips
    self.uses = uses
    self.contaminants = contaminants
    self.measurements = measurements
    classification = ClassificationSummary(
      outcomes, classCount: classes.count, seed: settings.explainer.seed)
    sets = settings.sets.map { set in
      (
        set,
        MetricSummary(
          measurements.filter { $0.set == set }, classCount: classes.count,
          seed: settings.explainer.seed)
      )
    }
  }
}

extension Evaluation {
  /// How many of the clips were used for something when the model was made.
  func seenCount(_ use: SeenClips.Use) -> Int { uses.count { $0 == use } }

  /// What is to be said of clips that the model has seen; nil where there are none.
  public var remark: String? {
    let (trained, chosen) = (seenCount(.train), seenCount(.valid))
    guard trained + chosen > 0 else { return nil }
    let parts = [
      trained > 0 ? "was trained on \(trained)" : nil, chosen > 0 ? "was chosen on \(chosen)" : nil,
    ].compactMap(\.self)
    return "the model \(parts.joined(separator: " and ")) of the \(clips.count) clips: "
      + "figures of clips that it has not seen are lower"
  }
}

/// A figure with its bootstrap interval.
public struct Estimate: Sendable, Equatable {
  public let value: Double
  /// The 95 % percentile interval over resampled clips.
  public let interval: ClosedRange<Double>

  /// A figure with its interval.
  package init(value: Double, interval: ClosedRange<Double>) {
    (self.value, self.interval) = (value, interval)
  }

  /// Both ends of the interval.
  package var bounds: [Double] { [interval.lowerBound, interval.upperBound] }
}

/// How well clips are classified.
public struct ClassificationSummary: Sendable {
  public let accuracy: Estimate
  /// The expected calibration error in 15 bins of equal width.
  public let calibrationError: Estimate
  /// The mean of -log of the probability of a clip's own class, in nats.
  public let crossEntropy: Estimate
  /// The number of clips of each class (row) classified as each class (column).
  public let confusion: [[Int]]

  init(_ outcomes: [(probabilities: [Double], label: Int)], classCount: Int, seed: UInt64) {
    func figures(_ indices: [Int]) -> [Double] {
      let chosen = indices.map { outcomes[$0] }
      return [
        Statistics.accuracy(chosen), Statistics.calibrationError(chosen),
        Statistics.crossEntropy(chosen),
      ]
    }
    let values = figures(Array(outcomes.indices))
    let intervals = Statistics.intervals(count: outcomes.count, seed: seed, of: figures)
    func estimate(_ i: Int) -> Estimate { Estimate(value: values[i], interval: intervals[i]) }
    (accuracy, calibrationError, crossEntropy) = (estimate(0), estimate(1), estimate(2))
    var counts = Array(repeating: Array(repeating: 0, count: classCount), count: classCount)
    for outcome in outcomes {
      counts[outcome.label][outcome.probabilities.indexOfMaximum ?? 0] += 1
    }
    confusion = counts
  }
}

/// The interpretation metrics of a set.
public struct MetricSummary: Sendable {
  /// How many clips, mixtures or noisy clips were measured.
  public let count: Int
  public let overall: [Metric: Estimate]
  /// The number and the metrics of the clips of each class that has some, by its index.
  public let perClass: [(label: Int, count: Int, values: MetricValues)]

  /// Mixtures of one clip are resampled together: they are not independent.
  init(_ measurements: [Measurement], classCount: Int, seed: UInt64) {
    count = measurements.count
    let groups = Dictionary(grouping: measurements, by: \.clip)
    let clips = groups.keys.sorted().map { clip in (groups[clip] ?? []).map(\.values).means() }
    func figures(_ indices: [Int]) -> [Double] {
      let means = indices.map { clips[$0] }.means()
      return Metric.allCases.map { means[$0] ?? 0 }
    }
    let values = figures(Array(clips.indices))
    let intervals = Statistics.intervals(count: clips.count, seed: seed, of: figures)
    overall = Dictionary(
      uniqueKeysWithValues: Metric.allCases.indices.map {
        (Metric.allCases[$0], Estimate(value: values[$0], interval: intervals[$0]))
      })
    perClass = (0..<classCount).compactMap { label in
      let own = measurements.filter { $0.label == label }
      return own.isEmpty ? nil : (label, own.count, own.map(\.values).means())
    }
  }
}

/// The measurements of one clip, mixture or noisy clip.
public struct Measurement: Sendable {
  public let set: EvaluationSet
  /// The clip's index in the data set.
  public let clip: Int
  /// The clip that was mixed in.
  public let contaminant: Int?
  /// The index of the clip's class.
  public let label: Int
  /// The probabilities of all classes for the whole clip.
  public let probabilities: [Double]
  /// The class that is explained: the likeliest.
  public let predicted: Int
  public let values: MetricValues
  /// Its deletion and insertion curves; nil where they were not measured.
  public let curves: MaskCurves?
  /// Those of the mask with its cells shuffled.
  public let shuffledCurves: MaskCurves?
}
