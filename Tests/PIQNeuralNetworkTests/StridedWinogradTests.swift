import PIQKernels
import PIQNeuralNetwork
import PIQPlatform
import PIQTensor
import TestSupport
import Testing

/// Layers of stride 2 with many channels, which run by minimal filtering, against loops.
@Suite struct StridedWinogradTests {
  private let generator = Initializer(seed: 17)

  /// What 8 bits leave of a sum of some thousand products is far better than of each of them.
  private func tolerance(_ precision: Precision) -> Double { precision == .float32 ? 1e-5 : 2e-2 }

  private func random(_ shape: [Int]) -> Tensor { generator.uniform(shape, bound: 1) }

  @Test(arguments: [(1, 1, 1), (1, 2, 5), (2, 3, 4), (1, 7, 8), (3, 6, 2)])
  func doubling(size: (Int, Int, Int)) throws { try doubling(size, .float32) }

  @Test(
    .enabled(if: Precision.bfloat16.isNative),
    arguments: [(1, 1, 1), (1, 2, 5), (2, 3, 4), (1, 7, 8), (3, 6, 2)])
  func doublingInBFloat16(size: (Int, Int, Int)) throws { try doubling(size, .bfloat16) }

  private func doubling(_ size: (Int, Int, Int), _ precision: Precision) throws {
    let ((batch, height, width), inputs, outputs) = (size, 72, 64)
    let layer = ConvTranspose2d(
      inputs, outputs, kernel: (4, 4), stride: (2, 2), padding: 1, using: generator)
    let x = random([batch, height, width, inputs])
    let gradient = random([batch, 2 * height, 2 * width, outputs])
    let expected = Definition.transposedConvolution(
      x, layer.weight.value, layer.bias.value, stride: (2, 2), padding: 1)
    let result = try layer.differentiated(x, precision: precision)
    let tolerance = tolerance(precision)
    #expect(TensorDifference(result.value, expected).relative < tolerance)
    let toInput = try result.pullback(gradient)
    let naive = backward(x, layer.weight.value, gradient)
    #expect(TensorDifference(toInput, naive.input).relative < tolerance)
    #expect(
      TensorDifference(try #require(layer.weight.gradient), naive.weight).relative < tolerance)
  }

  /// Kernel 3, as the first layer of a decoder has, is kernel 4 without its last row and column.
  @Test(arguments: [(1, 1, 2), (1, 2, 5), (2, 7, 4)])
  func doublingWithKernel3(size: (Int, Int, Int)) throws { try doublingWithKernel3(size, .float32) }

  @Test(.enabled(if: Precision.bfloat16.isNative), arguments: [(1, 1, 2), (1, 2, 5), (2, 7, 4)])
  func doublingWithKernel3InBFloat16(size: (Int, Int, Int)) throws {
    try doublingWithKernel3(size, .bfloat16)
  }

  private func doublingWithKernel3(_ size: (Int, Int, Int), _ precision: Precision) throws {
    let ((batch, height, width), inputs, outputs) = (size, 64, 72)
    let layer = ConvTranspose2d(
      inputs, outputs, kernel: (3, 3), stride: (2, 2), padding: 1, using: generator)
    let x = random([batch, height, width, inputs])
    let gradient = random([batch, 2 * height - 1, 2 * width - 1, outputs])
    let expected = Definition.transposedConvolution(
      x, layer.weight.value, layer.bias.value, stride: (2, 2), padding: 1)
    let norm = BatchNorm(outputs)
    let level = try layer.differentiated(
      NormalizedMaps(x), then: norm, mode: .evaluation, precision: precision)
    let tolerance = tolerance(precision)
    let rectified = Tensor(shape: expected.shape, expected.elements.map { max(0, $0) })
    #expect(TensorDifference(level.value.maps, rectified).relative < tolerance)
    // Where everything is positive, ReLU and normalisation only scale the gradient.
    layer.bias.value = Tensor(shape: [outputs], repeating: 100)
    let positive = try layer.differentiated(
      NormalizedMaps(x), then: norm, mode: .evaluation, precision: precision)
    let toInput = try positive.pullback(gradient)
    let scale = norm.affine.scale[flat: 0]
    let naive = backward(
      x, layer.weight.value, Tensor(shape: gradient.shape, gradient.elements.map { $0 * scale }))
    #expect(TensorDifference(toInput, naive.input).relative < tolerance)
    #expect(
      TensorDifference(try #require(layer.weight.gradient), naive.weight).relative < tolerance)
    // Inference.
    layer.bias.value = Tensor(shape: [outputs])
    let plain = Definition.transposedConvolution(
      x, layer.weight.value, layer.bias.value, stride: (2, 2), padding: 1)
    #expect(TensorDifference(try layer(x), plain).relative < 1e-5)
  }

  /// Maps so large that inference takes products, too, with what follows in the same pass: with
  /// tiles of three, and of five.
  @Test(arguments: [(33, 65), (91, 93)])
  func largeMaps(size: (Int, Int)) throws { try largeMaps(size, .float32) }

  @Test(.enabled(if: Precision.bfloat16.isNative), arguments: [(33, 65), (91, 93)])
  func largeMapsInBFloat16(size: (Int, Int)) throws { try largeMaps(size, .bfloat16) }

  private func largeMaps(_ size: (Int, Int), _ precision: Precision) throws {
    let ((height, width), channels) = (size, 64)
    let norm = BatchNorm(channels)
    for (_, parameter) in norm.state {
      parameter.value = Tensor(
        shape: [channels], random([channels]).elements.map { abs($0) + 0.2 })
    }
    let up = ConvTranspose2d(
      channels, channels, kernel: (4, 4), stride: (2, 2), padding: 1, using: generator)
    let last = ConvTranspose2d(
      channels, 1, kernel: (12, 12), stride: (1, 1), padding: 1, using: generator)
    let x = random([1, height, width, channels])
    let expected = Definition.transposedConvolution(
      x, up.weight.value, up.bias.value, stride: (2, 2), padding: 1)
    let (scale, shift) = (norm.affine.scale.elements, norm.affine.shift.elements)
    let normalized = Tensor(
      shape: expected.shape,
      expected.elements.enumerated().map {
        max(0, $1) * scale[$0 % channels] + shift[$0 % channels]
      })
    let tolerance = tolerance(precision)
    let plan = up.plan(for: .inference, relu: true, then: norm, precision: precision)
    #expect(TensorDifference(try plan(x), normalized).relative < tolerance)
    let product = Definition.transposedConvolution(
      normalized, last.weight.value, last.bias.value, stride: (1, 1), padding: 1)
    let both = sequence(up, norm, last, precision)
    #expect(TensorDifference(try both(x), product).relative < tolerance)
    let down = Conv2d(channels, channels, kernel: 4, stride: 2, padding: 1, using: generator)
    let large = random([1, 2 * height + 1, 2 * width, channels])
    let halved = Definition.convolution(
      large, down.weight.value, down.bias.value, stride: 2, padding: 1)
    let folded = Tensor(
      shape: halved.shape,
      halved.elements.enumerated().map {
        max(0, $1 * scale[$0 % channels] + shift[$0 % channels])
      })
    let fused = down.plan(for: .inference, with: norm, relu: true)
    #expect(TensorDifference(try fused(large), folded).relative < 1e-5)
  }

  /// The last layer is made of parts of three by three taps, whatever its kernel.
  @Test(arguments: [(12, 12), (3, 3), (4, 9), (7, 5)])
  func lastLayers(kernel: (Int, Int)) throws {
    let (height, width, channels) = (6, 7, 64)
    let up = ConvTranspose2d(
      channels, channels, kernel: (4, 4), stride: (2, 2), padding: 1, using: generator)
    let last = ConvTranspose2d(
      channels, 1, kernel: kernel, stride: (1, 1), padding: 1, using: generator)
    let norm = BatchNorm(channels)
    let x = random([2, height, width, channels])
    let plan = up.plan(for: .inference, relu: true, then: norm)
    let doubled = try plan(x)
    let expected = Definition.transposedConvolution(
      doubled, last.weight.value, last.bias.value, stride: (1, 1), padding: 1)
    let both = sequence(up, norm, last)
    #expect(TensorDifference(try both(x), expected).relative < 1e-5)
  }

  /// Layers run together have no ReLU after the last one: such a pair runs one by one.
  @Test func aReluAfterTheLastLayer() throws {
    let channels = 64
    let up = ConvTranspose2d(
      channels, channels, kernel: (4, 4), stride: (2, 2), padding: 1, using: generator)
    let last = ConvTranspose2d(
      channels, 1, kernel: (12, 12), stride: (1, 1), padding: 1, using: generator)
    let x = random([1, 6, 8, channels])
    let plans = [up.plan(for: .inference), last.plan(for: .inference, relu: true)]
    let separate = try plans.reduce(x) { x, plan in try plan(x) }
    let both = try ConvolutionSequence([("up", plans[0]), ("last", plans[1])])(x)
    #expect(both.elements.contains(0) && both.elements.contains { $0 > 0 })
    #expect(TensorDifference(both, separate).relative < 1e-5)
  }

  /// The same bits on any number of threads.
  @Test func threads() throws {
    let channels = 64
    let up = ConvTranspose2d(
      channels, channels, kernel: (4, 4), stride: (2, 2), padding: 1, using: generator)
    let last = ConvTranspose2d(
      channels, 1, kernel: (12, 12), stride: (1, 1), padding: 1, using: generator)
    let down = Conv2d(channels, channels, kernel: 4, stride: 2, padding: 1, using: generator)
    let norm = BatchNorm(channels)
    let x = random([1, 92, 90, channels])
    func run() throws -> [Tensor] {
      let plans = [
        up.plan(for: .inference, relu: true, then: norm), last.plan(for: .inference),
        down.plan(for: .inference, with: norm, relu: true), down.plan(for: .inference),
      ]
      let both = sequence(up, norm, last)
      return try plans.map { plan in try plan(x) } + [both(x)]
    }
    let one = try Threads.with(1, run)
    for count in [2, 3, 7] { #expect(try Threads.with(count, run) == one) }
  }

  /// A transposed convolution and the last layer, as a decoder has them.
  private func sequence(
    _ up: ConvTranspose2d, _ norm: BatchNorm, _ last: ConvTranspose2d,
    _ precision: Precision = .float32
  ) -> ConvolutionSequence {
    ConvolutionSequence([
      ("up", up.plan(for: .inference, relu: true, then: norm, precision: precision)),
      ("last", last.plan(for: .inference, precision: precision)),
    ])
  }

  /// A convolution is a transposed one the other way round. Odd extents have a last row or column
  /// that a window reaches.
  @Test(arguments: [(1, 2, 2), (1, 4, 11), (2, 7, 8), (1, 15, 17), (3, 12, 5)])
  func halving(size: (Int, Int, Int)) throws { try halving(size, .float32) }

  @Test(
    .enabled(if: Precision.bfloat16.isNative),
    arguments: [(1, 2, 2), (1, 4, 11), (2, 7, 8), (1, 15, 17), (3, 12, 5)])
  func halvingInBFloat16(size: (Int, Int, Int)) throws { try halving(size, .bfloat16) }

  private func halving(_ size: (Int, Int, Int), _ precision: Precision) throws {
    let ((batch, height, width), inputs, outputs) = (size, 72, 64)
    let layer = Conv2d(inputs, outputs, kernel: 4, stride: 2, padding: 1, using: generator)
    let x = random([batch, height, width, inputs])
    let gradient = random([batch, height / 2, width / 2, outputs])
    let expected = Definition.convolution(
      x, layer.weight.value, layer.bias.value, stride: 2, padding: 1)
    let result = try layer.differentiated(x, precision: precision)
    let tolerance = tolerance(precision)
    #expect(TensorDifference(result.value, expected).relative < tolerance)
    let toInput = try result.pullback(gradient)
    #expect(toInput.shape == x.shape)
    let naive = backward(gradient, layer.weight.value, x)
    let back = Definition.transposedConvolution(
      gradient, layer.weight.value, Tensor(shape: [inputs]), stride: (2, 2), padding: 1)
    // The transposed convolution has no more rows than windows reach.
    let reached = cut(toInput, height: back.shape[1], width: back.shape[2])
    #expect(TensorDifference(reached, cut(back, to: reached.shape)).relative < tolerance)
    #expect(
      TensorDifference(try #require(layer.weight.gradient), naive.weight).relative < tolerance)
  }

  private func cut(_ x: Tensor, height: Int, width: Int) -> Tensor {
    cut(x, to: [x.shape[0], min(height, x.shape[1]), min(width, x.shape[2]), x.shape[3]])
  }

  private func cut(_ x: Tensor, to shape: [Int]) -> Tensor {
    let values = x.elements
    var result: [Float] = []
    for b in 0..<shape[0] {
      for h in 0..<shape[1] {
        for w in 0..<shape[2] {
          let start = ((b * x.shape[1] + h) * x.shape[2] + w) * x.shape[3]
          result += values[start..<start + x.shape[3]]
        }
      }
    }
    return Tensor(shape: shape, result)
  }

  /// y[2h + a - 1] += x[h] w[a], backwards.
  private func backward(
    _ x: Tensor, _ weight: Tensor, _ gradient: Tensor
  ) -> (input: Tensor, weight: Tensor) {
    let (height, width, i, o) = (x.shape[1], x.shape[2], x.shape[3], gradient.shape[3])
    let (rows, columns, k) = (gradient.shape[1], gradient.shape[2], weight.shape[2])
    let (xs, ws, gs) = (x.elements, weight.elements, gradient.elements)
    var toX = [Double](repeating: 0, count: xs.count)
    var toW = [Double](repeating: 0, count: ws.count)
    for b in 0..<x.shape[0] {
      for h in 0..<height {
        for w in 0..<width {
          for tap in 0..<k * k {
            let (row, column) = (2 * h + tap / k - 1, 2 * w + tap % k - 1)
            guard (0..<rows).contains(row), (0..<columns).contains(column) else { continue }
            let g = ((b * rows + row) * columns + column) * o
            let p = ((b * height + h) * width + w) * i
            for input in 0..<i {
              for output in 0..<o {
                let place = (input * o + output) * k * k + tap
                toX[p + input] += Double(gs[g + output]) * Double(ws[place])
                toW[place] += Double(gs[g + output]) * Double(xs[p + input])
              }
            }
          }
        }
      }
    }
    return (
      Tensor(shape: x.shape, toX.map { Float($0) }),
      Tensor(shape: weight.shape, toW.map { Float($0) })
    )
  }
}
