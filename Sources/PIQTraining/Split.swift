public import PIQAudio
public import PIQDatasets

/// The parts of a data set: for training, for validation, and for the test at the end.
public struct Split: Sendable {
  public private(set) var train, valid, test: [Dataset.Clip]
  private let path: String
  /// Whether clips are needed to choose the best epoch on.
  private let choosesEpoch: Bool
  /// Classes of clips for the test that need not be trained.
  private let others: Set<String>

  /// Divides a data set by its folds, or each class at random where it has none.
  ///
  /// - Throws: `Failure` when a fold has no clips or serves twice, when nothing is left to
  ///   train or to choose on, or when a class has no clips to train on.
  public init(_ data: Dataset, _ settings: DataSettings, seed: UInt64) throws(Failure) {
    path = data.path
    (choosesEpoch, others) = (true, [])
    let folds = Set(data.clips.compactMap(\.fold))
    let asked = settings.trainFolds + settings.validFolds + settings.testFolds
    if !asked.isEmpty || folds.count > 1 {
      (train, valid, test) = try Self.byFold(data, settings, folds)
    } else {
      (train, valid, test) = Self.byFraction(data.clips, settings, seed: seed)
    }
    try check()
  }

  /// All clips of a data set for training.
  ///
  /// - Throws: `Failure` when there are none.
  public init(trainingOnAllOf data: Dataset) throws(Failure) {
    (path, train, valid, test) = (data.path, data.clips, [], [])
    (choosesEpoch, others) = (false, [])
    try check()
  }

  /// These clips for training, to an end that is given, and for the test.
  ///
  /// - Parameter others: the classes that are only in the test.
  init(
    train: [Dataset.Clip], test: [Dataset.Clip], others: Set<String>, path: String
  ) throws(Failure) {
    (self.path, self.train, valid, self.test) = (path, train, [], test)
    (choosesEpoch, self.others) = (false, others)
    try check()
  }

  /// The same without the clips at `paths`.
  ///
  /// - Throws: `Failure` when nothing is left to train or to choose on, or when a class has no clips
  ///   left to train on.
  public func without(_ paths: Set<String>) throws(Failure) -> Split {
    var split = self
    split.train.removeAll { paths.contains($0.path) }
    split.valid.removeAll { paths.contains($0.path) }
    split.test.removeAll { paths.contains($0.path) }
    try split.check()
    if let lost = categories.first(where: { !split.categories.contains($0) }) {
      throw Self.untrained(lost, path)
    }
    return split
  }

  /// A split for a cross-validation, whose failure advises no other folds for one of its parts.
  @discardableResult
  static func checkingFolds(_ split: () throws(Failure) -> Split) throws(Failure) -> Split {
    do throws(Failure) { return try split() } catch {
      guard error.code == .emptySplit else { throw error }
      throw Failure(
        .foldsUnfit, path: error.path, problem: error.problem,
        remedy: "give each class clips in each fold")
    }
  }

  private func check() throws(Failure) {
    guard !train.isEmpty, !valid.isEmpty || !choosesEpoch else {
      throw Failure(
        .emptySplit, path: path,
        problem: train.isEmpty
          ? "leaves no clips to train on" : "leaves no clips to choose the best epoch on",
        remedy: "give more clips a class, or divide them in another way")
    }
    let trained = Set(train.map(\.category)).union(others)
    if let clip = (valid + test).first(where: { !trained.contains($0.category) }) {
      throw Self.untrained(clip.category, path)
    }
  }

  private static func untrained(_ category: String, _ path: String) -> Failure {
    Failure(
      .emptySplit, path: path,
      problem: "the class \(category.debugDescription) has no clips to train on",
      remedy: "add some, leave the class out, or divide the clips in another way")
  }

  /// The names of all classes, by bytes: the same order in every locale.
  public var categories: [String] {
    Set(train.map(\.category)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private typealias Parts = ([Dataset.Clip], [Dataset.Clip], [Dataset.Clip])

  private static func byFold(
    _ data: Dataset, _ settings: DataSettings, _ folds: Set<Int>
  ) throws(Failure) -> Parts {
    let test = settings.testFolds
    let free = folds.subtracting(settings.trainFolds + test)
    let valid = settings.validFolds.isEmpty ? free.max().map { [$0] } ?? [] : settings.validFolds
    let train =
      settings.trainFolds.isEmpty ? folds.subtracting(valid + test).sorted() : settings.trainFolds
    let all = train + valid + test
    if let twice = all.first(where: { fold in all.count(where: { $0 == fold }) > 1 }) {
      throw Failure(
        .emptySplit, path: data.path, problem: "fold \(twice) would serve twice",
        remedy: "name it under one of train, valid and test folds")
    }
    if let missing = all.first(where: { !folds.contains($0) }) {
      throw Failure(
        .emptySplit, path: data.path, problem: "has no clips in fold \(missing)",
        remedy: folds.isEmpty
          ? "give a CSV file with a column fold, or take a fraction of the clips"
          : "choose among " + folds.sorted().map(String.init).joined(separator: ", "))
    }
    func clips(_ folds: [Int]) -> [Dataset.Clip] {
      data.clips.filter { $0.fold.map(folds.contains) ?? false }
    }
    return (clips(train), clips(valid), clips(test))
  }

  private static func byFraction(
    _ clips: [Dataset.Clip], _ settings: DataSettings, seed: UInt64
  ) -> Parts {
    var parts: [Int: [Int]] = [:]
    let classes = Dictionary(grouping: clips.indices) { clips[$0].category }
    let names = classes.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    for (number, name) in names.enumerated() {
      let own = classes[name] ?? []
      var stream = RandomStream(seed: seed, path: [Draw.split.rawValue, number])
      let shuffled = stream.permutation(own.count).map { own[$0] }
      func count(_ fraction: Double) -> Int {
        // A class of two or more clips is represented in each requested part.
        fraction == 0
          ? 0 : max(own.count > 1 ? 1 : 0, Int((fraction * Double(own.count)).rounded()))
      }
      let valid = count(settings.validFraction)
      let test = count(settings.testFraction)
      parts[1, default: []] += shuffled.prefix(valid)
      parts[2, default: []] += shuffled.dropFirst(valid).prefix(test)
      parts[0, default: []] += shuffled.dropFirst(valid + test)
    }
    func part(_ i: Int) -> [Dataset.Clip] { (parts[i] ?? []).sorted().map { clips[$0] } }
    return (part(0), part(1), part(2))
  }
}

/// The random draws of a training; each number begins a path of random numbers.
enum Draw: Int {
  case split = 101
  case order, step, copy, leftOut
}
