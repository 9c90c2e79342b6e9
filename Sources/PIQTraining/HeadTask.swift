public import PIQAudio
import PIQEvaluation

/// Trains a head on the embeddings of an imported network, which stays as it is.
public final class HeadTask: TrainingTask {
  public static let name = ClassifierTask.name
  public static let figures = ClassifierTask.figures

  /// An embedding [D], and the parts that classes have in its sound.
  private struct Example {
    let embedding: [Float]
    let shares: [(label: Int, share: Float)]
  }

  let recipe: HeadRecipe
  private let configuration: ModelConfiguration
  private let head: CosineClassifier
  /// For each clip: its own embedding, and those of its copies.
  private let examples: [[Example]]
  private let valid: [Example]
  private let known: KnownScore.Settings?
  public var clipCount: Int { examples.count }

  /// A head with fresh weights. Computes the embeddings of all clips and of their copies.
  ///
  /// - Parameters:
  ///   - backbone: gives embeddings.
  ///   - known: what turns the similarity of a sound to the classes into `known`; nil where nothing was
  ///     calibrated for it.
  ///   - progress: called with the number of embeddings done and the total.
  /// - Throws: `PIQError`, `Failure`; what `progress` throws.
  public init(
    _ configuration: ModelConfiguration, _ recipe: HeadRecipe, backbone: Backbone, train: ClipSet,
    valid: ClipSet, known: KnownScore.Settings? = nil,
    progress: (_ finished: Int, _ total: Int) throws -> Void = { _, _ in }
  ) throws {
    guard let settings = configuration.classifier else {
      throw PIQError.configuration("there is no classifier")
    }
    self.known = known
    self.recipe = recipe
    self.configuration = configuration
    head = settings.makeClassifier(using: Initializer(seed: recipe.seed))
    let copies = recipe.network.copies
    let total = train.clips.count * (1 + copies) + valid.clips.count
    var done = 0
    func example(_ samples: [Float], _ shares: [(label: Int, share: Float)]) throws -> Example {
      try progress(done, total)
      done += 1
      return Example(embedding: try backbone.embedding(of: samples), shares: shares)
    }
    let sounds = AugmentedSounds(
      train, sampleRate: configuration.stft.sampleRate, normalize: .none, recipe.augmentation)
    let all = Array(train.clips.indices)
    examples = try train.clips.enumerated().map { index, clip in
      let own = try example(clip.samples, [(clip.label, 1)])
      return try [own]
        + (0..<copies).map { copy in
          var random = RandomStream(
            seed: recipe.seed, path: [Draw.copy.rawValue, index, copy])
          let sound = sounds.sound(index, among: all, length: clip.samples.count, &random)
          return try example(sound.samples, sound.shares)
        }
    }
    self.valid = try valid.clips.map { try example($0.samples, [($0.label, 1)]) }
  }

  public var state: [(name: String, parameter: Parameter)] { head.state(under: "classifier") }

  public func step(_ clips: [Int], seed: UInt64, path: [Int]) throws -> Losses {
    var random = RandomStream(seed: seed, path: path)
    let chosen = clips.map { clip in examples[clip][random.index(below: examples[clip].count)] }
    let classCount = configuration.labels.count
    var targets = Tensor(
      shape: [chosen.count, classCount],
      repeating: Float(recipe.network.labelSmoothing) / Float(classCount))
    for (row, example) in chosen.enumerated() {
      for (label, share) in example.shares {
        targets[flat: row * classCount + label] +=
          share * (1 - Float(recipe.network.labelSmoothing))
      }
    }
    let scale = Float(configuration.logitScale)
    let cosines = try head.differentiated(Self.rows(chosen), mode: .training)
    let loss = CrossEntropy(logits: cosines.value.scaled(by: scale), targets: targets)
    _ = try cosines.pullback(loss.gradient.scaled(by: scale))
    return Losses(total: Double(loss.value))
  }

  private static func rows(_ examples: [Example]) -> Tensor {
    let length = examples.first?.embedding.count ?? 0
    return Tensor(shape: [examples.count, length], examples.flatMap(\.embedding))
  }

  public func validate(
    progress: (_ finished: Int, _ total: Int) throws -> Void
  ) throws -> Validation {
    let cosines = try head(Self.rows(valid), mode: .evaluation).elements
    let classCount = configuration.labels.count
    return Validation(
      classified: valid.enumerated().map { row, example in
        (
          cosines: Array(cosines[row * classCount..<(row + 1) * classCount]),
          label: example.shares[0].label
        )
      })
  }

  /// The head with its present weights.
  func frozenHead(logitScale: Double) -> NetworkClassifier.Head {
    for (_, parameter) in state { parameter.freeze() }
    return NetworkClassifier.Head(head, logitScale: logitScale)
  }

  /// Mean and standard deviation of each value of the embeddings of the clips and their copies.
  var statistics: (means: [Float], deviations: [Float]) {
    let rows = examples.flatMap { $0.map(\.embedding) }
    let length = rows.first?.count ?? 0
    var (sums, squares) = (
      [Double](repeating: 0, count: length), [Double](repeating: 0, count: length)
    )
    for row in rows {
      for (i, value) in row.enumerated() {
        sums[i] += Double(value)
        squares[i] += Double(value) * Double(value)
      }
    }
    let count = Double(max(1, rows.count))
    let means = sums.map { $0 / count }
    let deviations = squares.indices.map { i in
      max(0, squares[i] / count - means[i] * means[i]).squareRoot()
    }
    // A value that hardly ever moves would count as much as any other.
    let typical = deviations.sorted()[length / 2]
    return (means.map { Float($0) }, deviations.map { Float(max($0, 0.1 * typical, 1e-6)) })
  }

  public static func outcomes(
    of interpreter: Interpreter, _ configuration: ModelConfiguration, _ clips: ClipSet,
    progress: (_ finished: Int, _ total: Int) throws -> Void
  ) throws -> [ClassifiedClip] {
    try ClassifierTask.outcomes(of: interpreter, configuration, clips, progress: progress)
  }

  public static func isPossible(
    _ outcome: ClassifiedClip, classCount: Int, labelCount: Int
  ) -> Bool {
    ClassifierTask.isPossible(outcome, classCount: classCount, labelCount: labelCount)
  }

  public static func figures(of outcomes: [ClassifiedClip]) -> [String: Double] {
    ClassifierTask.figures(of: outcomes)
  }

  public static func validation(pooling outcomes: [ClassifiedClip]) -> Validation {
    ClassifierTask.validation(pooling: outcomes)
  }

  public func model(after validation: Validation) -> TrainedModel {
    var calibrated = configuration
    calibrated.logitScale = validation.figures["logit_scale"] ?? configuration.logitScale
    guard let known else { return TrainedModel(calibrated, state) }
    return TrainedModel(
      calibrated, state, known: known,
      examples.map { (values: $0[0].embedding, label: $0[0].shares[0].label) })
  }
}
