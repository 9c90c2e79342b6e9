import PIQ
import PIQClassifiers
import PIQExplanations
import PIQNeuralNetwork
import PIQTensor
import TestSupport
import Testing

/// Pullbacks of whole networks against central differences.
///
/// Within 2e-3 of the sum of the terms: networks round more often than the layers of
/// NeuralNetworkTests do. What goes into a ReLU is shifted far from zero, up or down by channel,
/// so that no step crosses it.
@Suite struct GradientTests {
  private let tolerance = 2e-3
  private let generator = Initializer(seed: 31)

  /// Checks all gradients of a network: weights with small steps, because batch normalisation
  /// after them bends the function; norms, biases and the input with steps large enough for their
  /// small effects.
  private func check(
    _ state: [(name: String, parameter: Parameter)], at x: Tensor,
    forward: (Tensor) throws -> Differentiated
  ) throws -> [GradientCheck.Result] {
    let weights = state.filter { $0.parameter.value.shape.count > 1 }
    let vectors = state.filter { $0.parameter.value.shape.count == 1 }
    return try GradientCheck(step: 0x1p-5, using: generator)(vectors, at: x, forward: forward)
      + GradientCheck(step: 0x1p-8, using: generator)(weights, at: x, forward: forward).dropFirst()
  }

  private func random(_ shape: [Int], bound: Float = 1) -> Tensor {
    generator.uniform(shape, bound: bound)
  }

  /// Sets the biases that decide about a ReLU: `shift`, and `-shift` for every fourth
  /// channel.
  private func shift(
    _ state: [(name: String, parameter: Parameter)], by shift: Float,
    where isBeforeRelu: (String) -> Bool
  ) {
    var count = 0
    for (name, parameter) in state where isBeforeRelu(name) {
      parameter.value = Tensor(
        shape: parameter.value.shape,
        parameter.value.elements.indices.map { $0 % 4 == 3 ? -shift : shift })
      count += 1
    }
    #expect(count > 0)
  }

  /// Trains until running statistics keep what goes into a ReLU as far from zero in evaluation.
  private func settle(_ forward: () throws -> Void) rethrows {
    for _ in 0..<40 { try forward() }
  }

  @Test(arguments: [Mode.training, .evaluation])
  func residualBlock(mode: Mode) throws {
    let block = ResidualBlock(dim: 4, using: generator)
    shift(block.state, by: 6) { $0 == "block.1.bias" }
    let results = try check(block.state, at: random([2, 4, 5, 4])) {
      try block.differentiated($0, mode: mode)
    }
    #expect(results.count == 9)
    #expect(results.failures(tolerance: tolerance).isEmpty, "\(results)")
  }

  @Test(arguments: [Mode.training, .evaluation])
  func encoder(mode: Mode) throws {
    let encoder = ConvolutionalEncoder(dim: 4, using: generator)
    shift(encoder.state, by: 9) {
      $0.hasPrefix("bn") && $0.hasSuffix(".bias") || $0 == "resblock.block.1.bias"
    }
    let x = random([2, 65, 50])
    try settle { _ = try encoder(x, mode: .training) }
    let results = try check(encoder.state, at: x) {
      try encoder.differentiated($0, mode: mode)
    }
    #expect(results.count == 25)
    #expect(results.failures(tolerance: tolerance).isEmpty, "\(results)")
  }

  @Test(arguments: [Mode.training, .evaluation], [1, 2])
  func classifier(mode: Mode, blocks: Int) throws {
    let classifier = CosineClassifier(
      inputSize: 6, blockCount: blocks, blockSize: 5, classCount: 3, using: generator)
    let results = try check(classifier.state, at: random([7, 6])) {
      try classifier.differentiated($0, mode: mode)
    }
    #expect(results.count == 2 + 4 * blocks)
    #expect(results.failures(tolerance: tolerance).isEmpty, "\(results)")
  }

  /// A network whose decoder's ReLUs do not change sides within a step.
  private func psi(adapts: Bool) throws -> VectorQuantizedPSI {
    let psi = try VectorQuantizedPSI(
      .init(dim: 4, keyCount: 6, classCount: 2, usesAdapter: adapts, reducesDim: adapts),
      using: generator)
    psi.codebook.embedding.value = random([6, 4], bound: 2)
    shift(psi.state, by: 8) { name in (0..<4).contains { name == "decoder.\(3 * $0).bias" } }
    if adapts { shift(psi.state, by: 6) { $0 == "adapter.block.1.bias" } }
    try settle { _ = try psi(random([2, 4, 6, 4]), labels: [0, 1], mode: .training) }
    return psi
  }

  /// The decoder and what is before it: the parameters on either side of the quantiser.
  @Test(arguments: [Mode.training, .evaluation])
  func eitherSideOfTheQuantizer(mode: Mode) throws {
    let psi = try psi(adapts: true)
    let x = random([2, 4, 6, 4])
    func parameters(_ prefixes: String...) -> [(name: String, parameter: Parameter)] {
      psi.state.filter { parameter in prefixes.contains { parameter.name.hasPrefix($0) } }
    }
    // Nothing before the codes changes the mask, unless it changes the codes.
    let after = try check(parameters("up", "decoder"), at: x) { _ in
      let (output, pullback) = try psi.differentiated(x, labels: [0, 1], mode: mode)
      return Differentiated(output.reconstruction) { gradient in
        _ = try pullback(.init(reconstruction: gradient))
        return Tensor(shape: x.shape)
      }
    }
    #expect(after.count == 1 + 2 + 5 * 2 + 4 * 2)
    #expect(after.failures(tolerance: tolerance).isEmpty, "\(after)")
    let before = try check(parameters("adapter", "down"), at: x) { x in
      let (output, pullback) = try psi.differentiated(x, labels: [0, 1], mode: mode)
      return Differentiated(output.hidden) { try pullback(.init(hidden: $0)) }
    }
    #expect(before.count == 1 + 8 + 2)
    #expect(before.failures(tolerance: tolerance).isEmpty, "\(before)")
  }

