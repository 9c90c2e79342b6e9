public import PIQClassifiers
public import PIQNeuralNetwork
public import PIQTensor

/// A codebook of K vectors, divided among classes (`VQEmbedding`).
///
///     let initializer = Initializer(seed: 1)
///     let codebook = try VQEmbedding(keyCount: 1024, dim: 256, using: initializer)
///     let output = try codebook.straightThrough(hidden, labels: [1, 0, 2], mode: .evaluation)
public final class VQEmbedding: Layer {
  /// The codebook [K, D]; `embedding.weight` in the state dict.
  public let embedding: Parameter
  /// The number of classes that share the keys.
  public let classCount: Int
  /// Whether classes own keys.
  public let classPartitioning: Bool
  /// The number of keys that no class owns.
  public let sharedKeys: Int

  /// A codebook of `keyCount` vectors of length `dim`, uniform within ±1/`keyCount`.
  ///
  /// - Throws: `PIQError.configuration` when the keys cannot be divided.
  public init(
    keyCount: Int, dim: Int, classCount: Int = 50, classPartitioning: Bool = true,
    sharedKeys: Int = 0, using initializer: Initializer
  ) throws(PIQError) {
    _ = try ClassPartition(keyCount: keyCount, classCount: classCount, sharedKeys: sharedKeys)
    embedding = Parameter(initializer.uniform([keyCount, dim], bound: 1 / Float(keyCount)))
    self.classCount = classCount
    self.classPartitioning = classPartitioning
    self.sharedKeys = sharedKeys
  }

  public var state: [(name: String, parameter: Parameter)] { [("embedding.weight", embedding)] }

  /// The codes that upstream's `forward` gives.
  ///
  /// It ignores the codebook's own settings: 10 classes, 10 shared keys, always in training mode.
  /// Use `codes(for:labels:mode:)` for those of this codebook.
  ///
  /// - Parameter z: [B, H, W, D].
  /// - Throws: `PIQError` when `z` or the labels do not fit, or there are fewer than 10 keys.
  public func forward(_ z: Tensor, labels: [Int]) throws(PIQError) -> Codes {
    try VectorQuantization.codes(for: z, codebook: embedding.value, labels: labels)
  }

  /// The nearest keys under this codebook's own settings.
  ///
  /// - Parameter z: [B, H, W, D].
  /// - Throws: `PIQError` when `z` or the labels do not fit.
  public func codes(for z: Tensor, labels: [Int], mode: Mode) throws(PIQError) -> Codes {
    try VectorQuantization.codes(
      for: z, codebook: embedding.value, labels: labels, classCount: classCount,
      classPartitioning: classPartitioning, sharedKeys: sharedKeys, mode: mode)
  }

  /// Quantises `z` twice over (`straight_through`): the two results have the same values, and
  /// differ in their gradients.
  ///
  /// - Parameter z: [B, H, W, D].
  /// - Returns: `straightThrough` [B, H, W, D], whose gradient passes on to `z`; `quantized`
  ///   [B, H, W, D], whose gradient goes to the codebook; and the codes of both.
  /// - Throws: `PIQError` when `z` or the labels do not fit.
  public func straightThrough(
    _ z: Tensor, labels: [Int], mode: Mode
  ) throws(PIQError) -> (straightThrough: Tensor, quantized: Tensor, codes: Codes) {
    let (vectors, codes) = try VectorQuantizationStraightThrough.forward(
      z, codebook: embedding.value, labels: labels, classCount: classCount,
      classPartitioning: classPartitioning, sharedKeys: sharedKeys, mode: mode)
    return (vectors, vectors, codes)
  }

  /// The backward pass of `straightThrough`: accumulates the codebook's gradient.
  ///
  /// - Parameters:
  ///   - straightThrough: the gradient of that result [B, H, W, D], or nil where it is not used.
  ///   - quantized: the gradient of that result [B, H, W, D], or nil where it is not used.
  ///   - codes: the codes of the forward pass.
  /// - Returns: the gradient of `z`: that of `straightThrough`, as it is.
  public func straightThroughBackward(
    straightThrough: Tensor?, quantized: Tensor?, codes: Codes
  ) -> Tensor {
    if let quantized {
      embedding.accumulate(codes.sums(of: quantized, keyCount: embedding.value.shape[0]))
    }
    return straightThrough ?? Tensor(shape: codes.shape + [embedding.value.shape[1]])
  }
}
