import PIQKernels
import PIQNeuralNetwork
import PIQTensor

/// The decoder of a PSI network: transposed convolutions with ReLU and batch normalisation
/// between them, the last one to a single channel.
final class Decoder: Layer {
  /// Kernel and stride (height, width) of each layer; all have padding 1.
  typealias LayerSizes = [(kernel: (Int, Int), stride: (Int, Int))]

  private let convolutions: [ConvTranspose2d]
  private let norms: [BatchNorm]
  private let sequence = ParameterCache<ConvolutionSequence>()

  init(dim: Int, layers: LayerSizes, using initializer: Initializer) {
    // Then only the active sites are computed, by products with single taps.
    let leavesSites = layers.contains { $0.kernel.0 < $0.stride.0 || $0.kernel.1 < $0.stride.1 }
    var convolutions: [ConvTranspose2d] = []
    for (index, layer) in layers.enumerated() {
      let isLast = index == layers.count - 1
      convolutions.append(
        ConvTranspose2d(
          dim, isLast ? 1 : dim, kernel: layer.kernel, stride: layer.stride, padding: 1,
          keepsTaps: leavesSites && !isLast, using: initializer))
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
  ///
  /// - Parameter precision: the precision of the operands of large products in evaluation.
  func callAsFunction(_ x: Tensor, mode: Mode, precision: Precision = .float32) throws -> Tensor {
    switch mode {
    case .training:
      var x = x
      for (convolution, norm) in zip(convolutions, norms) {
        x = try norm(relu(convolution(x)), mode: mode)
      }
      return try convolutions.last?(x) ?? x
    case .evaluation:
      let sequence = sequence(from: state.map(\.parameter), precision) {
        ConvolutionSequence(
          convolutions.enumerated().map { index, convolution in
            let norm = index < norms.count ? norms[index] : nil
            return (
              "\(3 * index)",
              convolution.plan(for: .inference, relu: norm != nil, then: norm, precision: precision)
            )
          })
      }
      return try sequence(x)
    }
  }

  /// The decoder with its pullback; the parameters' gradients accumulate.
  ///
  /// - Parameter precision: the precision of the operands of large products.
  func differentiated(
    _ x: Tensor, mode: Mode, precision: Precision = .float32
  ) throws -> Differentiated {
    var maps = NormalizedMaps(x)
    var pullbacks: [(consuming Tensor) throws -> Tensor] = []
    for (convolution, norm) in zip(convolutions, norms) {
      let level = try convolution.differentiated(maps, then: norm, mode: mode, precision: precision)
      maps = level.value
      pullbacks.append(level.pullback)
    }
    guard let last = convolutions.last else { return Differentiated(x) { $0 } }
    let (value, pullback) = try last.differentiated(maps, precision: precision)
    pullbacks.append(pullback)
    return Differentiated(value) { [pullbacks] gradient in
      // Passed on without a copy: the next pullback overwrites it.
      var gradient = gradient
      for pullback in pullbacks.reversed() { gradient = try pullback(consume gradient) }
      return gradient
    }
  }
}
