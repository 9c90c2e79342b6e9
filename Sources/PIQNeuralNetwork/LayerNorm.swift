import PIQKernels
import PIQOneDNN
public import PIQTensor

/// Layer normalisation over the last axis (Ba, Kiros and Hinton, arXiv 1607.06450;
/// `torch.nn.LayerNorm`).
public final class LayerNorm: Layer {
  /// [C]; `weight` in the state dict.
  public let weight: Parameter
  /// [C]; `bias` in the state dict.
  public let bias: Parameter
  private let channels: Int
  private let epsilon: Float

  /// A layer for C channels with PyTorch's initial values: factor 1, term 0.
  ///
  /// - Parameter epsilon: added to the variance.
  public init(_ channels: Int, epsilon: Float = 1e-5) {
    self.channels = channels
    self.epsilon = epsilon
    weight = Parameter(Tensor(shape: [channels], repeating: 1))
    bias = Parameter(Tensor(shape: [channels]))
  }

  public var state: [(name: String, parameter: Parameter)] { [("weight", weight), ("bias", bias)] }

  /// Normalises `x` [..., C].
  ///
  /// - Throws: `OneDNNError` when `x` has other channels.
  public func callAsFunction(_ x: Tensor) throws -> Tensor {
    try normalize(x, statistics: nil)
  }

  /// Normalises `x` [..., C], with a pullback that accumulates the gradients of weight and bias.
  ///
  /// - Throws: as `callAsFunction`.
  public func differentiated(_ x: Tensor) throws -> Differentiated {
    // The mean of each row, and the factor of its deviations from it.
    var statistics = Tensor(shape: [x.count / channels, 2])
    let y = try statistics.withUnsafeMutableBuffer {
      try normalize(x, statistics: $0.baseAddress)
    }
    return Differentiated(y) { [self, statistics] gradient in
      accumulateGradients(gradient, at: x, statistics)
      return inputGradient(gradient, at: x, statistics)
    }
  }

  private func normalize(_ x: Tensor, statistics: UnsafeMutablePointer<Float>?) throws -> Tensor {
    guard x.shape.last == channels else {
      throw OneDNNError(
        operation: "layer normalisation of \(channels) channels", reason: "given \(x.shape)")
    }
    var y = Tensor(shape: x.shape) { _ in }
    y.withUnsafeMutableBuffer { y in
      withElements(of: x, weight.value, bias.value) { elements in
        guard let y = y.baseAddress else { return }
        inParallel(rows: x.count / channels) { rows in
          let first = rows.lowerBound * channels
          layerNorm(
            elements[0] + first, rows: rows.count, channels: channels, epsilon: epsilon,
            weight: elements[1], bias: elements[2], to: y + first,
            statistics: statistics.map { $0 + 2 * rows.lowerBound })
        }
      }
    }
    return y
  }

  private func inputGradient(_ gradient: Tensor, at x: Tensor, _ statistics: Tensor) -> Tensor {
    withElements(of: x, statistics, weight.value, gradient) { elements in
      Tensor(shape: x.shape) { result in
        guard let result = result.baseAddress else { return }
        inParallel(rows: x.count / channels) { rows in
          let first = rows.lowerBound * channels
          layerNormGradient(
            elements[0] + first, statistics: elements[1] + 2 * rows.lowerBound,
            weight: elements[2], elements[3] + first, rows: rows.count, channels: channels,
            to: result + first)
        }
      }
    }
  }

  private func accumulateGradients(_ gradient: Tensor, at x: Tensor, _ statistics: Tensor) {
    guard weight.needsGradient || bias.needsGradient else { return }
    let sums = withElements(of: x, statistics, gradient) { elements in
      sumInParallel(rows: x.count / channels, count: 2 * channels) { rows, sums in
        for row in rows {
          let (x, gradient) = (elements[0] + row * channels, elements[2] + row * channels)
          let (mean, factor) = (elements[1][2 * row], elements[1][2 * row + 1])
          for c in 0..<channels {
            sums[c] += Double(gradient[c] * (x[c] - mean) * factor)
            sums[channels + c] += Double(gradient[c])
          }
        }
      }
    }
    weight.accumulate(Tensor(shape: [channels], sums[..<channels].map { Float($0) }))
    bias.accumulate(Tensor(shape: [channels], sums[channels...].map { Float($0) }))
  }
}
