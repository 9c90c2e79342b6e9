import Glibc
public import PIQTensor

/// The Adam optimiser (Kingma and Ba, arXiv 1412.6980) as `torch.optim.Adam` computes it, and with
/// decoupled weight decay as `torch.optim.AdamW` does (Loshchilov and Hutter, arXiv 1711.05101).
///
///     let optimizer = Adam(network.state, learningRate: 2e-4, weightDecay: 2e-6)
///     optimizer.step()
public final class Adam {
  /// Where weight decay acts.
  public enum Decay: String, Sendable, Hashable, Codable {
    /// On the gradient, before its moments are taken: `torch.optim.Adam`.
    case gradient
    /// On the parameter itself, in proportion to the learning rate: `torch.optim.AdamW`.
    case decoupled
  }

  /// The optimiser's state for a parameter.
  private struct Moments {
    /// Steps taken; a step without a gradient does not count.
    var steps = 0
    /// The moving average of the gradient (`exp_avg`).
    var mean: Tensor
    /// The moving average of its square (`exp_avg_sq`).
    var square: Tensor
  }

  /// The learning rate.
  public var learningRate: Double
  private let parameters: [(name: String, parameter: Parameter)]
  private let betas: (Double, Double)
  private let epsilon, weightDecay: Double
  private let decay: Decay
  private var moments: [Moments]

  /// An optimiser of those of `parameters` that are trainable.
  ///
  /// - Parameters:
  ///   - parameters: the parameters under their names, as `Layer.state` gives them.
  ///   - betas: the weights of the past in the moving averages of the gradient and its square.
  ///   - epsilon: added to the divisor.
  ///   - weightDecay: the factor of the decay; 0 for none.
  ///   - decay: where the decay acts.
  public init(
    _ parameters: [(name: String, parameter: Parameter)], learningRate: Double = 1e-3,
    betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8, weightDecay: Double = 0,
    decay: Decay = .gradient
  ) {
    self.parameters = parameters.filter(\.parameter.isTrainable)
    self.learningRate = learningRate
    self.betas = betas
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.decay = decay
    moments = self.parameters.map {
      let zeros = Tensor(shape: $0.parameter.value.shape)
      return Moments(mean: zeros, square: zeros)
    }
  }

  /// Moves each parameter that has a gradient; gradients stay as they are.
  public func step() {
    for (index, (_, parameter)) in parameters.enumerated() {
      guard let gradient = parameter.gradient else { continue }
      move(&parameter.value, by: gradient, &moments[index])
    }
  }

  private func move(_ value: inout Tensor, by gradient: Tensor, _ moments: inout Moments) {
    moments.steps += 1
    let update = update(afterSteps: moments.steps)
    gradient.withUnsafeBuffer { gradient in
      value.withUnsafeMutableBuffer { value in
        moments.mean.withUnsafeMutableBuffer { mean in
          moments.square.withUnsafeMutableBuffer { square in update(value, gradient, mean, square) }
        }
      }
    }
  }

  private func update(afterSteps steps: Int) -> AdamUpdate {
    AdamUpdate(
      gradientDecay: decay == .gradient ? Float(weightDecay) : 0,
      kept: decay == .decoupled ? Float(1 - learningRate * weightDecay) : 1,
      freshMean: Float(1 - betas.0), keptSquare: Float(betas.1), freshSquare: Float(1 - betas.1),
      rate: Float(learningRate / (1 - pow(betas.0, Double(steps)))),
      correction: Float(1 / (1 - pow(betas.1, Double(steps))).squareRoot()),
      epsilon: Float(epsilon))
  }
}

/// The numbers of one step, and the loop that applies them. Single precision, as PyTorch's: the
/// loop runs over all values of a network, and is as fast as memory allows.
private struct AdamUpdate {
  let gradientDecay, kept, freshMean, keptSquare, freshSquare, rate, correction, epsilon: Float

