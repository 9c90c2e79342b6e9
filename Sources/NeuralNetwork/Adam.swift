import Tensor

/// The Adam optimiser (Kingma and Ba, arXiv 1412.6980) as `torch.optim.Adam` computes it: weight
/// decay is added to the gradient.
public final class Adam {
  /// The learning rate.
  public var learningRate: Double
  private let parameters: [Parameter]
  private let betas: (Double, Double)
  private let epsilon, weightDecay: Double
  private var steps = 0
  private var means: [Tensor]
  private var squares: [Tensor]

  /// An optimiser of those of `parameters` that are trainable.
  public init(
    _ parameters: [Parameter], learningRate: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999),
    epsilon: Double = 1e-8, weightDecay: Double = 0
  ) {
    self.parameters = parameters.filter(\.isTrainable)
    self.learningRate = learningRate
    self.betas = betas
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    means = self.parameters.map { Tensor(shape: $0.value.shape) }
    squares = means
  }

  /// Moves each parameter that has a gradient; gradients stay as they are.
  public func step() {
    steps += 1
    let (beta1, beta2) = betas
    let rate = learningRate / (1 - power(beta1, steps))
    let correction = (1 - power(beta2, steps)).squareRoot()
    for (index, parameter) in parameters.enumerated() {
      guard let gradient = parameter.gradient else { continue }
      var value = parameter.value
      gradient.withUnsafeBuffer { gradient in
        value.withUnsafeMutableBuffer { value in
          means[index].withUnsafeMutableBuffer { mean in
            squares[index].withUnsafeMutableBuffer { square in
              for i in value.indices {
                let g = Double(gradient[i]) + weightDecay * Double(value[i])
                let m = beta1 * Double(mean[i]) + (1 - beta1) * g
                let v = beta2 * Double(square[i]) + (1 - beta2) * g * g
                (mean[i], square[i]) = (Float(m), Float(v))
                value[i] = Float(
                  Double(value[i]) - rate * m / (v.squareRoot() / correction + epsilon))
              }
            }
          }
        }
      }
      parameter.value = value
    }
  }

  private func power(_ base: Double, _ exponent: Int) -> Double {
    (0..<exponent).reduce(1) { product, _ in product * base }
  }
}
