import Glibc
import PIQNeuralNetwork
import PIQTensor
import Synchronization
import TestSupport
import Testing

/// The layers of transformers against their definitions, and their pullbacks against differences.
struct TransformerLayerTests {
  private let generator = Initializer(seed: 22)
  private var check: GradientCheck { GradientCheck(using: generator) }

  private func random(_ shape: [Int], bound: Float = 1) -> Tensor {
    generator.uniform(shape, bound: bound)
  }

  private func randomize(_ layer: some Layer) {
    for (_, parameter) in layer.state { parameter.value = random(parameter.value.shape) }
  }

  private func expectGradients(_ results: [GradientCheck.Result], count: Int) {
    #expect(results.count == count)
    #expect(results.failures(tolerance: 1e-3).isEmpty, "\(results)")
  }

  @Test func geluIsByErf() {
    let x = Tensor(shape: [4001], (0...4000).map { Float($0) / 200 - 10 })
    let expected = x.elements.map {
      Float(0.5 * Double($0) * (1 + erf(Double($0) / 2.squareRoot())))
    }
    let difference = TensorDifference(gelu(x), Tensor(shape: x.shape, expected))
    // By tanh it would be off by 4e-4.
    #expect(difference.absolute < 1e-6, "\(difference)")
  }

  @Test func geluGradient() throws {
    expectGradients(
      try check([], at: random([7, 37], bound: 3), forward: differentiatedGelu), count: 1)
  }

  /// Channels that fill vectors, and that do not.
  @Test(arguments: [(5, 1e-5), (48, 1e-12), (67, 0.25)])
  func layerNorm(channels: Int, epsilon: Double) throws {
    let layer = LayerNorm(channels, epsilon: Float(epsilon))
    randomize(layer)
    let x = random([3, 7, channels])
    let (values, weight, bias) = (
      x.elements, layer.weight.value.elements, layer.bias.value.elements
    )
    var expected = values
    for row in stride(from: 0, to: values.count, by: channels) {
      let line = values[row..<row + channels].map(Double.init)
      let mean = line.reduce(0, +) / Double(channels)
      let variance = line.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(channels)
      for c in 0..<channels {
        expected[row + c] = Float(
          (line[c] - mean) / (variance + epsilon).squareRoot() * Double(weight[c])
            + Double(bias[c]))
      }
    }
    let difference = TensorDifference(try layer(x), Tensor(shape: x.shape, expected))
    #expect(difference.relative < 1e-6, "\(difference)")
    expectGradients(try check(layer.state, at: x, forward: layer.differentiated), count: 3)
    #expect(throws: (any Error).self) { try layer(random([2, channels + 1])) }
  }

  /// Sizes of one block of the product and of several.
  @Test(arguments: [(3, 5, 4), (300, 7, 270), (2, 520, 300)])
  func linearOfManyRows(rows: Int, inputs: Int, outputs: Int) throws {
    let layer = Linear(inputs, outputs, using: generator)
    let x = random([rows, 1, inputs])
    let (a, w, b) = (x.elements, layer.weight.value.elements, layer.bias.value.elements)
    let expected = (0..<rows * outputs).map { i in
      Float(
        (0..<inputs).reduce(Double(b[i % outputs])) {
          $0 + Double(a[i / outputs * inputs + $1]) * Double(w[i % outputs * inputs + $1])
        })
    }
    let difference = TensorDifference(try layer(x), Tensor(shape: [rows, 1, outputs], expected))
    #expect(difference.relative < 1e-6, "\(difference)")
    expectGradients(try check(layer.state, at: x, forward: layer.differentiated), count: 3)
  }

  /// A frozen layer keeps its weights in one form, gives the other one back, and can be changed again.
  @Test(arguments: [3, 70]) func frozenLinear(rows: Int) throws {
    let discarded = Atomic(0)
    let layer = Linear(40, 33, isConvolution: true, using: generator)
    let (weight, x) = (layer.weight.value, random([rows, 40]))
    let expected = try layer(x)
    layer.weight.source = TensorSource(
      shape: weight.shape, discard: { discarded.add(1, ordering: .relaxed) }, make: { weight })
    for _ in 0..<2 { layer.weight.freeze() }
    #expect(discarded.load(ordering: .relaxed) == 1 && !layer.weight.needsGradient)
    #expect(layer.weight.value == weight)
    let difference = TensorDifference(try layer(x), expected)
    #expect(difference.relative < 1e-6, "\(difference)")
    expectGradients(try check([], at: x, forward: layer.differentiated), count: 1)
    layer.weight.value[flat: 0] += 1
    #expect(layer.weight.value[flat: 0] == weight[flat: 0] + 1)
    #expect(try layer(x)[flat: 0] != expected[flat: 0])
  }