  /// The estimate is no derivative: quantisation is flat. It is the decoder's gradient at the keys.
  @Test func straightThroughIsTheDecodersGradientAtTheKeys() throws {
    let psi = try psi(adapts: false)
    // Vectors near keys, so that large steps do not change the codes.
    let indices = [0, 2, 1, 0, 1, 1, 3, 5, 4, 5, 5, 3]
    let keys = psi.codebook.embedding.value
    let near = indices.flatMap { keys.rows($0..<$0 + 1).elements }
    let x = sum(Tensor(shape: [2, 2, 3, 4], near), random([2, 2, 3, 4], bound: 0.1))
    let (output, pullback) = try psi.differentiated(x, labels: [0, 1], mode: .evaluation)
    let cotangent = random(output.reconstruction.shape)
    let estimate = try pullback(.init(reconstruction: cotangent))
    // Between its kinks the decoder is linear in evaluation, so steps can be large.
    let check = GradientCheck(step: 0x1p-3, using: generator)
    #expect(output.codes.indices == indices)
    // The keys learn nothing from the mask.
    #expect(psi.codebook.embedding.gradient == nil)
    let result = try check("decoder", estimate, at: output.quantized) {
      GradientCheck.product(try psi.decode($0, mode: .evaluation), cotangent)
    }
    #expect([result].failures(tolerance: tolerance).isEmpty, "\(result)")

    // Were the keys moved by it, each would sum it over its positions.
    let summed = VectorQuantizationStraightThrough.backward(
      estimate, codes: output.codes, keyCount: 6)
    #expect(summed.inputs == estimate)
    let moved = try check("keys", summed.codebook, at: keys) {
      psi.codebook.embedding.value = $0
      let moved = try psi(x, labels: [0, 1], mode: .evaluation)
      #expect(moved.codes == output.codes)
      return GradientCheck.product(moved.reconstruction, cotangent)
    }
    #expect([moved].failures(tolerance: tolerance).isEmpty, "\(moved)")
  }

  /// Several positions share a key: its gradient is the sum of theirs, and others have none.
  @Test func codebookGradientsAreAdded() throws {
    let psi = try psi(adapts: false)
    let x = random([2, 3, 3, 4])
    let (output, pullback) = try psi.differentiated(x, labels: [0, 1], mode: .training)
    let cotangent = random(output.quantized.shape)
    let inputGradient = try pullback(.init(quantized: cotangent))
    #expect(inputGradient == Tensor(shape: x.shape))
    let check = GradientCheck(using: generator)
    let keys = psi.codebook.embedding.value
    let gradient = try #require(psi.codebook.embedding.gradient)
    let used = Set(output.codes.indices)
    #expect(used.count < output.codes.indices.count)
    for key in 0..<6 where !used.contains(key) {
      #expect(gradient.rows(key..<key + 1) == Tensor(shape: [1, 4]))
    }
    let result = try check("keys", gradient, at: keys) {
      psi.codebook.embedding.value = $0
      return GradientCheck.product(
        try psi(x, labels: [0, 1], mode: .training).quantized, cotangent)
    }
    #expect([result].failures(tolerance: tolerance).isEmpty, "\(result)")
  }

  @Test func interpreterLoss() throws {
    let psi = try psi(adapts: false)
    let output = try psi(random([2, 2, 3, 4]), labels: [0, 1], mode: .training)
    // Fewer frames and more bins than the mask has: only what both have counts.
    let shape = output.reconstruction.shape
    let logPower = Tensor(
      shape: [2, shape[1] - 3, shape[2] + 2],
      random([2 * (shape[1] - 3) * (shape[2] + 2)]).elements.map(abs))
    func loss(
      reconstruction: Tensor? = nil, hidden: Tensor? = nil, quantized: Tensor? = nil
    ) throws -> InterpreterLoss {
      try InterpreterLoss(
        PSIOutput(
          reconstruction: reconstruction ?? random(shape), hidden: hidden ?? output.hidden,
          quantized: quantized ?? output.quantized, codes: output.codes),
        logPower: logPower)
    }
    let logits = random(shape, bound: 3)
    let gradients = try loss(reconstruction: logits).gradients
    // A loss is rounded to single precision: larger steps.
    let check = GradientCheck(step: 0x1p-4, using: generator)
    let results = [
      try check("mask", try #require(gradients.reconstruction), at: logits) {
        Double(try loss(reconstruction: $0).reconstruction)
      },
      try check("keys", try #require(gradients.quantized), at: output.quantized) {
        Double(try loss(quantized: $0).codebook)
      },
      try check("representation", try #require(gradients.hidden), at: output.hidden) {
        Double(try loss(hidden: $0).commitment)
      },
    ]
    for result in results {
      #expect([result].failures(tolerance: tolerance).isEmpty, "\(result)")
    }
  }
}
