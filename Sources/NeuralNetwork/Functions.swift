import OneDNN
public import Tensor

/// max(x, 0) of each element.
///
/// - Throws: `OneDNNError`.
public func relu(_ x: Tensor) throws -> Tensor { try apply(.relu, to: x) }

/// 1 / (1 + exp(-x)) of each element.
///
/// - Throws: `OneDNNError`.
public func sigmoid(_ x: Tensor) throws -> Tensor { try apply(.sigmoid, to: x) }

/// log(1 + exp(x)) of each element.
///
/// - Throws: `OneDNNError`.
public func softplus(_ x: Tensor) throws -> Tensor { try apply(.softplus, to: x) }

/// The softmax of each row of `logits` [B, C].
///
/// - Throws: `OneDNNError` when `logits` is not a matrix.
public func softmax(_ logits: Tensor) throws -> Tensor { try OneDNN.softmax(logits) }

/// The sum of two tensors of one shape.
public func sum(_ a: Tensor, _ b: Tensor) -> Tensor {
  precondition(a.shape == b.shape, "\(a.shape) and \(b.shape) do not add")
  return a.withUnsafeBuffer { a in
    b.withUnsafeBuffer { b in
      Tensor(shape: [a.count]) { sum in for i in sum.indices { sum[i] = a[i] + b[i] } }
    }
  }.reshaped(a.shape)
}

/// The mean over height and width: [B, H, W, C] to [B, C].
public func spatialMean(_ x: Tensor) -> Tensor {
  let (b, positions, c) = (x.shape[0], x.shape[1] * x.shape[2], x.shape[3])
  return x.withUnsafeBuffer { x in
    Tensor(shape: [b, c]) { mean in
      var sums = [Double](repeating: 0, count: c)
      for clip in 0..<b {
        for i in sums.indices { sums[i] = 0 }
        for position in 0..<positions {
          let row = (clip * positions + position) * c
          for i in 0..<c { sums[i] += Double(x[row + i]) }
        }
        for i in 0..<c { mean[clip * c + i] = Float(sums[i] / Double(positions)) }
      }
    }
  }
}

/// Each row of `x` [B, C] over its Euclidean length, which counts as at least 1e-12
/// (`torch.nn.functional.normalize`).
public func normalizedRows(_ x: Tensor) -> Tensor {
  let c = x.shape[1]
  var x = x
  x.withUnsafeMutableBuffer { x in
    for row in stride(from: 0, to: x.count, by: c) {
      let squares = (row..<row + c).reduce(0.0) { $0 + Double(x[$1]) * Double(x[$1]) }
      let length = max(squares.squareRoot(), 1e-12)
      for i in row..<row + c { x[i] = Float(Double(x[i]) / length) }
    }
  }
  return x
}

/// The cosine between each row of `x` [B, D] and each row of `y` [C, D]: [B, C].
///
/// - Throws: `OneDNNError` when the rows differ in length.
public func cosineSimilarities(_ x: Tensor, _ y: Tensor) throws -> Tensor {
  try matrixProduct(normalizedRows(x), normalizedRows(y), transposingRight: true)
}
