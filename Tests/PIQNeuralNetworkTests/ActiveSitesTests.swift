import PIQKernels
import PIQNeuralNetwork
import PIQPlatform
import PIQTensor
import TestSupport
import Testing

/// Decoders with strides larger than kernels, of which only what depends on the input is computed,
/// against the same layers one by one.
struct ActiveSitesTests {
  private struct Sizes: CustomStringConvertible, Sendable {
    var layers: [(kernel: (Int, Int), stride: (Int, Int))]
    var channels = 24
    var padding = 1
    var extent = (14, 14)

    var description: String { "\(layers) of \(channels) at \(extent), padding \(padding)" }
  }

  /// PIQ's decoder of FocalNet and ViT.
  private static let image: [(kernel: (Int, Int), stride: (Int, Int))] = [
    ((3, 3), (4, 5)), ((4, 1), (2, 2)), ((4, 1), (2, 2)), ((4, 2), (2, 2)), ((10, 8), (1, 1)),
  ]

  private static let sizes: [Sizes] = [
    Sizes(layers: image), Sizes(layers: image, extent: (7, 7)),
    Sizes(layers: image, channels: 72, extent: (2, 3)), Sizes(layers: image, extent: (1, 2)),
    Sizes(layers: image, extent: (1, 9)), Sizes(layers: image, channels: 16, extent: (14, 16)),
    // Gaps on both axes, without padding, at the end of the network, with overlapping kernels.
    Sizes(layers: [((1, 1), (3, 2)), ((5, 4), (2, 1))], padding: 0, extent: (4, 5)),
    Sizes(layers: [((4, 4), (2, 2)), ((2, 1), (3, 3)), ((3, 2), (2, 2))], padding: 0),
    Sizes(layers: [((2, 3), (3, 2)), ((5, 5), (1, 2)), ((1, 2), (2, 3)), ((6, 6), (2, 1))]),
    Sizes(layers: [((3, 3), (2, 2)), ((1, 3), (2, 1)), ((3, 3), (1, 1))], extent: (5, 3)),
    // With as many channels as minimal filtering takes.
    Sizes(layers: image, channels: 64, extent: (7, 3)),
    Sizes(layers: image, channels: 512, extent: (3, 2)),
    Sizes(
      layers: [((1, 1), (2, 2)), ((6, 2), (3, 1)), ((2, 2), (1, 1))], channels: 64, padding: 0),
    // Nothing in the last rows and columns depends on the input.
    Sizes(layers: [((2, 2), (5, 7)), ((1, 1), (1, 1))], padding: 0, extent: (3, 2)),
  ]

  private let generator = Initializer(seed: 7)

  private func plans(
    _ sizes: Sizes, precision: Precision = .float32
  ) -> [(name: String, plan: ConvolutionPlan)] {
    sizes.layers.enumerated().map { index, layer in
      let isLast = index == sizes.layers.count - 1
      let convolution = ConvTranspose2d(
        sizes.channels, isLast ? 1 : sizes.channels, kernel: layer.kernel, stride: layer.stride,
        padding: sizes.padding, using: generator)
      let norm = BatchNorm(sizes.channels)
      for (_, parameter) in norm.state {
        parameter.value = generator.uniform(parameter.value.shape, bound: 1)
      }
      norm.runningVariance.value = Tensor(shape: [sizes.channels], repeating: 0.05)
      return (
        "\(index)",
        convolution.plan(
          for: .inference, relu: !isLast, then: isLast ? nil : norm, precision: precision)
      )
    }
  }

  private func input(_ sizes: Sizes, batch: Int = 1) -> Tensor {
    generator.uniform([batch, sizes.extent.0, sizes.extent.1, sizes.channels], bound: 1)
  }

  @Test(arguments: sizes.indices)
  func equalsTheLayersOneByOne(index: Int) throws {
    let sizes = Self.sizes[index]
    let plans = plans(sizes)
    let sequence = ConvolutionSequence(plans)
    for batch in [1, 2, 1] {
      let x = input(sizes, batch: batch)
      let expected = try plans.reduce(x) { try $1.plan($0) }
      let difference = TensorDifference(try sequence(x), expected)
      #expect(difference.relative <= 2e-6, "\(sizes): \(difference)")
    }
  }

  @Test(.enabled(if: Precision.bfloat16.isNative))
  func equalsTheLayersInBFloat16() throws {
    let sizes = Sizes(layers: Self.image, channels: 72, extent: (3, 4))
    let plans = plans(sizes, precision: .bfloat16)
    let x = input(sizes)
    let expected = try plans.reduce(x) { try $1.plan($0) }
    let difference = TensorDifference(try ConvolutionSequence(plans)(x), expected)
    #expect(difference.relative > 0 && difference.relative <= 2e-2, "\(difference)")
  }

  /// A third of the columns is the same for all inputs, bit for bit; constants of one extent do not
  /// serve another.
  @Test func constantsDependOnTheExtentAlone() throws {
    let sizes = Sizes(layers: Self.image)
    let sequence = ConvolutionSequence(plans(sizes))
    let first = try sequence(input(sizes)).elements
    let other = try sequence(generator.uniform([1, 5, 6, sizes.channels], bound: 1))
    #expect(other.shape == [1, 143, 193, 1])
    let second = try sequence(input(sizes)).elements
    let equal = zip(first, second).count { $0 == $1 }
    #expect(Double(equal) > 0.37 * Double(first.count) && equal < first.count / 2)
  }

  /// Blocks depend on the sizes alone.
  @Test func threadsChangeNothing() throws {
    let sizes = Sizes(layers: Self.image, extent: (4, 3))
    let plans = plans(sizes)
    let x = input(sizes)
    let one = try Threads.with(1) { try ConvolutionSequence(plans)(x) }
    #expect(try Threads.with(3) { try ConvolutionSequence(plans)(x) } == one)
  }

  /// The layers' times, and the work that is left.
  @Test func notesItsLayers() throws {
    let sizes = Sizes(layers: Self.image)
    let clock = LayerClock()
    _ = try clock.measure { try ConvolutionSequence(plans(sizes))(input(sizes)) }
    #expect(clock.layers.map(\.name) == ["0", "1", "2", "3, 4"])
    let shares = clock.layers.map { $0.performed / $0.multiplications }
    #expect(shares[0] > 0.9 && shares[0] <= 1)
    for (share, expected) in zip(shares.dropFirst(), [0.44, 0.29, 0.149]) {
      #expect(abs(share - expected) < 0.02, "\(shares)")
    }
  }

  @Test func refusesOtherInputs() {
    let sequence = ConvolutionSequence(plans(Sizes(layers: Self.image)))
    for shape in [[1, 14, 14, 23], [14, 14, 24], [1, 0, 14, 24], [1, 1, 1, 24]] {
      #expect(throws: (any Error).self, "\(shape)") { try sequence(Tensor(shape: shape)) }
    }
  }
}
