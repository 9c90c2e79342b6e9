import OneDNN
public import Tensor

/// Batch normalisation over the last axis (`torch.nn.BatchNorm1d` and `BatchNorm2d`).
///
/// In training the statistics are those of the rows, and the running ones move by `momentum`
/// towards them (towards the unbiased variance); in evaluation the running ones are used.
public final class BatchNorm: Layer {
  /// [C]; `weight` in the state dict.
  public let weight: Parameter
  /// [C]; `bias` in the state dict.
  public let bias: Parameter
  /// [C]; `running_mean` in the state dict.
  public let runningMean: Parameter
  /// [C]; `running_var` in the state dict.
  public let runningVariance: Parameter
  private let channels: Int
  private let epsilon: Float = 1e-5
  private let momentum: Float = 0.1

  /// A layer for C channels with PyTorch's initial values: factor 1, term 0, mean 0, variance 1.
  public init(_ channels: Int) {
    self.channels = channels
    weight = Parameter(Tensor(shape: [channels], repeating: 1))
    bias = Parameter(Tensor(shape: [channels]))
    runningMean = Parameter(Tensor(shape: [channels]), isTrainable: false)
    runningVariance = Parameter(Tensor(shape: [channels], repeating: 1), isTrainable: false)
  }

  public var state: [(name: String, parameter: Parameter)] {
    [
      ("weight", weight), ("bias", bias), ("running_mean", runningMean),
      ("running_var", runningVariance),
    ]
  }

  /// Normalises `x` [..., C].
  ///
  /// - Throws: `OneDNNError` when `x` has other channels, or in training a single row, which has
  ///   no variance.
  public func callAsFunction(_ x: Tensor, mode: Mode) throws -> Tensor {
    let (mean, variance) = try statistics(of: x, mode: mode)
    return try normalize(x, mean, variance)
  }

  /// Normalises `x` [..., C], with a pullback that accumulates the gradients of weight and bias.
  ///
  /// - Throws: as `callAsFunction`.
  public func differentiated(_ x: Tensor, mode: Mode) throws -> Differentiated {
    let (mean, variance) = try statistics(of: x, mode: mode)
    return Differentiated(try normalize(x, mean, variance)) { [self] gradient in
      backward(gradient, at: x, mean: mean, variance: variance, mode: mode)
    }
  }

  /// Accumulates the gradients of weight and bias, and gives that of `x`.
  ///
  /// Not through oneDNN: its sums over rows are of single precision, and what they lose is seen in
  /// the parameters after a few steps of Adam.
  private func backward(
    _ gradient: Tensor, at x: Tensor, mean: Tensor, variance: Tensor, mode: Mode
  ) -> Tensor {
    let rows = x.count / channels
    let mean = mean.elements.map { Double($0) }
    let factor = variance.elements.map { 1 / (Double($0) + Double(epsilon)).squareRoot() }
    let weights = weight.value.elements.map { Double($0) }
    // Over all rows: the sum of the gradient, and of its product with the normalised input.
    var sums = [Double](repeating: 0, count: channels)
    var products = sums
    return x.withUnsafeBuffer { x in
      gradient.withUnsafeBuffer { gradient in
        for row in 0..<rows {
          for c in 0..<channels {
            let g = Double(gradient[row * channels + c])
            sums[c] += g
            products[c] += g * (Double(x[row * channels + c]) - mean[c]) * factor[c]
          }
        }
        weight.accumulate(Tensor(shape: [channels], products.map { Float($0) }))
        bias.accumulate(Tensor(shape: [channels], sums.map { Float($0) }))
        // Fixed statistics do not depend on the input.
        let share = mode == .training ? 1 / Double(rows) : 0
        return Tensor(shape: [x.count]) { result in
          for row in 0..<rows {
            for c in 0..<channels {
              let i = row * channels + c
              let normalized = (Double(x[i]) - mean[c]) * factor[c]
              let centred = Double(gradient[i]) - share * (sums[c] + normalized * products[c])
              result[i] = Float(centred * weights[c] * factor[c])
            }
          }
        }
      }
    }.reshaped(gradient.shape)
  }

  private func normalize(_ x: Tensor, _ mean: Tensor, _ variance: Tensor) throws -> Tensor {
    let forward = try BatchNormalizationForward(
      rows: x.count / channels, channels: channels, epsilon: epsilon)
    return try forward(
      x, scale: weight.value, shift: bias.value, mean: mean, variance: variance)
  }

  /// The statistics to use, each [C]. In training the running ones move towards those of `x`.
  private func statistics(
    of x: Tensor, mode: Mode
  ) throws -> (mean: Tensor, variance: Tensor) {
    guard x.shape.last == channels else {
      throw OneDNNError(
        operation: "batch normalisation of \(channels) channels", reason: "given \(x.shape)")
    }
    let rows = x.count / channels
    guard mode == .training else { return (runningMean.value, runningVariance.value) }
    guard rows > 1 else {
      throw OneDNNError(
        operation: "batch normalisation", reason: "one value a channel cannot be trained on")
    }
    let (mean, variance) = channelStatistics(x)
    runningMean.value.move(towards: mean, by: momentum, scaled: 1)
    runningVariance.value.move(
      towards: variance, by: momentum, scaled: Float(rows) / Float(rows - 1))
    return (mean, variance)
  }

  /// The mean and the biased variance of each channel, each [C].
  ///
  /// Summed in double precision, as PyTorch does; oneDNN's single precision loses a digit over
  /// some ten thousand rows.
  private func channelStatistics(_ x: Tensor) -> (mean: Tensor, variance: Tensor) {
    let rows = x.count / channels
    var mean = [Double](repeating: 0, count: channels)
    var variance = mean
    x.withUnsafeBuffer { x in
      mean.withUnsafeMutableBufferPointer { mean in
        for row in 0..<rows {
          for c in 0..<channels { mean[c] += Double(x[row * channels + c]) }
        }
        for c in 0..<channels { mean[c] /= Double(rows) }
        variance.withUnsafeMutableBufferPointer { variance in
          for row in 0..<rows {
            for c in 0..<channels {
              let deviation = Double(x[row * channels + c]) - mean[c]
              variance[c] += deviation * deviation
            }
          }
        }
      }
    }
    return (
      Tensor(shape: [channels], mean.map { Float($0) }),
      Tensor(shape: [channels], variance.map { Float($0 / Double(rows)) })
    )
  }

  /// What evaluation does, as a factor and a term a channel, each [C].
  package var affine: (scale: Tensor, shift: Tensor) {
    var (scale, shift) = (weight.value, bias.value)
    for c in 0..<channels {
      let deviation = (Double(runningVariance.value[flat: c]) + Double(epsilon)).squareRoot()
      let factor = Double(weight.value[flat: c]) / deviation
      scale[flat: c] = Float(factor)
      shift[flat: c] = Float(
        Double(bias.value[flat: c]) - Double(runningMean.value[flat: c]) * factor)
    }
    return (scale, shift)
  }
}

extension Tensor {
  fileprivate mutating func move(towards target: Tensor, by momentum: Float, scaled factor: Float) {
    for i in 0..<count {
      self[flat: i] += momentum * (target[flat: i] * factor - self[flat: i])
    }
  }
}
