public import PIQClassifiers
public import PIQNeuralNetwork

/// How the K keys of a codebook are divided among classes: each class owns a run of keys, and the
/// last `sharedKeys` belong to all.
public struct ClassPartition: Sendable, Hashable {
  /// K, the number of keys.
  public let keyCount: Int
  /// The number of classes.
  public let classCount: Int
  /// The number of keys at the end of the codebook that no class owns.
  public let sharedKeys: Int

  /// The class that owns each key that is not shared.
  ///
  /// Upstream rounds `linspace(-0.5, classes - 0.51)` half to even. The steps are computed as
  /// PyTorch computes them in single precision, bit for bit, because a few sizes hit a half
  /// exactly. Where keys are fewer than classes, some classes own none.
  public let owners: [Int]

  /// - Throws: `PIQError.configuration` unless 0 <= `sharedKeys` <= `keyCount` and there is a class
  ///   and a key.
  public init(keyCount: Int, classCount: Int, sharedKeys: Int = 5) throws(PIQError) {
    guard keyCount > 0, classCount > 0, (0...keyCount).contains(sharedKeys) else {
      throw .configuration(
        "\(keyCount) keys, \(sharedKeys) of them shared, for \(classCount) classes")
    }
    self.keyCount = keyCount
    self.classCount = classCount
    self.sharedKeys = sharedKeys
    let owned = keyCount - sharedKeys
    let first: Float = -0.5
    let last = Float(Double(classCount) - 0.51)
    let step = owned > 1 ? (last - first) / Float(owned - 1) : 0
    owners = (0..<owned).map { key in
      let position =
        key < owned / 2 || owned == 1
        ? first.addingProduct(step, Float(key)) : last.addingProduct(-step, Float(owned - key - 1))
      return Int(position.rounded(.toNearestOrEven))
    }
  }

  /// Whether a class may use a key. As upstream does it, shared keys are excluded in training and
  /// allowed in evaluation.
  public func isRelevant(key: Int, label: Int, mode: Mode) -> Bool {
    key < owners.count ? owners[key] == label : mode == .evaluation
  }
}

/// Which keys of a codebook each label may not use (`get_irrelevant_regions`).
///
///     let closed = try irrelevantRegions(labels: [1, 0, 2], keyCount: 20, classCount: 3)
///     // three rows of 20
///
/// - Parameters:
///   - labels: one class a clip, B in all.
///   - keyCount: K.
///   - mode: training excludes the shared keys; evaluation allows them.
/// - Returns: B rows of K values, true where the key is excluded.
/// - Throws: `PIQError.configuration` when the sizes make no partition.
public func irrelevantRegions(
  labels: [Int], keyCount: Int, classCount: Int, sharedKeys: Int = 5, mode: Mode = .training
) throws(PIQError) -> [[Bool]] {
  let partition = try ClassPartition(
    keyCount: keyCount, classCount: classCount, sharedKeys: sharedKeys)
  return labels.map { label in
    (0..<keyCount).map { !partition.isRelevant(key: $0, label: label, mode: mode) }
  }
}
