public import PIQNeuralNetwork
public import PIQTensor

/// The head that compares an embedding with one vector a class (SpeechBrain's ECAPA-TDNN
/// `Classifier`): blocks of batch normalisation and a linear layer, then the cosine.
///
///     let initializer = Initializer(seed: 1)
///     let classifier = CosineClassifier(inputSize: 256, classCount: 10, using: initializer)
///     let cosines = try classifier(embeddings, mode: .evaluation)  // [B, 256] to [B, 10]
public final class CosineClassifier: Layer {
  private let blocks: [(norm: BatchNorm, linear: Linear)]
  private let weight: Parameter

  /// C, the number of classes.
  public var classCount: Int { weight.value.shape[0] }

  /// - Parameters:
  ///   - inputSize: D, the length of an embedding.
  ///   - blockCount: the number of blocks (`lin_blocks`).
  ///   - blockSize: the outputs of each block's linear layer (`lin_neurons`).
  ///   - classCount: C (`out_neurons`).
  public init(
    inputSize: Int, blockCount: Int = 1, blockSize: Int = 192, classCount: Int,
    using initializer: Initializer
  ) {
    var blocks: [(norm: BatchNorm, linear: Linear)] = []
    var size = inputSize
    for _ in 0..<blockCount {
      blocks.append((BatchNorm(size), Linear(size, blockSize, using: initializer)))
      size = blockSize
    }
    self.blocks = blocks
    weight = Parameter(initializer.xavierUniform([classCount, size]))
  }

  public var state: [(name: String, parameter: Parameter)] {
    blocks.indices.flatMap {
      blocks[$0].norm.state(under: "blocks.\(2 * $0).norm")
        + blocks[$0].linear.state(under: "blocks.\(2 * $0 + 1).w")
    } + [("weight", weight)]
  }

  /// The cosines [B, C] between embeddings [B, D] and the classes.
  ///
  /// - Throws: `OneDNNError` when the embeddings do not fit.
  public func callAsFunction(_ embeddings: Tensor, mode: Mode) throws -> Tensor {
    var x = embeddings
    for block in blocks { x = try block.linear(block.norm(x, mode: mode)) }
    return try cosineSimilarities(x, weight.value)
  }

  /// The cosines with their pullback; the parameters' gradients accumulate.
  ///
  /// - Throws: `OneDNNError` when the embeddings do not fit.
  public func differentiated(_ embeddings: Tensor, mode: Mode) throws -> Differentiated {
    var x = Differentiated(embeddings) { $0 }
    for block in blocks {
      x = try x.then { try block.norm.differentiated($0, mode: mode) }
        .then(block.linear.differentiated)
    }
    return try x.then { [self] x in
      let (cosines, pullback) = try differentiatedCosineSimilarities(x, weight.value)
      return Differentiated(cosines) { [self] gradient in
        let gradients = try pullback(gradient)
        weight.accumulate(gradients.y)
        return gradients.x
      }
    }
  }
}