  func callAsFunction(
    _ value: UnsafeMutableBufferPointer<Float>, _ gradient: UnsafeBufferPointer<Float>,
    _ mean: UnsafeMutableBufferPointer<Float>, _ square: UnsafeMutableBufferPointer<Float>
  ) {
    for i in 0..<value.count {
      let g = gradient[i] + gradientDecay * value[i]
      let m = mean[i] + freshMean * (g - mean[i])
      let v = keptSquare * square[i] + freshSquare * g * g
      mean[i] = m
      square[i] = v
      value[i] = kept * value[i] - rate * m / (v.squareRoot() * correction + epsilon)
    }
  }
}

extension Adam {
  /// The state for an exact continuation later: for each parameter its name with `.step` [],
  /// `.exp_avg` and `.exp_avg_sq` (both of the parameter's shape) after it.
  ///
  /// A count of steps is exact up to 2^24, sixteen million.
  public var state: [(name: String, tensor: Tensor)] {
    zip(parameters, moments).flatMap { parameter, moments in
      [
        (parameter.name + ".step", Tensor(shape: [], [Float(moments.steps)])),
        (parameter.name + ".exp_avg", moments.mean),
        (parameter.name + ".exp_avg_sq", moments.square),
      ]
    }
  }

  /// Restores a saved state; nothing changes if it does not fit.
  ///
  /// - Parameter value: gives the tensor of `state` that has this name and shape.
  /// - Throws: what `value` throws; `OptimizerStateError` for tensors that are no valid state.
  public func restore(_ value: (_ name: String, _ shape: [Int]) throws -> Tensor) throws {
    moments = try zip(parameters, moments).map { parameter, old in
      func tensor(_ suffix: String, like old: Tensor) throws -> Tensor {
        let tensor = try value(parameter.name + suffix, old.shape)
        guard tensor.shape == old.shape else {
          throw OptimizerStateError(
            name: parameter.name + suffix, problem: "has shape \(tensor.shape), not \(old.shape)")
        }
        return tensor
      }
      let steps = try tensor(".step", like: Tensor(shape: [])).scalar
      guard let steps = Int(exactly: steps), steps >= 0 else {
        throw OptimizerStateError(name: parameter.name + ".step", problem: "is no count: \(steps)")
      }
      return Moments(
        steps: steps, mean: try tensor(".exp_avg", like: old.mean),
        square: try tensor(".exp_avg_sq", like: old.square))
    }
  }
}

/// A tensor that is not part of a valid optimiser state.
public struct OptimizerStateError: Error, Hashable, CustomStringConvertible {
  /// The tensor's name.
  public let name: String
  /// The problem.
  public let problem: String

  public var description: String { "optimiser state '\(name)' \(problem)" }
}

/// Scales all gradients by one factor where their common Euclidean norm is above `limit`, so that it
/// becomes `limit` (`torch.nn.utils.clip_grad_norm_`).
///
/// - Returns: the norm before. It is not finite where a value of a gradient is not; the gradients
///   then stay as they are, and a step with them would corrupt the parameters.
public func clipGradients(_ parameters: [Parameter], toNorm limit: Double) -> Double {
  let squares = parameters.reduce(0) { $0 + ($1.gradient.map(sumOfSquares) ?? 0) }
  let norm = squares.squareRoot()
  // The summand is PyTorch's, to avoid a division by zero.
  let factor = limit / (norm + 1e-6)
  guard norm.isFinite, factor < 1 else { return norm }
  for parameter in parameters {
    parameter.gradient?.withUnsafeMutableBuffer { gradient in
      for i in 0..<gradient.count { gradient[i] *= Float(factor) }
    }
  }
  return norm
}

/// The sum of the squares of all values, in double precision: it overflows for no finite value.
private func sumOfSquares(_ x: Tensor) -> Double {
  x.withUnsafeBuffer { x in
    let whole = x.count - x.count % 8
    var lanes = SIMD8<Double>.zero
    for i in stride(from: 0, to: whole, by: 8) {
      var values = SIMD8<Float>.zero
      for j in 0..<8 { values[j] = x[i + j] }
      let wide = SIMD8<Double>(values)
      lanes += wide * wide
    }
    return x[whole...].reduce(lanes.sum()) { $0 + Double($1) * Double($1) }
  }
}
