import PIQKernels
import PIQNeuralNetwork
import PIQTensor

/// Focal modulation (Yang et al., arXiv 2203.11926; `FocalNetModulation` of transformers): each pixel
/// is multiplied by a gated sum of its surroundings at several sizes, and of the whole map.
final class FocalModulation: Layer {
  /// From D channels to query (D), context (D) and L + 1 gates.
  private let projectionIn: Linear
  private let projectionContext: Linear
  private let projectionOut: Linear
  /// One for each of the L levels, each on the output of the one before.
  private let focalLayers: [DepthwiseConv2d]
  private let partSizes: [Int]

  /// Modulation of D channels.
  ///
  /// - Parameters:
  ///   - levels: L.
  ///   - window: the kernel of the first level; each further one is larger by 2.
  init(_ channels: Int, levels: Int, window: Int, using initializer: Initializer) {
    partSizes = [channels, channels, levels + 1]
    projectionIn = Linear(channels, partSizes.reduce(0, +), using: initializer)
    projectionContext = Linear(channels, channels, isConvolution: true, using: initializer)
    projectionOut = Linear(channels, channels, using: initializer)
    focalLayers = (0..<levels).map {
      DepthwiseConv2d(channels, kernel: window + 2 * $0, using: initializer)
    }
  }

  var state: [(name: String, parameter: Parameter)] {
    projectionIn.state(under: "projection_in")
      + projectionContext.state(under: "projection_context")
      + projectionOut.state(under: "projection_out")
      + focalLayers.enumerated().flatMap { $1.state(under: "focal_layers.\($0).0") }
  }

  /// Maps [B, H, W, D] to the same shape.
  func callAsFunction(_ x: Tensor) throws -> Tensor {
    let (query, modulator) = try modulator(x)
    return try projectionOut(product(query, modulator), named: "projection_out")
  }

  /// The query, and what it is multiplied by: the output of `projection_context`, [B, H, W, D] both.
  func modulator(_ x: Tensor) throws -> (query: Tensor, modulator: Tensor) {
    let parts = try projectionIn(x, named: "projection_in").channelParts(partSizes)
    let contexts = try LayerClock.step("focal_layers") {
      var (context, levels) = (parts[1], [Tensor]())
      for layer in focalLayers {
        context = gelu(try layer(context))
        levels.append(context)
      }
      return GatedContexts(levels: levels, global: gelu(spatialMean(context)), gates: parts[2])()
    }
    return (parts[0], try projectionContext(contexts, named: "projection_context"))
  }

  /// The modulation with its pullback; the parameters' gradients accumulate.
  func differentiated(_ x: Tensor) throws -> Differentiated {
    let projected = try projectionIn.differentiated(x)
    let parts = projected.value.channelParts(partSizes)
    var (levels, context) = ([Differentiated](), parts[1])
    for layer in focalLayers {
      levels.append(try layer.differentiated(context).then(differentiatedGelu))
      context = levels[levels.count - 1].value
    }
    let global = differentiatedSpatialMean(context).then(differentiatedGelu)
    let contexts = GatedContexts(
      levels: levels.map(\.value), global: global.value, gates: parts[2])
    let modulator = try projectionContext.differentiated(contexts())
    let output = try projectionOut.differentiated(product(parts[0], modulator.value))
    return Differentiated(output.value) { [levels] gradient in
      let toProduct = try output.pullback(gradient)
      let gradients = contexts.gradients(try modulator.pullback(product(toProduct, parts[0])))
      // Each level is in the sum, and is the input of the next one; the last is in the mean.
      var toContext = try global.pullback(gradients.global)
      for (level, direct) in zip(levels, gradients.levels).reversed() {
        toContext = try level.pullback(sum(toContext, direct))
      }
      let toQuery = product(toProduct, modulator.value)
      return try projected.pullback(
        Tensor(joiningChannels: [toQuery, toContext, gradients.gates]))
    }
  }
}
