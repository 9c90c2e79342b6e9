public import PIQAudio
public import PIQDatasets

/// Evaluates a classifier and its explanations on labelled clips.
///
///     let evaluator = Evaluator(model, EvaluationSettings())
///     let evaluation = try evaluator.evaluate(data) { print("\($0) of \($1)") }
public final class Evaluator {
  private let model: Model
  /// Whether it says how likely a sound is of any class.
  let saysWhatIsKnown: Bool
  /// Whether its classes are those of a map.
  let isMapped: Bool
  let interpreter: Interpreter
  let settings: EvaluationSettings

  /// An evaluator of `model`.
  ///
  /// - Parameter map: the classes of the data, where they are not those of the model.
  /// - Throws: `Failure` naming a label of the map that the model does not know.
  public init(_ model: Model, _ settings: EvaluationSettings, map: ClassMap? = nil) throws(Failure)
  {
    self.model = model
    self.settings = settings
    // It is known to be of the model's own classes, not of those of a map.
    isMapped = map != nil
    saysWhatIsKnown = map == nil && model.configuration.known != nil
    guard let map else {
      interpreter = model.interpreter
      return
    }
    let members = try map.indices(among: model.configuration.labels)
    interpreter = Interpreter(
      frontEnd: model.interpreter.frontEnd,
      classifier: MappedClassifier(model.interpreter.classifier, members: members),
      labels: map.categories)
  }

  /// Evaluates all clips.
  ///
  /// - Parameters:
  ///   - others: sounds of no class, which `known` has to tell from the clips; those of the model's own
  ///     classes do not count. Nil where that is not measured.
  ///   - progress: called before each clip with the number done, the total, and the next clip; events and
  ///     other sounds are counted by themselves.
  ///   - doubtful: called with each clip that is silent or lacks something, and what is to be said.
  /// - Throws: `Failure` when a class is unknown to the model, or there are too few clips for
  ///   mixtures; `SoundFileError`; `Failure` naming the clip that the model cannot take.
  public func evaluate(
    _ data: Dataset, others: Dataset? = nil,
    progress: (_ finished: Int, _ total: Int, _ next: String) -> Void,
    doubtful: (Dataset.Clip, String) -> Void = { _, _ in }
  ) throws -> Evaluation {
    let labels = try data.labels(among: interpreter.labels)
    guard data.clips.count > 1 || !settings.sets.contains(.mixtures) else {
      throw Failure(
        .noMixtures, path: data.path, problem: "has one clip, and mixtures need two",
        remedy: "choose more clips, or leave mixtures out")
    }
    // Before what takes long.
    let others = try others.map { try clips(ofOtherClasses: $0) }
    try settings.localisation.map { try check($0, data, labels) }
    let uses = try uses(of: data.clips)
    let contaminants =
      settings.sets.contains(.mixtures)
      ? Contamination.contaminants(count: labels.count, seed: settings.explainer.seed)
      : Array(repeating: [], count: labels.count)
    let explainer =
      settings.sets.isEmpty && settings.localisation == nil
      ? nil : try settings.method.makeExplainer(for: interpreter, settings.explainer)
    var measurements: [Measurement] = []
    var outcomes: [(probabilities: [Double], label: Int)] = []
    var known: [Float] = []
    for (index, clip) in data.clips.enumerated() {
      progress(index, data.clips.count, clip.path)
      let recording = try load(clip)
      if let remark = recording.remark { doubtful(clip, remark) }
      let analysis = try Failure.naming(clip.path) {
        try interpreter.analyze(recording.samples)
      }
      outcomes.append(
        (analysis.classification.probabilities(scaledBy: logitFactor), labels[index]))
      if let value = analysis.classification.known { known.append(value) }
      guard let explainer, !settings.sets.isEmpty else { continue }
      let variants = try variants(of: analysis, index, contaminants[index], data.clips)
      for (number, variant) in variants.enumerated() {
        measurements.append(
          try Failure.naming(clip.path) {
            try measure(variant, clip: index, label: labels[index], variant: number, by: explainer)
          })
      }
    }
    let localisation = try explainer.flatMap { explainer in
      try settings.localisation.map {
        try localise($0, data, labels, by: explainer, progress)
      }
    }
    return Evaluation(
      settings: settings, modelName: model.configuration.name, modelSHA256: model.sha256,
      logitScale: settings.logitScale ?? model.configuration.logitScale,
      classes: interpreter.labels, clips: data.clips, uses: uses,
      outcomes: outcomes,
      contaminants: contaminants, measurements: measurements, localisation: localisation,
      known: try others.map { try tell(known, from: $0, progress, doubtful: doubtful) })
  }