  /// More channels than registers take, rows and columns fewer than the kernel.
  @Test(arguments: [(3, 5, 6, 4), (5, 3, 2, 70), (7, 2, 9, 3), (1, 4, 4, 5)])
  func depthwiseConvolution(kernel: Int, height: Int, width: Int, channels: Int) throws {
    let layer = DepthwiseConv2d(channels, kernel: kernel, using: generator)
    let x = random([2, height, width, channels])
    let (values, weight, margin) = (x.elements, layer.weight.value.elements, kernel / 2)
    var expected = [Float](repeating: 0, count: values.count)
    for i in expected.indices {
      let (c, column) = (i % channels, i / channels % width)
      let (row, clip) = (i / channels / width % height, i / channels / width / height)
      for (a, b) in (0..<kernel * kernel).map({ ($0 / kernel - margin, $0 % kernel - margin) })
      where (0..<height).contains(row + a) && (0..<width).contains(column + b) {
        let source = ((clip * height + row + a) * width + column + b) * channels + c
        expected[i] +=
          values[source] * weight[(c * kernel + a + margin) * kernel + b + margin]
      }
    }
    let difference = TensorDifference(try layer(x), Tensor(shape: x.shape, expected))
    #expect(difference.relative < 1e-6, "\(difference)")
    expectGradients(try check(layer.state, at: x, forward: layer.differentiated), count: 2)
  }

  @Test func layerScale() throws {
    let layer = LayerScale(5, value: 0.5)
    randomize(layer)
    let x = random([3, 4, 5])
    let factors = layer.weight.value.elements
    #expect(layer(x).elements == x.elements.enumerated().map { $1 * factors[$0 % 5] })
    expectGradients(try check(layer.state, at: x, forward: layer.differentiated), count: 2)
  }

  @Test func mlpGradient() throws {
    let layer = MLP(6, hidden: 11, using: generator)
    expectGradients(
      try check(layer.state, at: random([2, 5, 6]), forward: layer.differentiated), count: 5)
  }

  @Test(arguments: [(1, 6), (2, 6), (3, 12)])
  func attention(heads: Int, channels: Int) throws {
    let layer = SelfAttention(channels, heads: heads, using: generator)
    randomize(layer)
    let x = random([2, 5, channels])
    let difference = TensorDifference(try layer(x), try defined(layer, heads, x))
    #expect(difference.relative < 1e-5, "\(difference)")
    let sums = try layer.weights(x).elements
    #expect(sums.count == 2 * heads * 25 && abs(sums.reduce(0, +) - Float(10 * heads)) < 1e-4)
    // A common shift of all keys changes no weight: the gradient of their bias is zero.
    expectGradients(try check(layer.state, at: x, forward: layer.differentiated), count: 9)
  }

  /// The definition, one number at a time.
  private func defined(_ layer: SelfAttention, _ heads: Int, _ x: Tensor) throws -> Tensor {
    let values = Dictionary(uniqueKeysWithValues: layer.state.map { ($0.name, $0.parameter.value) })
    let (clips, tokens, channels) = (x.shape[0], x.shape[1], x.shape[2])
    func linear(_ name: String, _ x: [Double]) -> [Double] {
      let (w, b) = (
        values[name + ".weight"]?.elements ?? [], values[name + ".bias"]?.elements ?? []
      )
      return (0..<clips * tokens * channels).map { i in
        (0..<channels).reduce(Double(b[i % channels])) {
          $0 + x[i / channels * channels + $1] * Double(w[i % channels * channels + $1])
        }
      }
    }
    let input = x.elements.map(Double.init)
    let q = linear("attention.query", input)
    let k = linear("attention.key", input)
    let v = linear("attention.value", input)
    let d = channels / heads
    var attended = [Double](repeating: 0, count: q.count)
    for clip in 0..<clips {
      for head in 0..<heads {
        for i in 0..<tokens {
          func at(_ token: Int, _ c: Int) -> Int {
            (clip * tokens + token) * channels + head * d + c
          }
          let scores = (0..<tokens).map { j in
            (0..<d).reduce(0) { $0 + q[at(i, $1)] * k[at(j, $1)] } / Double(d).squareRoot()
          }
          let total = scores.reduce(0) { $0 + exp($1) }
          for c in 0..<d {
            attended[at(i, c)] = (0..<tokens).reduce(0) {
              $0 + exp(scores[$1]) / total * v[at($1, c)]
            }
          }
        }
      }
    }
    return Tensor(shape: x.shape, linear("output.dense", attended).map { Float($0) })
  }
}
