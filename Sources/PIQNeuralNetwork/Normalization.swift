import PIQKernels
import PIQOneDNN
public import PIQTensor

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
    let statistics = try statistics(of: x, mode: mode)
    return Epilogue(affine: affine(statistics))(x)
  }

  /// The statistics of the normalisation, each [C]; the variance is the biased one.
  package struct Statistics {
    let mean, variance: Tensor
  }

  /// Normalises `x` [..., C], with a pullback that accumulates the gradients of weight and bias.
  ///
  /// - Throws: as `callAsFunction`.
  public func differentiated(_ x: Tensor, mode: Mode) throws -> Differentiated {
    let statistics = try statistics(of: x, mode: mode)
    return Differentiated(Epilogue(affine: affine(statistics))(x)) { [self] gradient in
      var gradient = gradient
      backward(&gradient, at: x, statistics, mode: mode)
      return gradient
    }
  }

  /// Turns the gradient of the normalised maps into that of `x`, in its place, and accumulates the
  /// gradients of weight and bias.
  ///
  /// Not through oneDNN: its sums over rows are in single precision, whose errors show in the
  /// parameters after a few steps of Adam.
  ///
  /// - Parameters:
  ///   - x: [..., C]; the output of a ReLU, if `throughRelu`.
  ///   - throughRelu: whether to continue through that ReLU. Its gradient's column sums [C] are
  ///     then returned as well: the gradient of the bias before it.
  @discardableResult
  package func backward(
    _ gradient: inout Tensor, at x: Tensor, _ statistics: Statistics, mode: Mode,
    throughRelu: Bool = false
  ) -> Tensor? {
    let (rows, channels) = (x.count / channels, channels)
    let mean = statistics.mean.elements.map { Double($0) }
    let factor = statistics.variance.elements.map {
      1 / (Double($0) + Double(epsilon)).squareRoot()
    }
    let weights = weight.value.elements.map { Double($0) }
    let needsSums = mode == .training || weight.needsGradient || bias.needsGradient
    // Over all rows: the sum of the gradient, and of its product with the normalised input.
    var sums = [Double](repeating: 0, count: 2 * channels)
    if needsSums {
      sums = x.withUnsafeBuffer { x in
        gradient.withUnsafeBuffer { gradient in
          guard let x = x.baseAddress, let gradient = gradient.baseAddress else { return sums }
          return mean.withUnsafeBufferPointer { mean in
            sumInParallel(rows: rows, count: 2 * channels) { range, sums in
              for row in range {
                let (x, gradient) = (x + row * channels, gradient + row * channels)
                for c in 0..<channels {
                  let g = Double(gradient[c])
                  sums[c] += g
                  sums[channels + c] += g * (Double(x[c]) - mean[c])
                }
              }
            }
          }
        }
      }
      for c in 0..<channels { sums[channels + c] *= factor[c] }
      weight.accumulate(Tensor(shape: [channels], sums[channels...].map { Float($0) }))
      bias.accumulate(Tensor(shape: [channels], sums[..<channels].map { Float($0) }))
    }
    // Fixed statistics do not depend on the input.
    let share = mode == .training ? 1 / Double(rows) : 0
    // The gradient of x is slope * gradient + bend * x + offset.
    let slope = (0..<channels).map { weights[$0] * factor[$0] }
    let bend = (0..<channels).map { -slope[$0] * share * sums[channels + $0] * factor[$0] }
    let offset = (0..<channels).map { -slope[$0] * share * sums[$0] - bend[$0] * mean[$0] }
    let coefficients = (slope + bend + offset).map { Float($0) }
    let columns = x.withUnsafeBuffer { x in
      gradient.withUnsafeMutableBuffer { gradient -> [Double] in
        guard let x = x.baseAddress, let gradient = gradient.baseAddress else { return [] }
        return coefficients.withUnsafeBufferPointer { coefficients in
          guard let slope = coefficients.baseAddress else { return [] }
          let (bend, offset) = (slope + channels, slope + 2 * channels)
          return sumInParallel(rows: rows, count: channels) { range, sums in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: channels) { partial in
              guard let partial = partial.baseAddress else { return }
              partial.initialize(repeating: 0, count: channels)
              for row in range {
                let (x, gradient) = (x + row * channels, gradient + row * channels)
                for c in 0..<channels {
                  let g = slope[c] * gradient[c] + bend[c] * x[c] + offset[c]
                  gradient[c] = !throughRelu || x[c] > 0 ? g : 0
                }
                guard throughRelu else { continue }
                for c in 0..<channels { partial[c] += gradient[c] }
                // Few terms each, so that single precision suffices.
                guard (row + 1).isMultiple(of: 16) || row == range.upperBound - 1 else { continue }
                for c in 0..<channels { sums[c] += Double(partial[c]) }
                partial.update(repeating: 0, count: channels)
              }
            }
          }
        }
      }
    }
    return throughRelu ? Tensor(shape: [channels], columns.map { Float($0) }) : nil
  }

  /// The statistics to use, each [C]. In training the running ones move towards those of `x`.
  package func statistics(of x: Tensor, mode: Mode) throws -> Statistics {
    guard x.shape.last == channels else {
      throw OneDNNError(
        operation: "batch normalisation of \(channels) channels", reason: "given \(x.shape)")
    }
    let rows = x.count / channels
    guard mode == .training else {
      return Statistics(mean: runningMean.value, variance: runningVariance.value)
    }
    guard rows > 1 else {
      throw OneDNNError(
        operation: "batch normalisation", reason: "one value a channel cannot be trained on")
    }
    let (mean, variance) = channelStatistics(x)
    runningMean.value.move(towards: mean, by: momentum, scaled: 1)
    runningVariance.value.move(
      towards: variance, by: momentum, scaled: Float(rows) / Float(rows - 1))
    return Statistics(mean: mean, variance: variance)
  }

  /// The mean and the biased variance of each channel, each [C].
  ///
  /// Summed in double precision, as PyTorch does; oneDNN's single precision loses a digit over
  /// some ten thousand rows.
  private func channelStatistics(_ x: Tensor) -> (mean: Tensor, variance: Tensor) {
    let (rows, channels) = (x.count / channels, channels)
    let mean = columnTotals(x).map { $0 / Double(rows) }
    return x.withUnsafeBuffer { x in
      guard let x = x.baseAddress else { return (runningMean.value, runningVariance.value) }
      let variance = mean.withUnsafeBufferPointer { mean in
        sumInParallel(rows: rows, count: channels) { range, sums in
          for row in range {
            let x = x + row * channels
            for c in 0..<channels {
              let deviation = Double(x[c]) - mean[c]
              sums[c] += deviation * deviation
            }
          }
        }
      }
      return (
        Tensor(shape: [channels], mean.map { Float($0) }),
        Tensor(shape: [channels], variance.map { Float($0 / Double(rows)) })
      )
    }
  }

  /// The normalisation in evaluation, as a factor and a term per channel, each [C].
  package var affine: (scale: Tensor, shift: Tensor) {
    affine(Statistics(mean: runningMean.value, variance: runningVariance.value))
  }

  /// Normalisation with given statistics, as a factor and a term per channel, each [C].
  package func affine(_ statistics: Statistics) -> (scale: Tensor, shift: Tensor) {
    var (scale, shift) = (weight.value, bias.value)
    for c in 0..<channels {
      let deviation = (Double(statistics.variance[flat: c]) + Double(epsilon)).squareRoot()
      let factor = Double(weight.value[flat: c]) / deviation
      scale[flat: c] = Float(factor)
      shift[flat: c] = Float(
        Double(bias.value[flat: c]) - Double(statistics.mean[flat: c]) * factor)
    }
    return (scale, shift)
  }
}

extension Tensor {
  fileprivate mutating func move(towards target: Tensor, by momentum: Float, scaled factor: Float) {
    for i in 0..<count { self[flat: i] += momentum * (target[flat: i] * factor - self[flat: i]) }
  }
}
