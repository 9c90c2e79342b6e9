public import PIQClassifiers
public import PIQNeuralNetwork
public import PIQTensor

/// The keys chosen for a grid of vectors, [B, H, W]: B clips, H rows (time), W columns (frequency).
public struct Codes: Sendable, Hashable {
  /// The extents [B, H, W].
  public let shape: [Int]
  /// An index into the codebook for each position, in row-major order.
  public let indices: [Int]
}

/// The nearest key of a codebook for each vector (`VectorQuantization`).
///
///     let codes = try VectorQuantization.codes(for: hidden, codebook: codebook, labels: [1, 0, 2])
public enum VectorQuantization {
  /// Finds the key with the least squared distance among those that a clip's label may use. The
  /// first wins a tie; where a label may use none, key 0 is used, as upstream.
  ///
  /// Distances are summed in double precision, so that rounding does not decide between two keys.
  ///
  /// - Parameters:
  ///   - inputs: [B, H, W, D], D the length of a vector.
  ///   - codebook: [K, D].
  ///   - labels: a class for each of the B clips.
  ///   - classPartitioning: whether classes own keys; otherwise all may use all.
  ///   - mode: whether shared keys are allowed, see `ClassPartition`.
  /// - Throws: `PIQError` when shapes, labels or sizes do not fit.
  public static func codes(
    for inputs: Tensor, codebook: Tensor, labels: [Int], classCount: Int = 10,
    classPartitioning: Bool = true, sharedKeys: Int = 10, mode: Mode = .training
  ) throws(PIQError) -> Codes {
    guard inputs.shape.count == 4, codebook.shape.count == 2, codebook.shape[0] > 0,
      inputs.shape[3] == codebook.shape[1], labels.count == inputs.shape[0]
    else {
      throw .mismatch(
        "vectors \(inputs.shape), codebook \(codebook.shape) and \(labels.count) labels do not fit")
    }
    let (keyCount, length) = (codebook.shape[0], codebook.shape[1])
    let partition = try ClassPartition(
      keyCount: keyCount, classCount: classCount, sharedKeys: sharedKeys)
    let positions = inputs.shape[1] * inputs.shape[2]
    var indices: [Int] = []
    indices.reserveCapacity(labels.count * positions)
    inputs.withUnsafeBuffer { inputs in
      codebook.withUnsafeBuffer { codebook in
        let halfSquares = (0..<keyCount).map { key in
          let row = UnsafeBufferPointer(rebasing: codebook[key * length..<(key + 1) * length])
          return 0.5 * dotProduct(row, row)
        }
        for (clip, label) in labels.enumerated() {
          let keys = (0..<keyCount).filter {
            !classPartitioning || partition.isRelevant(key: $0, label: label, mode: mode)
          }
          for position in clip * positions..<(clip + 1) * positions {
            let vector = UnsafeBufferPointer(
              rebasing: inputs[position * length..<(position + 1) * length])
            var best = (index: 0, distance: Double.infinity)
            for key in keys {
              let row = UnsafeBufferPointer(rebasing: codebook[key * length..<(key + 1) * length])
              let distance = halfSquares[key] - dotProduct(vector, row)
              if distance < best.distance { best = (key, distance) }
            }
            indices.append(best.index)
          }
        }
      }
    }
    return Codes(shape: Array(inputs.shape.dropLast()), indices: indices)
  }

  /// Quantisation has no gradient: always throws, with upstream's explanation.
  ///
  /// - Throws: `PIQError.notDifferentiable`.
  public static func backward(_ gradient: Tensor) throws(PIQError) -> Tensor {
    throw .notDifferentiable
  }
}

/// Quantisation whose gradient is estimated as if it were the identity
/// (`VectorQuantizationStraightThrough`; van den Oord et al., arXiv 1711.00937).
///
///     let (vectors, codes) = try VectorQuantizationStraightThrough.forward(
///       hidden, codebook: codebook, labels: [1, 0, 2])
public enum VectorQuantizationStraightThrough {
  /// Replaces each vector by the nearest key that its clip's label may use.
  ///
  /// Parameters and errors are those of `VectorQuantization.codes`.
  ///
  /// - Returns: the keys' vectors [B, H, W, D], and their indices.
  public static func forward(
    _ inputs: Tensor, codebook: Tensor, labels: [Int], classCount: Int = 10,
    classPartitioning: Bool = true, sharedKeys: Int = 10, mode: Mode = .training
  ) throws(PIQError) -> (vectors: Tensor, codes: Codes) {
    let codes = try VectorQuantization.codes(
      for: inputs, codebook: codebook, labels: labels, classCount: classCount,
      classPartitioning: classPartitioning, sharedKeys: sharedKeys, mode: mode)
    return (codes.vectors(from: codebook), codes)
  }

  /// The gradients of inputs and codebook from that of the vectors.
  ///
  /// - Parameters:
  ///   - gradient: [B, H, W, D].
  ///   - codes: the codes of the forward pass.
  ///   - keyCount: K.
  /// - Returns: `inputs` [B, H, W, D], the gradient as it is; `codebook` [K, D], for each key the
  ///   sum over the positions that chose it.
  public static func backward(
    _ gradient: Tensor, codes: Codes, keyCount: Int
  ) -> (inputs: Tensor, codebook: Tensor) {
    (gradient, codes.sums(of: gradient, keyCount: keyCount))
  }
}

extension Codes {
  /// The sum of the vectors [B, H, W, D] at the positions of each key: [K, D] (`index_add_`).
  func sums(of vectors: Tensor, keyCount: Int) -> Tensor {
    let length = vectors.shape[vectors.shape.count - 1]
    var sums = [Double](repeating: 0, count: keyCount * length)
    vectors.withUnsafeBuffer { vectors in
      for (position, index) in indices.enumerated() {
        for i in 0..<length { sums[index * length + i] += Double(vectors[position * length + i]) }
      }
    }
    return Tensor(shape: [keyCount, length], sums.map { Float($0) })
  }
}

extension Codes {
  /// The rows of `codebook` [K, D] that the codes name: [B, H, W, D].
  public func vectors(from codebook: Tensor) -> Tensor {
    let length = codebook.shape[1]
    return codebook.withUnsafeBuffer { codebook in
      Tensor(shape: shape + [length]) { vectors in
        for (position, index) in indices.enumerated() {
          for i in 0..<length { vectors[position * length + i] = codebook[index * length + i] }
        }
      }
    }
  }
}

/// The inner product of two vectors of one length, summed in double precision.
private func dotProduct(
  _ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>
) -> Double {
  let lanes = 8
  var sums = SIMD8<Double>(repeating: 0)
  let whole = a.count - a.count % lanes
  for i in stride(from: 0, to: whole, by: lanes) {
    let x = UnsafeRawPointer(a.baseAddress! + i).loadUnaligned(as: SIMD8<Float>.self)
    let y = UnsafeRawPointer(b.baseAddress! + i).loadUnaligned(as: SIMD8<Float>.self)
    // Not fused: on CPUs without FMA, that would be a function call per lane.
    sums += SIMD8<Double>(x) * SIMD8<Double>(y)
  }
  return (whole..<a.count).reduce(sums.sum()) { $0 + Double(a[$1]) * Double(b[$1]) }
}
