import PIQNeuralNetwork
import PIQTensor
import TestSupport
import Testing

/// Each layer's pullback against central differences.
///
/// What single precision leaves of the differences is within 1e-3 of the sum of their terms here;
/// a gradient that is 1 % too long is not.
struct GradientTests {
  private let tolerance = 1e-3
  private let generator = Initializer(seed: 21)
  private var check: GradientCheck { GradientCheck(using: generator) }

  private func random(_ shape: [Int]) -> Tensor { generator.uniform(shape, bound: 1) }

  /// Values between 0.25 and 1.25 on either side of zero.
  private func awayFromZero(_ shape: [Int]) -> Tensor {
    Tensor(shape: shape, random(shape).elements.map { $0 + ($0 < 0 ? -0.25 : 0.25) })
  }

  /// The last size leaves a row and a column that no window reaches.
  @Test(arguments: [(4, 2, 1, 8), (3, 1, 1, 5), (1, 1, 0, 4), (4, 2, 1, 9), (3, 2, 0, 6)])
  func convolution(kernel: Int, stride: Int, padding: Int, size: Int) throws {
    let layer = Conv2d(
      3, 5, kernel: kernel, stride: stride, padding: padding, using: generator)
    let x = random([2, size, size + 1, 3])
    let results = try check(layer.state, at: x) { try layer.differentiated($0) }
    #expect(results.count == 3)
    #expect(results.failures(tolerance: tolerance).isEmpty, "\(results)")
  }

  /// The kernels of all PSI networks, and single channels with strides.
  @Test(arguments: [
    ((4, 4), (2, 2), 5), ((12, 12), (1, 1), 1), ((10, 8), (1, 1), 1), ((3, 3), (2, 2), 4),
    ((3, 3), (4, 5), 4), ((4, 1), (2, 2), 4), ((4, 4), (2, 2), 1), ((5, 3), (2, 1), 1),
    ((3, 3), (4, 5), 1),
  ])
  func transposedConvolution(kernel: (Int, Int), stride: (Int, Int), outputs: Int) throws {
    let layer = ConvTranspose2d(
      3, outputs, kernel: kernel, stride: stride, padding: 1, using: generator)
    let x = random([2, 4, 3, 3])
    let results = try check(layer.state, at: x) { try layer.differentiated($0) }
    #expect(results.count == 3)
    #expect(results.failures(tolerance: tolerance).isEmpty, "\(results)")
  }

  @Test(arguments: [Mode.training, .evaluation])
  func batchNormalization(mode: Mode) throws {
    let layer = BatchNorm(4)
    for (_, parameter) in layer.state { parameter.value = random([4]) }
    layer.runningVariance.value = Tensor(shape: [4], [0.5, 1, 2, 3])
    let results = try check(layer.state, at: random([3, 5, 2, 4])) {
      try layer.differentiated($0, mode: mode)
    }
    #expect(results.map(\.name) == ["input", "weight", "bias"])
    #expect(results.failures(tolerance: tolerance).isEmpty, "\(results)")
  }

  @Test func linear() throws {
    let layer = Linear(7, 5, using: generator)
    let results = try check(layer.state, at: random([4, 7]), forward: layer.differentiated)
    #expect(results.count == 3)
    #expect(results.failures(tolerance: tolerance).isEmpty, "\(results)")
  }

  @Test func functions() throws {
    let maps = awayFromZero([2, 3, 4, 5])
    let rectified = try check([], at: maps, forward: differentiatedRelu)
    #expect(rectified.failures(tolerance: tolerance).isEmpty, "\(rectified)")
    let averaged = try check([], at: maps, forward: differentiatedSpatialMean)
    #expect(averaged.failures(tolerance: tolerance).isEmpty, "\(averaged)")
  }

  @Test func cosineSimilarityOfBothSides() throws {
    let (x, y) = (random([4, 6]), random([3, 6]))
    let (_, pullback) = try differentiatedCosineSimilarities(x, y)
    let cotangent = random([4, 3])
    let gradients = try pullback(cotangent)
    let results = [
      try check("x", gradients.x, at: x) {
        GradientCheck.product(try cosineSimilarities($0, y), cotangent)
      },
      try check("y", gradients.y, at: y) {
        GradientCheck.product(try cosineSimilarities(x, $0), cotangent)
      },
    ]
    #expect(results.failures(tolerance: tolerance).isEmpty, "\(results)")
  }

  @Test func pullbacksAccumulate() throws {
    let layer = Linear(3, 2, using: generator)
    let (x, gradient) = (random([4, 3]), random([4, 2]))
    let y = try layer.differentiated(x)
    _ = try y.pullback(gradient)
    let once = layer.weight.gradient
    _ = try y.pullback(gradient)
    #expect(layer.weight.gradient == once.map { sum($0, $0) })
    layer.clearGradients()
    #expect(layer.weight.gradient == nil)
  }

  /// What the other tests rest on: a wrong gradient is found.
  @Test func wrongGradientsAreFound() throws {
    let layer = Conv2d(3, 5, kernel: 3, padding: 1, using: generator)
    let x = random([2, 5, 6, 3])
    let tooLong = try check(layer.state, at: x) { x in
      let y = try layer.differentiated(x)
      return Differentiated(y.value) { gradient in
        try y.pullback(Tensor(shape: gradient.shape, gradient.elements.map { $0 * 1.01 }))
      }
    }
    #expect(tooLong.failures(tolerance: tolerance).count == 3, "\(tooLong)")
    let missing = try check(layer.state, at: x) { x in
      Differentiated(try layer(x)) { _ in Tensor(shape: x.shape) }
    }
    #expect(missing.failures(tolerance: tolerance).count == 3, "\(missing)")
  }
}
