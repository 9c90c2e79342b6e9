public import PIQAudio

/// What a classifier is trained to imitate: the embedding of an imported network, and the classes that a
/// head on it hears (distillation; Hinton, Vinyals and Dean, arXiv 1503.02531).
///
/// The head is trained on the clips of the training alone, so that the teacher knows no more of clips kept
/// for validation and test than the network does. It hears all sounds at full scale, however the network's
/// own are normalised: most networks are not indifferent to level.
public struct Teacher: Sendable {
  /// What a teacher hears in sounds.
  struct Lesson {
    /// Embeddings [B, E], each value standardised over the clips of the training.
    let embeddings: Tensor
    /// The probability of each class [B, C].
    let probabilities: Tensor
  }

  private let backbone: Backbone
  private let head: NetworkClassifier.Head
  private let means: [Float]
  private let deviations: [Float]
  private let rates: (from: Int, to: Int)

  /// How many deviations from the mean a value counts at most: mixed sounds may be far from all clips.
  private static let farthest: Float = 5

  /// E, the length of an embedding.
  var embeddingLength: Int { means.count }

  /// A teacher with a head trained by the standard recipe.
  ///
  /// - Parameters:
  ///   - model: an imported network that names an embedding.
  ///   - labels: the names of the classes, by index.
  ///   - sampleRate: of the clips, in hertz.
  ///   - progress: called with the number of embeddings done and the total.
  /// - Throws: `Failure` of a model that gives no embeddings; `PIQError`; what `progress` throws.
  public init(
    _ model: Model, labels: [String], sampleRate: Int, train: ClipSet, seed: UInt64,
    progress: (_ finished: Int, _ total: Int) throws -> Void = { _, _ in }
  ) throws {
    let backbone = try Backbone(model)
    let rates = (from: sampleRate, to: model.configuration.stft.sampleRate)
    var recipe = HeadRecipe()
    recipe.seed = seed
    let configuration = try recipe.configuration(
      name: "teacher", labels: labels, backbone: model.configuration,
      embeddingLength: backbone.embeddingLength)
    let task = try HeadTask(
      configuration, recipe, backbone: backbone, train: train.atFullScale.resampled(rates),
      valid: ClipSet([]), progress: progress)
    head = try task.trainedHead()
    (means, deviations) = task.statistics
    self.backbone = backbone
    self.rates = rates
  }

  /// What it hears in sounds; several at the same time.
  ///
  /// - Throws: `PIQError`, `Failure`.
  func lesson(on sounds: [[Float]]) throws -> Lesson {
    let heard = try inOrder(count: sounds.count) { index throws in
      let sound = Resampler.cached(from: rates.from, to: rates.to).resample(
        atFullScale(sounds[index]))
      let embedding = try backbone.embedding(of: sound)
      return (embedding, try head.classify(embedding).probabilities)
    }
    let values = heard.flatMap { embedding, _ in
      embedding.indices.map {
        min(max((embedding[$0] - means[$0]) / deviations[$0], -Self.farthest), Self.farthest)
      }
    }
    let classCount = heard.first?.1.count ?? 0
    return Lesson(
      embeddings: Tensor(shape: [heard.count, means.count], values),
      probabilities: Tensor(shape: [heard.count, classCount], heard.flatMap(\.1)))
  }
}

/// A sound whose largest absolute sample is 1; silence stays silent.
private func atFullScale(_ samples: [Float]) -> [Float] {
  let level = Normalization.peak.level(of: samples)
  return level == 1 ? samples : samples.map { $0 / level }
}

extension ClipSet {
  /// The same clips at full scale.
  fileprivate var atFullScale: ClipSet {
    ClipSet(
      clips.map {
        Clip(name: $0.name, samples: PIQTraining.atFullScale($0.samples), label: $0.label)
      })
  }

  /// The same clips at another rate.
  func resampled(_ rates: (from: Int, to: Int)) -> ClipSet {
    guard rates.from != rates.to else { return self }
    let resampler = Resampler.cached(from: rates.from, to: rates.to)
    return ClipSet(
      clips.map {
        Clip(name: $0.name, samples: resampler.resample($0.samples), label: $0.label)
      })
  }
}

extension HeadTask {
  /// Trains the head by its recipe without files, to the last epoch.
  ///
  /// - Throws: as `step` does.
  func trainedHead() throws -> NetworkClassifier.Head {
    let settings = recipe.optimization
    let optimizer = Adam(
      state, learningRate: settings.learningRate, weightDecay: settings.weightDecay,
      decay: .decoupled)
    let count = (clipCount + settings.batchSize - 1) / settings.batchSize
    let rates = LearningRates(settings: settings, stepsPerEpoch: count)
    for epoch in 0..<settings.epochs {
      var random = RandomStream(seed: recipe.seed, path: [Draw.order.rawValue, epoch])
      let order = random.permutation(clipCount)
      for step in 0..<count {
        let clips = order[
          step * settings.batchSize..<min((step + 1) * settings.batchSize, clipCount)]
        // One clip has no variance.
        guard clips.count > 1 else { continue }
        for (_, parameter) in state { parameter.gradient = nil }
        optimizer.learningRate = rates.rate(at: epoch * count + step, current: 0)
        _ = try self.step(
          Array(clips), seed: recipe.seed, path: [Draw.step.rawValue, epoch, step])
        _ = clipGradients(state.map(\.parameter), toNorm: settings.gradientNorm)
        optimizer.step()
      }
    }
    return frozenHead(logitScale: recipe.network.logitScale)
  }
}
