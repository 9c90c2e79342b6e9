import PIQ
import PIQClassifiers
import PIQExplanations
import PIQNeuralNetwork
import PIQTensor
import Testing

@Suite struct VQEmbeddingTests {
  @Test(arguments: [10, 64, 1024])
  func initialValuesAreWithinOneOverTheNumberOfKeys(keyCount: Int) throws {
    let initializer = Initializer(seed: 1)
    let codebook = try VQEmbedding(keyCount: keyCount, dim: 32, using: initializer)
    let values = codebook.embedding.value.elements
    #expect(codebook.embedding.value.shape == [keyCount, 32])
    let bound = 1 / Float(keyCount)
    #expect(values.allSatisfy { abs($0) <= bound })
    #expect((values.min() ?? 0) < -0.9 * bound)
    #expect((values.max() ?? 0) > 0.9 * bound)
    #expect(codebook.state.map(\.name) == ["embedding.weight"])
  }

  @Test func forwardIgnoresTheSettings() throws {
    let initializer = Initializer(seed: 2)
    let codebook = try VQEmbedding(
      keyCount: 60, dim: 4, classCount: 3, classPartitioning: false, sharedKeys: 0,
      using: initializer)
    let z = initializer.uniform([2, 4, 4, 4], bound: 0.02)
    let forward = try codebook.forward(z, labels: [0, 7])
    let fixed = try VectorQuantization.codes(
      for: z, codebook: codebook.embedding.value, labels: [0, 7], classCount: 10,
      classPartitioning: true, sharedKeys: 10, mode: .training)
    #expect(forward == fixed)
    let own = try codebook.codes(for: z, labels: [0, 2], mode: .evaluation)
    let unpartitioned = try VectorQuantization.codes(
      for: z, codebook: codebook.embedding.value, labels: [0, 2], classPartitioning: false)
    #expect(own == unpartitioned)
    #expect(own != forward)
  }

  @Test func straightThroughUsesTheSettings() throws {
    let initializer = Initializer(seed: 3)
    let codebook = try VQEmbedding(
      keyCount: 24, dim: 4, classCount: 3, sharedKeys: 3, using: initializer)
    let z = initializer.uniform([3, 4, 4, 4], bound: 0.05)
    for mode in [Mode.training, .evaluation] {
      let output = try codebook.straightThrough(z, labels: [2, 0, 1], mode: mode)
      #expect(output.codes == (try codebook.codes(for: z, labels: [2, 0, 1], mode: mode)))
      #expect(output.straightThrough == output.quantized)
      #expect(output.quantized == output.codes.vectors(from: codebook.embedding.value))
      #expect(output.codes.indices.contains { $0 >= 21 } == (mode == .evaluation))
    }
  }

  @Test func tooFewKeysForForward() throws {
    let initializer = Initializer(seed: 4)
    let codebook = try VQEmbedding(keyCount: 9, dim: 2, classCount: 3, using: initializer)
    #expect(throws: PIQError.self) {
      try codebook.forward(Tensor(shape: [1, 1, 1, 2]), labels: [0])
    }
  }

  @Test func impossibleSizes() {
    let initializer = Initializer(seed: 5)
    #expect(throws: PIQError.self) {
      try VQEmbedding(keyCount: 4, dim: 2, sharedKeys: 5, using: initializer)
    }
  }
}
