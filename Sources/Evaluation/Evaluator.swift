public import Datasets
import Files
public import Models
import PIQ
import Spectral
import Tensor

/// Measures a classifier and what explains it on clips whose classes are known.
///
///     let evaluator = Evaluator(model, EvaluationSettings())
///     let evaluation = try evaluator.evaluate(data) { print("\($0) of \($1)") }
public final class Evaluator {
  private let model: Model
  private let settings: EvaluationSettings
  private let explainer: Explainer
  private let loader: ClipLoader

  /// An evaluator of `model`.
  public init(_ model: Model, _ settings: EvaluationSettings) {
    self.model = model
    self.settings = settings
    explainer = Explainer(
      interpreter: model.interpreter, method: settings.method, seed: settings.seed,
      steps: settings.steps)
    loader = ClipLoader(rate: model.configuration.stft.sampleRate)
  }

  /// Evaluates all clips.
  ///
  /// - Parameter progress: told before each clip how many were done, how many there are, and what
  ///   is next.
  /// - Throws: `DatasetError` when a class is unknown to the model, or there are too few clips for
  ///   mixtures; `SoundFileError`; `EvaluationError` naming the clip that the model cannot take.
  public func evaluate(
    _ data: Dataset, progress: (_ finished: Int, _ total: Int, _ next: String) -> Void
  ) throws -> Evaluation {
    let labels = try data.labels(among: model.configuration.labels)
    guard data.clips.count > 1 || !settings.sets.contains(.mixtures) else {
      throw DatasetError(
        path: data.path, problem: "has one clip, and mixtures need two",
        remedy: "choose more clips, or leave mixtures out with --sets")
    }
    let contaminants =
      settings.sets.contains(.mixtures)
      ? Contamination.contaminants(count: labels.count, seed: settings.seed)
      : Array(repeating: [], count: labels.count)
    var measurements: [Measurement] = []
    var outcomes: [(probabilities: [Double], label: Int)] = []
    for (index, clip) in data.clips.enumerated() {
      progress(index, data.clips.count, clip.path)
      let samples = try load(clip)
      let analysis = try naming(clip) { try model.interpreter.analyze(samples) }
      outcomes.append((probabilities(analysis.classification), labels[index]))
      let variants = try variants(of: analysis, index, contaminants[index], data.clips)
      for (number, variant) in variants.enumerated() {
        measurements.append(
          try naming(clip) {
            try measure(variant, clip: index, label: labels[index], variant: number)
          })
      }
    }
    return Evaluation(
      settings: settings, modelName: model.configuration.name, modelSHA256: model.sha256,
      logitScale: settings.logitScale ?? model.configuration.logitScale,
      classes: model.configuration.labels, clips: data.clips, outcomes: outcomes,
      contaminants: contaminants, measurements: measurements)
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
    func variant(
      _ set: EvaluationSet, _ contaminant: Int?, _ samples: [Float]
    ) throws -> Variant {
      let analysis = try naming(clips[index]) { try model.interpreter.analyze(samples) }
      return Variant(set: set, contaminant: contaminant, analysis: analysis)
    }
    var variants: [Variant] = []
    for set in settings.sets {
      switch set {
      case .inDistribution:
        variants.append(Variant(set: set, contaminant: nil, analysis: analysis))
      case .mixtures:
        for other in contaminants {
          let mixture = Contamination.mixture(analysis.samples, with: try load(clips[other]))
          variants.append(try variant(set, other, mixture))
        }
      case .whiteNoise:
        var stream = RandomStream(seed: settings.seed, .noise, index: index)
        let noise = stream.normal(analysis.samples.count)
        variants.append(
          try variant(set, nil, Contamination.noisy(analysis.samples, noise: noise)))
      }
    }
    return variants
  }

  private func measure(
    _ variant: Variant, clip: Int, label: Int, variant number: Int
  ) throws -> Measurement {
    let analysis = variant.analysis
    // No run has this many variants of a clip.
    let mask = try explainer.mask(for: analysis, index: clip &* 16 &+ number)
    let (kept, rest) = split(analysis.logPower, by: mask)
    let whole = probabilities(analysis.classification)
    let maskedIn = probabilities(try model.interpreter.classify(kept))
    let maskedOut = probabilities(try model.interpreter.classify(rest))
    return Measurement(
      set: variant.set, clip: clip, contaminant: variant.contaminant, label: label,
      probabilities: whole, predicted: Statistics.largest(whole),
      values: MetricValues(
        whole: whole, maskedIn: maskedIn, maskedOut: maskedOut, mask: mask.elements,
        softensAverageDrop: settings.softensAverageDrop))
  }

  /// What the mask keeps of a spectrogram and what it drops, over the frames that it covers.
  private func split(_ logPower: Tensor, by mask: Tensor) -> (kept: Tensor, rest: Tensor) {
    logPower.withUnsafeBuffer { logPower in
      mask.withUnsafeBuffer { values in
        (
          Tensor(shape: mask.shape) { for i in $0.indices { $0[i] = values[i] * logPower[i] } },
          Tensor(shape: mask.shape) {
            for i in $0.indices { $0[i] = (1 - values[i]) * logPower[i] }
          }
        )
      }
    }
  }

  private func probabilities(_ classification: Classification) -> [Double] {
    let own = model.configuration.logitScale
    return Statistics.softmax(
      classification.logits, scaledBy: (settings.logitScale ?? own) / own)
  }

  private func load(_ clip: Dataset.Clip) throws -> [Float] {
    try loader.load(clip.path) { count in
      try naming(clip) { try model.interpreter.checkLength(count) }
    }
  }

  /// Runs `work`, and gives an error that does not know its file the clip's path.
  private func naming<Result>(_ clip: Dataset.Clip, _ work: () throws -> Result) throws -> Result {
    do {
      return try work()
    } catch {
      throw EvaluationError(path: clip.path, problem: "\(error)")
    }
  }
}

extension MetricValues {
  /// The metrics of a clip at its likeliest class.
  package init(
    whole: [Double], maskedIn: [Double], maskedOut: [Double], mask: [Float],
    softensAverageDrop: Bool
  ) {
    let label = Statistics.largest(whole)
    let (p, o, m) = (whole[label], maskedIn[label], maskedOut[label])
    let drop: Double
    if softensAverageDrop {
      func soft(_ probabilities: [Double]) -> Double {
        Statistics.softmax(probabilities.map { Float($0) })[label]
      }
      drop = InterpretationMetrics.averageDrop(whole: soft(whole), maskedIn: soft(maskedIn))
    } else {
      drop = InterpretationMetrics.averageDrop(whole: p, maskedIn: o)
    }
    self = [
      .fidelity: label == Statistics.largest(maskedIn) ? 1 : 0,
      .averageIncrease: InterpretationMetrics.averageIncrease(whole: p, maskedIn: o),
      .averageDrop: drop,
      .averageGain: InterpretationMetrics.averageGain(whole: p, maskedIn: o),
      .faithfulness: InterpretationMetrics.faithfulness(whole: p, maskedOut: m),
      .sparseness: InterpretationMetrics.sparseness(mask),
      .complexity: InterpretationMetrics.complexity(mask),
      .meanMask: mask.reduce(0) { $0 + Double($1) } / Double(Swift.max(1, mask.count)),
    ]
  }
}

/// A clip that the model could not take.
public struct EvaluationError: Error, CustomStringConvertible, Equatable {
  /// The sound file.
  public let path: String
  /// What went wrong and what to do, in words.
  public let problem: String

  public var description: String { "\(printable(path)): \(problem)" }
}
