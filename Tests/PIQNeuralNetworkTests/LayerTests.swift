import PIQKernels
import PIQNeuralNetwork
import PIQOneDNN
import PIQTensor
import TestSupport
import Testing

/// Each layer against its definition, at odd sizes.
struct LayerTests {
  private let generator = Initializer(seed: 7)

  private func random(_ shape: [Int]) -> Tensor {
    generator.uniform(shape, bound: 1)
  }

  @Test(
    arguments: [(1, 1, 5, 7), (2, 3, 9, 4), (1, 17, 16, 33)], [(4, 2, 1), (3, 1, 1), (1, 1, 0)])
  func convolution(size: (Int, Int, Int, Int), layer: (Int, Int, Int)) throws {
    let (kernel, stride, padding) = layer
    let convolution = Conv2d(
      size.1, 5, kernel: kernel, stride: stride, padding: padding, using: generator)
    let x = random([size.0, size.2, size.3, size.1])
    let expected = Definition.convolution(
      x, convolution.weight.value, convolution.bias.value, stride: stride, padding: padding)
    let difference = TensorDifference(try convolution(x), expected)
    #expect(difference.relative < 1e-6, "\(difference)")
  }

  /// The kernels of all three PSI networks: the doubling one, the single-channel one, the rest.
  @Test(arguments: [
    ((4, 4), (2, 2), 5), ((4, 4), (2, 2), 16), ((3, 3), (2, 2), 4), ((3, 3), (4, 5), 4),
    ((4, 1), (2, 2), 4), ((4, 2), (2, 2), 3), ((12, 12), (1, 1), 1), ((10, 8), (1, 1), 1),
  ])
  func transposedConvolution(
    kernel: (Int, Int), stride: (Int, Int), outputs: Int
  ) throws {
    let convolution = ConvTranspose2d(
      3, outputs, kernel: kernel, stride: stride, padding: 1, using: generator)
    for (b, h, w) in [(1, 2, 3), (2, 7, 5), (1, 1, 2)] {
      let x = random([b, h, w, 3])
      let expected = Definition.transposedConvolution(
        x, convolution.weight.value, convolution.bias.value, stride: stride, padding: 1)
      let difference = TensorDifference(try convolution(x), expected)
      #expect(difference.relative < 1e-6, "\(x.shape): \(difference)")
    }
  }

  @Test(arguments: [(3, 4), (501, 8), (70, 3)])
  func batchNormalization(rows: Int, channels: Int) throws {
    let norm = BatchNorm(channels)
    norm.weight.value = random([channels])
    norm.bias.value = random([channels])
    var x = random([rows, channels])
    // A mean far from zero shows a variance that is computed as a difference of large sums.
    x.withUnsafeMutableBuffer { x in for i in x.indices { x[i] += 3 } }
    let (mean, variance) = Definition.statistics(x, channels: channels)
    let trained = TensorDifference(
      try norm(x, mode: .training),
      Definition.normalized(
        x, mean: mean, variance: variance, scale: norm.weight.value, shift: norm.bias.value))
    #expect(trained.relative < 2e-6, "\(trained)")
    let unbiased = Double(rows) / Double(rows - 1)
    let runningMean = Tensor(shape: [channels], mean.map { Float(0.1 * $0) })
    let runningVariance = Tensor(
      shape: [channels], variance.map { Float(0.9 + 0.1 * $0 * unbiased) })
    #expect(TensorDifference(norm.runningMean.value, runningMean).relative < 1e-6)
    #expect(TensorDifference(norm.runningVariance.value, runningVariance).relative < 1e-6)
    let evaluated = TensorDifference(
      try norm(x, mode: .evaluation),
      Definition.normalized(
        x, mean: runningMean.elements.map(Double.init),
        variance: runningVariance.elements.map(Double.init), scale: norm.weight.value,
        shift: norm.bias.value))
    #expect(evaluated.relative < 2e-6, "\(evaluated)")
  }

  @Test func foldedLayersGiveWhatSeparateOnesGive() throws {
    let convolution = Conv2d(3, 8, kernel: 4, stride: 2, padding: 1, using: generator)
    let transposed = ConvTranspose2d(
      8, 8, kernel: (4, 4), stride: (2, 2), padding: 1, using: generator)
    let norm = BatchNorm(8)
    norm.runningMean.value = random([8])
    norm.runningVariance.value = Tensor(shape: [8], (1...8).map { Float($0) / 4 })
    norm.weight.value = random([8])
    let x = random([2, 11, 14, 3])
    let separate = try relu(norm(convolution(x), mode: .evaluation))
    let foldedPlan = convolution.plan(for: .inference, with: norm, relu: true)
    let folded = try foldedPlan(x)
    #expect(TensorDifference(folded, separate).relative < 2e-6)
    let after = try norm(relu(transposed(separate)), mode: .evaluation)
    let fusedPlan = transposed.plan(for: .inference, relu: true, then: norm)
    let fused = try fusedPlan(separate)
    #expect(TensorDifference(fused, after).relative < 2e-6)
    let plain = convolution.plan(for: .inference)
    let onTop = try plain(x, adding: separate)
    let apart = sum(try convolution(x), separate)
    #expect(TensorDifference(onTop, apart).relative < 2e-6)
  }

