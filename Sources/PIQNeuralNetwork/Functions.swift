import Foundation
import PIQKernels
import PIQOneDNN
public import PIQTensor

/// max(x, 0) of each element.
public func relu(_ x: Tensor) -> Tensor {
  combine(x, x) { range, x, _, y in
    // In this order, which keeps NaN.
    for i in range { y[i] = 0 > x[i] ? 0 : x[i] }
  }
}

/// 1 / (1 + exp(-x)) of each element.
public func sigmoid(_ x: Tensor) -> Tensor {
  combine(x, x) { range, x, _, y in
    for i in range { y[i] = 1 / (1 + exp(-x[i])) }
  }
}

/// log(1 + exp(x)) of each element.
public func softplus(_ x: Tensor) -> Tensor {
  combine(x, x) { range, x, _, y in
    for i in range { y[i] = max(x[i], 0) + log1p(exp(-abs(x[i]))) }
  }
}

/// The sum of two tensors of one shape.
public func sum(_ a: Tensor, _ b: Tensor) -> Tensor {
  precondition(a.shape == b.shape, "\(a.shape) and \(b.shape) do not add")
  return combine(a, b) { range, a, b, sum in
    for i in range { sum[i] = a[i] + b[i] }
  }
}

/// The products of the elements of two tensors of one shape.
package func product(_ a: Tensor, _ b: Tensor) -> Tensor {
  precondition(a.shape == b.shape, "\(a.shape) and \(b.shape) do not multiply")
  return combine(a, b) { range, a, b, product in
    for i in range { product[i] = a[i] * b[i] }
  }
}

/// A tensor in the shape of `b` that `body` fills from the elements of both, a range at a time on
/// all threads. Loops in the caller's closure vectorise; a closure for each element would not.
func combine(
  _ a: Tensor, _ b: Tensor,
  _ body: (
    Range<Int>, UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>
  ) -> Void
) -> Tensor {
  a.withUnsafeBuffer { first in
    b.withUnsafeBuffer { second in
      Tensor(shape: b.shape) { result in
        guard let first = first.baseAddress, let second = second.baseAddress,
          let result = result.baseAddress
        else { return }
        inParallel(rows: b.count) { body($0, first, second, result) }
      }
    }
  }
}

/// The softmax of `logits` times `factor`.
public func softmax(_ logits: [Float], scaledBy factor: Double = 1) -> [Double] {
  let scaled = logits.map { Double($0) * factor }
  let largest = scaled.max() ?? 0
  let exponentials = scaled.map { exp($0 - largest) }
  let total = exponentials.reduce(0, +)
  return exponentials.map { $0 / total }
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

/// Each row of `x` [B, C] divided by its Euclidean length, which counts as at least 1e-12
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

/// ReLU with its pullback.
public func differentiatedRelu(_ x: Tensor) -> Differentiated {
  let y = relu(x)
  return Differentiated(y) { passedByRelu($0, at: y) }
}

/// The gradient of a ReLU's input, given that of its output `y`.
func passedByRelu(_ gradient: Tensor, at y: Tensor) -> Tensor {
  combine(gradient, y) { range, gradient, y, result in
    for i in range {
      // Read unconditionally: a loop without branches vectorises.
      let passed = gradient[i]
      result[i] = y[i] > 0 ? passed : 0
    }
  }
}

/// The mean over height and width with its pullback.
public func differentiatedSpatialMean(_ x: Tensor) -> Differentiated {
  let shape = x.shape
  return Differentiated(spatialMean(x)) { spatialMeanGradient($0, shape: shape) }
}

/// The gradient of maps of this shape [B, H, W, C] from that of their means [B, C].
package func spatialMeanGradient(_ gradient: Tensor, shape: [Int]) -> Tensor {
  let positions = shape[1] * shape[2]
  return gradient.withUnsafeBuffer { gradient in
    Tensor(shape: shape) { result in
      for i in result.indices {
        let clip = i / (positions * shape[3])
        result[i] = gradient[clip * shape[3] + i % shape[3]] / Float(positions)
      }
    }
  }
}

/// The sum of each column of [..., C]: [C], in double precision.
package func columnSums(_ x: Tensor) -> Tensor {
  let sums = columnTotals(x)
  return Tensor(shape: [sums.count], sums.map { Float($0) })
}

/// The same, unrounded.
func columnTotals(_ x: Tensor) -> [Double] {
  let channels = x.shape.last ?? 1
  return x.withUnsafeBuffer { x in
    guard let base = x.baseAddress, channels > 0 else { return [] }
    return sumInParallel(rows: x.count / channels, count: channels) { range, sums in
      for row in range {
        let x = base + row * channels
        for c in 0..<channels { sums[c] += Double(x[c]) }
      }
    }
  }
}

/// Cosine similarities with their pullback to both sides.
///
/// - Returns: the cosines [B, C], and a pullback from their gradient to those of `x` [B, D] and `y`
///   [C, D].
/// - Throws: `OneDNNError` when the rows differ in length.
package func differentiatedCosineSimilarities(
  _ x: Tensor, _ y: Tensor
) throws -> (value: Tensor, pullback: (Tensor) throws -> (x: Tensor, y: Tensor)) {
  let (nx, ny) = (normalizedRows(x), normalizedRows(y))
  let value = try matrixProduct(nx, ny, transposingRight: true)
  return (
    value,
    { gradient in
      (
        x: projected(try matrixProduct(gradient, ny), unit: nx, of: x),
        y: projected(try matrixProduct(gradient, nx, transposingLeft: true), unit: ny, of: y)
      )
    }
  )
}

/// The gradient of rows from that of their unit vectors: the component along a row is removed, the
/// rest divided by its length.
private func projected(_ gradient: Tensor, unit: Tensor, of x: Tensor) -> Tensor {
  let c = x.shape[1]
  let (unit, x) = (unit.elements, x.elements)
  var gradient = gradient
  gradient.withUnsafeMutableBuffer { gradient in
    for row in stride(from: 0, to: gradient.count, by: c) {
      let range = row..<row + c
      let length = max(range.reduce(0.0) { $0 + Double(x[$1]) * Double(x[$1]) }.squareRoot(), 1e-12)
      let along = range.reduce(0.0) { $0 + Double(gradient[$1]) * Double(unit[$1]) }
      for i in range {
        gradient[i] = Float((Double(gradient[i]) - along * Double(unit[i])) / length)
      }
    }
  }
  return gradient
}
