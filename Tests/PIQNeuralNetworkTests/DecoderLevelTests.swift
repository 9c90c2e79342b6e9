import PIQKernels
import PIQNeuralNetwork
import PIQTensor
import TestSupport
import Testing

/// Levels of a decoder, whose normalised maps are never kept, against their parts one by one as
/// `Definition` says, and the way back against central differences.
struct DecoderLevelTests {
  private let generator = Initializer(seed: 41)

  private func random(_ shape: [Int]) -> Tensor { generator.uniform(shape, bound: 1) }

  /// Two levels and a last layer to one channel: kernels of all kinds, odd extents.
  private func network(
    kernel: (Int, Int), stride: (Int, Int), last: (Int, Int)
  ) -> (layers: [ConvTranspose2d], norms: [BatchNorm]) {
    let layers = [(kernel, stride, 5), ((4, 4), (2, 2), 3), (last, (1, 1), 1)].enumerated().map {
      ConvTranspose2d(
        [3, 5, 3][$0], $1.2, kernel: $1.0, stride: $1.1, padding: 1, using: generator)
    }
    let norms = [BatchNorm(5), BatchNorm(3)]
    for norm in norms {
      for (_, parameter) in norm.state { parameter.value = random(parameter.value.shape) }
      norm.runningVariance.value = Tensor(shape: norm.weight.value.shape, repeating: 0.7)
    }
    // What goes into a ReLU stays away from zero, one channel in three below it.
    for layer in layers.dropLast() {
      layer.bias.value = Tensor(
        shape: layer.bias.value.shape,
        (0..<layer.bias.value.count).map { $0 % 3 == 2 ? -6 : 6 })
    }
    return (layers, norms)
  }

  private func run(
    _ network: (layers: [ConvTranspose2d], norms: [BatchNorm]), _ x: Tensor, mode: Mode
  ) throws -> Differentiated {
    var maps = NormalizedMaps(x)
    var pullbacks: [(consuming Tensor) throws -> Tensor] = []
    for (layer, norm) in zip(network.layers, network.norms) {
      let level = try layer.differentiated(
        maps, then: norm, mode: mode, precision: .float32)
      maps = level.value
      pullbacks.append(level.pullback)
    }
    let last = try network.layers[2].differentiated(maps, precision: .float32)
    pullbacks.append(last.pullback)
    return Differentiated(last.value) { [pullbacks] gradient in
      var gradient = gradient
      for pullback in pullbacks.reversed() { gradient = try pullback(gradient) }
      return gradient
    }
  }

  private func state(
    _ network: (layers: [ConvTranspose2d], norms: [BatchNorm])
  ) -> [(name: String, parameter: Parameter)] {
    network.layers.indices.flatMap { network.layers[$0].state(under: "layer\($0)") }
      + network.norms.indices.flatMap { network.norms[$0].state(under: "norm\($0)") }
  }

  @Test(
    arguments: [((3, 3), (2, 2), (12, 12)), ((4, 4), (2, 2), (10, 8)), ((4, 1), (2, 2), (5, 3))],
    [Mode.training, .evaluation])
  func values(sizes: ((Int, Int), (Int, Int), (Int, Int)), mode: Mode) throws {
    for batch in [1, 3] {
      let network = network(kernel: sizes.0, stride: sizes.1, last: sizes.2)
      let x = random([batch, 5, 3, 3])
      var expected = x
      for (index, layer) in network.layers.enumerated() {
        expected = Definition.transposedConvolution(
          expected, layer.weight.value, layer.bias.value,
          stride: index == 0 ? sizes.1 : index == 1 ? (2, 2) : (1, 1), padding: 1)
        guard index < 2 else { continue }
        let norm = network.norms[index]
        expected = Tensor(shape: expected.shape, expected.elements.map { max($0, 0) })
        let channels = norm.weight.value.count
        let batchStatistics = Definition.statistics(expected, channels: channels)
        let running = (
          mean: norm.runningMean.value.elements.map { Double($0) },
          variance: norm.runningVariance.value.elements.map { Double($0) }
        )
        let (mean, variance) = mode == .training ? batchStatistics : running
        expected = Definition.normalized(
          expected, mean: mean, variance: variance, scale: norm.weight.value,
          shift: norm.bias.value)
      }
      let difference = TensorDifference(try run(network, x, mode: mode).value, expected)
      #expect(difference.relative < 1e-5, "\(difference)")
    }
  }

  @Test(
    arguments: [((3, 3), (2, 2), (12, 12)), ((4, 4), (2, 2), (10, 8)), ((4, 1), (2, 2), (5, 3))],
    [Mode.training, .evaluation])
  func gradients(sizes: ((Int, Int), (Int, Int), (Int, Int)), mode: Mode) throws {
    let network = network(kernel: sizes.0, stride: sizes.1, last: sizes.2)
    let x = random([2, 3, 5, 3])
    func check(
      _ parameters: [(name: String, parameter: Parameter)], step: Float
    ) throws -> [GradientCheck.Result] {
      try GradientCheck(step: step, using: generator)(parameters, at: x) {
        try run(network, $0, mode: mode)
      }
    }
    // Vectors take large steps, because the effect of some is small.
    let isVector = { (entry: (name: String, parameter: Parameter)) in
      entry.parameter.value.shape.count == 1
    }
    let results =
      try check(state(network).filter(isVector), step: 0x1p-5)
      + check(state(network).filter { !isVector($0) }, step: 0x1p-7).dropFirst()
    #expect(results.count == 1 + 3 * 2 + 2 * 2)
    #expect(results.failures(tolerance: 2e-3).isEmpty, "\(results)")
  }

  /// The same sums on each run, bit for bit, however the blocks were shared out.
  @Test func gradientsRepeat() throws {
    let network = network(kernel: (3, 3), stride: (2, 2), last: (12, 12))
    let x = random([2, 33, 31, 3])
    func gradients() throws -> [Tensor?] {
      for (_, parameter) in state(network) { parameter.gradient = nil }
      let y = try run(network, x, mode: .training)
      return [try y.pullback(y.value)] + state(network).map(\.parameter.gradient)
    }
    let first = try gradients()
    for _ in 0..<3 { #expect(try gradients() == first) }
  }

  /// A frozen layer passes its input's gradient on, and computes none of its own.
  @Test(arguments: [Mode.training, .evaluation])
  func frozenLayers(mode: Mode) throws {
    let network = network(kernel: (3, 3), stride: (2, 2), last: (12, 12))
    let layers: [any Layer] = network.layers + network.norms
    let x = random([2, 3, 5, 3])
    let y = try run(network, x, mode: mode)
    let expected = try y.pullback(y.value)
    for layer in layers { layer.clearGradients() }
    for (_, parameter) in state(network) { parameter.needsGradient = false }
    #expect(try y.pullback(y.value) == expected)
    #expect(state(network).allSatisfy { $0.parameter.gradient == nil })
    for (_, parameter) in state(network) { parameter.needsGradient = parameter.isTrainable }
    _ = try y.pullback(y.value)
    #expect(
      state(network).allSatisfy { ($0.parameter.gradient != nil) == $0.parameter.isTrainable })
  }
}
