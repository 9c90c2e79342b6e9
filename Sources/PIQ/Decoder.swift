import PIQNeuralNetwork
import PIQTensor

/// The decoder of a PSI network: transposed convolutions with ReLU and batch normalisation
/// between them, the last one to a single channel.
final class Decoder: Layer {
  /// Kernel and stride (height, width) of each layer; all have padding 1.
  typealias LayerSizes = [(kernel: (Int, Int), stride: (Int, Int))]

  private let convolutions: [ConvTranspose2d]
  private let norms: [BatchNorm]
  private let fused = Derived<[any ForwardPlan]>()

  init(dim: Int, layers: LayerSizes, using initializer: Initializer) {
    var convolutions: [ConvTranspose2d] = []
    for (index, layer) in layers.enumerated() {
      convolutions.append(
        ConvTranspose2d(
          dim, index == layers.count - 1 ? 1 : dim, kernel: layer.kernel, stride: layer.stride,
          padding: 1, using: initializer))
    }
    self.convolutions = convolutions
    norms = layers.dropLast().map { _ in BatchNorm(dim) }
  }

  /// The names count convolution, ReLU and normalisation as one module each, as `Sequential` does.
  var state: [(name: String, parameter: Parameter)] {
    convolutions.indices.flatMap { index in
      convolutions[index].state(under: "\(3 * index)")
        + (index < norms.count ? norms[index].state(under: "\(3 * index + 2)") : [])
    }
  }

  var convolutionWeights: [ConvTranspose2d] { convolutions }

  /// Maps [B, H, W, C] to [B, T, F, 1].
  func callAsFunction(_ x: Tensor, mode: Mode) throws -> Tensor {
    var x = x
    switch mode {
    case .training:
      for (convolution, norm) in zip(convolutions, norms) {
        x = try norm(relu(convolution(x)), mode: mode)
      }
      if let last = convolutions.last { x = try last(x) }
    case .evaluation:
      let plans = fused(from: state.map(\.parameter), make: makePlans)
      for (index, plan) in plans.enumerated() {
        // The last plan may have the last two layers.
        let isBoth = index == plans.count - 1 && plans.count < convolutions.count
        let name = "\(3 * index)" + (isBoth ? ", \(3 * index + 3)" : "")
        x = try plan(x, named: name)
      }
    }
    return x
  }

  /// The decoder with its pullback; the parameters' gradients accumulate.
  func differentiated(_ x: Tensor, mode: Mode) throws -> Differentiated {
    var maps = NormalizedMaps(x)
    var pullbacks: [(consuming Tensor) throws -> Tensor] = []
    for (convolution, norm) in zip(convolutions, norms) {
      let level = try convolution.differentiated(maps, then: norm, mode: mode)
      maps = level.value
      pullbacks.append(level.pullback)
    }
    guard let last = convolutions.last else { return Differentiated(x) { $0 } }
    let (value, pullback) = try last.differentiated(maps)
    pullbacks.append(pullback)
    return Differentiated(value) { [pullbacks] gradient in
      // Handed on, not kept: the next pullback writes over it.
      var gradient = gradient
      for pullback in pullbacks.reversed() { gradient = try pullback(consume gradient) }
      return gradient
    }
  }

  private func makePlans() -> [any ForwardPlan] {
    var plans: [any ForwardPlan] = zip(convolutions, norms).dropLast().map {
      $0.fused(relu: true, then: $1)
    }
    guard let last = convolutions.last, let norm = norms.last else { return plans }
    let secondToLast = convolutions[norms.count - 1]
    if let strips = secondToLast.fusedInStrips(then: norm, then: last) {
      plans.append(strips)
    } else {
      plans += [secondToLast.fused(relu: true, then: norm), last.fused()]
    }
    return plans
  }
}
