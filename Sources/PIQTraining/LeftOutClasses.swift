public import PIQAudio
public import PIQDatasets
public import PIQEvaluation
import PIQPlatform

/// Classes that a training leaves out, to hear what a classifier makes of sounds of no class that it knows.
public struct LeftOutClasses: Sendable, Hashable, Codable {
  /// From 1.
  public let number: Int
  /// Their names.
  public let classes: [String]
  /// The fold whose clips, of all classes, are measured.
  public let test: Int

  /// The divisions of a data set: each class is left out once, two at a time, and one fold after the other
  /// is measured.
  ///
  /// - Parameter seed: of the order of the classes.
  /// - Throws: `Failure` of fewer than four classes, or of fewer than two folds.
  public static func divisions(
    of data: Dataset, seed: UInt64
  ) throws(Failure) -> [LeftOutClasses] {
    let folds = Set(data.clips.compactMap(\.fold)).sorted()
    let names = Set(data.clips.map(\.category)).sorted {
      $0.utf8.lexicographicallyPrecedes($1.utf8)
    }
    guard names.count >= 4, folds.count >= 2 else {
      throw Failure(
        .foldsUnfit, path: data.path,
        problem: folds.count < 2
          ? "has fewer than two folds" : "has \(names.count) classes, too few to leave out two",
        remedy: "train without calibrating what is known")
    }
    var random = RandomStream(seed: seed, path: [Draw.leftOut.rawValue])
    let order = random.permutation(names.count).map { names[$0] }
    // A class that is left over goes with the last two.
    let starts = stride(from: 0, to: names.count - 1, by: 2).map(\.self)
    let divisions = starts.enumerated().map { i, start in
      let end = i == starts.count - 1 ? names.count : start + 2
      return LeftOutClasses(
        number: i + 1, classes: order[start..<end].sorted(), test: folds[i % folds.count])
    }
    var areKnown: Set<Bool> = []
    for division in divisions {
      let split = try Split.checkingFolds {
        () throws(Failure) in try Split(data, leavingOut: division)
      }
      areKnown.formUnion(split.test.map { !division.classes.contains($0.category) })
    }
    guard areKnown.count == 2 else { throw nothingToTell }
    return divisions
  }

  /// The failure of a data set without clips of either kind.
  fileprivate static let nothingToTell = Failure(
    .foldsUnfit, problem: "no clips are left to tell known classes from others",
    remedy: "give each class clips in each fold")
}

extension Split {
  /// Trains on all clips of the classes that are not left out, and of other folds than the one that is
  /// measured.
  ///
  /// - Throws: `Failure` when a class has no clips to train on.
  public init(_ data: Dataset, leavingOut part: LeftOutClasses) throws(Failure) {
    let test = data.clips.filter { $0.fold == part.test }
    let train = data.clips.filter {
      $0.fold != nil && $0.fold != part.test && !part.classes.contains($0.category)
    }
    try self.init(train: train, test: test, others: Set(part.classes), path: data.path)
  }
}

/// How classifiers told sounds of their classes from those of classes that were left out.
public struct KnownCalibration: Encodable, Sendable {
  /// A training without some classes, and what its model made of the clips of a fold.
  public typealias Part = (division: LeftOutClasses, outcomes: [ClassifiedClip])

  /// The function of the similarity that fits all of them.
  public let settings: KnownScore.Settings
  /// The probability that a sound of a known class has a larger `known` than another (ROC AUC), over the
  /// clips of all parts, with its 95 % bootstrap interval over parts.
  public let areaUnderROC: Estimate
  private let parts: [Part]

  /// A calibration by the models of `parts`, which say how similar a clip is to their classes.
  ///
  /// - Throws: `Failure` where all clips are known, or none is.
  public init(_ parts: [Part], seed: UInt64) throws(Failure) {
    let sounds = parts.flatMap { $0.outcomes.compactMap(\.sound) }
    guard let area = Self.area(sounds) else {
      throw LeftOutClasses.nothingToTell
    }
    self.parts = parts
    settings = KnownScore.Settings(fitting: sounds)
    // Sounds of a part share their classes and their model: they are not independent.
    let perPart = parts.map { $0.outcomes.compactMap(\.sound) }
    let interval = Statistics.intervals(count: perPart.count, seed: seed) { indices in
      [Self.area(indices.flatMap { perPart[$0] }) ?? area]
    }
    areaUnderROC = Estimate(value: area, interval: interval[0])
  }

  /// The figures, as the model keeps them.
  public var measured: MeasuredFigures {
    MeasuredFigures(
      method:
        "two classes at a time left out of a training, clips of all classes that it did not hear",
      clips: parts.reduce(0) { $0 + $1.outcomes.count }, values: ["auc": areaUnderROC.value],
      intervals: ["auc": areaUnderROC.bounds])
  }

  private static func area(_ sounds: [ClassifiedClip.Sound]) -> Double? {
    Statistics.areaUnderROC(sounds.map(\.similarity), isPositive: sounds.map(\.isKnown))
  }

  /// Encodes the figures of each part and the pooled ones.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(
      parts.map {
        Row(division: $0.division, auc: Self.area($0.outcomes.compactMap(\.sound)))
      }, forKey: .parts)
    try container.encode(areaUnderROC.value, forKey: .auc)
    try container.encode(areaUnderROC.bounds, forKey: .interval)
    try container.encode(settings, forKey: .known)
  }

  private enum Key: CodingKey { case parts, auc, interval, known }

  private struct Row: Encodable {
    let division: LeftOutClasses
    let auc: Double?

    func encode(to encoder: any Encoder) throws {
      try division.encode(to: encoder)
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(auc, forKey: .auc)
    }

    private enum Key: CodingKey { case auc }
  }
}

extension ClassifiedClip {
  /// How similar a sound is to the known classes, and whether it is of one.
  package typealias Sound = (similarity: Double, isKnown: Bool)

  /// The sound as a calibration needs it; nil of a classifier without a score of what is known.
  var sound: Sound? {
    similarity.map { (similarity: Double($0), isKnown: label < cosines.count) }
  }
}
