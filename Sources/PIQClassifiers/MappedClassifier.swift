/// A classifier whose classes stand for others: the probability of each is the largest of those that stand
/// for it. They need not add up to 1.
public struct MappedClassifier: Classifier {
  private let classifier: any Classifier
  private let members: [[Int]]

  /// A view of `classifier`.
  ///
  /// - Parameter members: the indices of the classes that stand for each new one, at least one.
  public init(_ classifier: any Classifier, members: [[Int]]) {
    (self.classifier, self.members) = (classifier, members)
  }

  public var classCount: Int { members.count }

  /// The decision about a clip; throws as the classifier does.
  public func analyze(_ clip: Clip) throws -> Analysis {
    let own = try classifier.analyze(clip)
    return Analysis(clip, mapped(own.classification), windows: own.windows)
  }

  /// The decisions about several clips; throws as the classifier does.
  public func classify(_ clips: [Clip]) throws -> [Classification] {
    try classifier.classify(clips).map(mapped)
  }

  /// The approximate memory that a clip of T frames and F bins takes, in bytes: the classifier's.
  public func memory(frames: Int, bins: Int) -> Double {
    classifier.memory(frames: frames, bins: bins)
  }

  private func mapped(_ classification: Classification) -> Classification {
    let probabilities = classification.probabilities
    return Classification(
      logits: members.map { own in own.reduce(0) { max($0, probabilities[$1]) } },
      activation: .none)
  }
}

extension MappedClassifier: LocalClassifier {
  package var hearsParts: Bool { (classifier as? any LocalClassifier)?.hearsParts ?? false }

  /// The decision about a sound that differs in part, as the classifier's; throws as it does.
  package func classify(
    _ samples: [Float], changed: Range<Int>, since base: Analysis
  ) throws -> Classification? {
    try (classifier as? any LocalClassifier)?
      .classify(samples, changed: changed, since: base).map(mapped)
  }
}
