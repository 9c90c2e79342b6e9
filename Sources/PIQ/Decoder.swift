import NeuralNetwork
import Tensor

/// The decoder of a PSI network: transposed convolutions with ReLU and batch normalisation
/// between them, the last one to a single channel.
final class Decoder: Layer {
  /// Kernel and stride (height, width) of each layer; all have padding 1.
  typealias LayerSizes = [(kernel: (Int, Int), stride: (Int, Int))]

  private let convolutions: [ConvTranspose2d]
  private let norms: [BatchNorm]
  private let fused = Derived<[any ForwardPlan]>()

  init(dim: Int, layers: LayerSizes, using generator: inout some RandomNumberGenerator) {
    var convolutions: [ConvTranspose2d] = []
    for (index, layer) in layers.enumerated() {
      convolutions.append(
        ConvTranspose2d(
          dim, index == layers.count - 1 ? 1 : dim, kernel: layer.kernel, stride: layer.stride,
          padding: 1, using: &generator))
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
      let plans = fused(from: state.map(\.parameter)) {
        convolutions.indices.map { index in
          index < norms.count
            ? convolutions[index].fused(relu: true, then: norms[index])
            : convolutions[index].fused()
        }
      }
      for plan in plans { x = try plan(x) }
    }
    return x
  }
}