  /// Layers without minimal filtering, whose operands are rounded: near what single precision gives,
  /// and not the same.
  @Test(.enabled(if: Precision.bfloat16.isNative)) func roundedOperands() throws {
    let convolution = Conv2d(64, 72, kernel: 3, padding: 1, using: generator)
    let last = ConvTranspose2d(
      72, 1, kernel: (12, 12), stride: (1, 1), padding: 1, using: generator)
    let (x, y) = (random([2, 7, 9, 64]), random([2, 7, 9, 72]))
    func run(_ precision: Precision) throws -> [Tensor] {
      let first = try convolution.differentiated(x, precision: precision)
      let second = try last.differentiated(y, precision: precision)
      convolution.clearGradients()
      last.clearGradients()
      let inputs = [try first.pullback(y), try second.pullback(second.value)]
      return [first.value, second.value] + inputs
        + (convolution.state + last.state).compactMap(\.parameter.gradient)
    }
    let (exact, rounded) = (try run(.float32), try run(.bfloat16))
    #expect(exact.count == 8)
    for (exact, rounded) in zip(exact, rounded) where exact.count > 1 {
      #expect(TensorDifference(rounded, exact).relative < 2e-2)
    }
    #expect(exact[0] != rounded[0] && exact[1] != rounded[1])
  }

  @Test func changedWeightsAreUsed() throws {
    let convolution = Conv2d(2, 3, kernel: 3, padding: 1, using: generator)
    let x = random([1, 4, 4, 2])
    let before = try convolution(x)
    convolution.weight.value = random(convolution.weight.value.shape)
    #expect(try convolution(x) != before)
  }

  @Test func linear() throws {
    let linear = Linear(7, 5, using: generator)
    let x = random([3, 7])
    let asConvolution = Definition.convolution(
      x.reshaped([3, 1, 1, 7]), linear.weight.value.reshaped([5, 7, 1, 1]), linear.bias.value,
      stride: 1, padding: 0)
    #expect(TensorDifference(try linear(x), asConvolution.reshaped([3, 5])).relative < 1e-6)
  }

  @Test func elementwiseFunctions() throws {
    let x = Tensor(shape: [2, 4], [-30, -3, -0.5, 0, 0.25, 1, 8, 30])
    let values = x.elements.map(Double.init)
    func difference(_ y: Tensor, _ f: (Double) -> Double) -> Double {
      TensorDifference(y, Tensor(shape: [2, 4], values.map { Float(f($0)) })).absolute
    }
    #expect(difference(relu(x)) { max($0, 0) } == 0)
    #expect(relu(Tensor(shape: [1], [.nan])).scalar.isNaN)
    #expect(difference(sigmoid(x)) { 1 / (1 + exponential(-$0)) } < 2e-7)
    #expect(difference(softplus(x)) { logarithm(1 + exponential($0)) } < 2e-6)
  }

  /// Two precisions in turn are made once each, and again when a parameter has changed.
  @Test func cachedValues() {
    let cache = ParameterCache<Int>()
    let parameter = Parameter(Tensor(shape: [1]))
    var made = 0
    func value(_ precision: Precision) -> Int {
      cache(from: [parameter], precision) {
        made += 1
        return made
      }
    }
    #expect([.float32, .bfloat16, .float32, .bfloat16].map(value) == [1, 2, 1, 2])
    parameter.value = Tensor(shape: [1], repeating: 2)
    #expect([.float32, .bfloat16, .float32].map(value) == [3, 4, 3])
  }

  @Test func softmaxAtAnotherScale() {
    let probabilities = softmax([1, 3], scaledBy: 0.5)
    #expect(abs(probabilities[1] - 1 / (1 + exponential(-1))) < 1e-12)
    #expect(softmax([1000, -1000]) == [1, 0])
  }

  @Test func inputsThatDoNotFitAreRefused() {
    let generator = Initializer(seed: 1)
    let convolution = Conv2d(3, 4, kernel: 4, stride: 2, using: generator)
    #expect(throws: OneDNNError.self) { try convolution(Tensor(shape: [1, 3, 3, 3])) }
    #expect(throws: OneDNNError.self) { try convolution(Tensor(shape: [1, 8, 8, 2])) }
    let norm = BatchNorm(4)
    #expect(throws: OneDNNError.self) { try norm(Tensor(shape: [2, 3]), mode: .evaluation) }
    #expect(throws: OneDNNError.self) { try norm(Tensor(shape: [1, 4]), mode: .training) }
  }
}