  /// What each clip was used for when the model was made; empty where the model does not know its clips.
  func uses(of clips: [Dataset.Clip]) throws(Failure) -> [SeenClips.Use?] {
    guard let own = model.configuration.clips else { return [] }
    let hashes = try clips.map { clip throws(Failure) in
      try FileHash.sha256(ofFileAt: clip.path)
    }
    let uses = own.uses(of: hashes)
    return hashes.map { uses[$0] }
  }

  /// The factor from the model's logits to those at the logit scale of the settings.
  private var logitFactor: Double {
    settings.logitScale.map { $0 / model.configuration.logitScale } ?? 1
  }

  /// A clip as it is taken for one of the sets.
  private struct Variant {
    let set: EvaluationSet
    let contaminant: Int?
    let analysis: Analysis
  }

  private func variants(
    of analysis: Analysis, _ index: Int, _ contaminants: [Int], _ clips: [Dataset.Clip]
  ) throws -> [Variant] {
    func variant(_ set: EvaluationSet, _ contaminant: Int?, _ samples: [Float]) throws -> Variant {
      let analysis = try Failure.naming(clips[index].path) {
        try interpreter.analyze(samples)
      }
      return Variant(set: set, contaminant: contaminant, analysis: analysis)
    }
    var variants: [Variant] = []
    for set in settings.sets {
      switch set {
      case .inDistribution:
        variants.append(Variant(set: set, contaminant: nil, analysis: analysis))
      case .mixtures:
        for other in contaminants {
          let mixture = Contamination.mixture(
            analysis.clip.samples, with: try load(clips[other]).samples)
          variants.append(try variant(set, other, mixture))
        }
      case .whiteNoise:
        var stream = RandomStream(seed: settings.explainer.seed, .noise, index: index)
        let noise = stream.normal(analysis.clip.samples.count)
        variants.append(
          try variant(set, nil, Contamination.noisy(analysis.clip.samples, noise: noise)))
      }
    }
    return variants
  }

  private func measure(
    _ variant: Variant, clip: Int, label: Int, variant number: Int, by explainer: any Explainer
  ) throws -> Measurement {
    let analysis = variant.analysis
    // No run has this many variants of a clip.
    let explanation = try explainer.explain(
      analysis, as: analysis.classification.classIndex, tail: interpreter.tail(of: analysis),
      number: clip &* 16 &+ number)
    let mask =
      settings.shufflesMasks
      ? shuffled(explanation.mask, clip: clip, variant: number)
      : explanation.mask
    let outcome = try interpreter.measure(
      mask, for: analysis, scaledBy: logitFactor,
      softensAverageDrop: settings.softensAverageDrop)
    let curves =
      settings.measuresCurves
      ? try interpreter.curves(
        of: mask, for: analysis, scaledBy: logitFactor, seed: settings.explainer.seed,
        number: clip &* 16 &+ number) : nil
    let shuffledCurves =
      settings.measuresCurves
      ? try interpreter.curves(
        of: shuffled(explanation.mask, clip: clip, variant: number), for: analysis,
        scaledBy: logitFactor, seed: settings.explainer.seed, number: clip &* 16 &+ number) : nil
    return Measurement(
      set: variant.set, clip: clip, contaminant: variant.contaminant, label: label,
      probabilities: outcome.whole, predicted: outcome.classIndex, values: outcome.metrics,
      curves: curves, shuffledCurves: shuffledCurves)
  }

  /// A mask with its cells in random places.
  func shuffled(_ mask: Tensor, clip: Int, variant: Int) -> Tensor {
    var stream = RandomStream(
      seed: settings.explainer.seed, .shuffle, index: clip &* 16 &+ variant)
    let values = mask.elements
    return Tensor(shape: mask.shape, stream.permutation(values.count).map { values[$0] })
  }

  /// Reads a clip, at the model's rate.
  func load(_ clip: Dataset.Clip) throws -> Recording {
    let recording = try interpreter.read(clip.path, channel: settings.channel)
    return try interpreter.resampled(recording, path: clip.path)
  }
}
