import PIQ
import PIQClassifiers
import PIQExplanations
import PIQNeuralNetwork
import PIQTensor
import Testing

@Suite struct VectorQuantizationTests {
  /// Small integers: distances are exact, and ties are common.
  private static func integers(_ shape: [Int], seed: UInt64) -> Tensor {
    var generator = SeededGenerator(seed: seed)
    return Tensor(
      shape: shape,
      (0..<shape.reduce(1, *)).map { _ in Float(Int.random(in: -2...2, using: &generator)) })
  }

  /// The definition: every distance to every key, closed ones infinitely far, the first least one.
  private static func definition(
    _ inputs: Tensor, _ codebook: Tensor, _ labels: [Int], classCount: Int, partitioned: Bool,
    sharedKeys: Int, mode: Mode
  ) throws -> [Int] {
    let (keys, length) = (codebook.shape[0], codebook.shape[1])
    let (x, c) = (inputs.elements, codebook.elements)
    let closed = try irrelevantRegions(
      labels: labels, keyCount: keys, classCount: classCount, sharedKeys: sharedKeys, mode: mode)
    let positions = inputs.shape[1] * inputs.shape[2]
    return (0..<labels.count * positions).map { position in
      var best = (index: 0, distance: Double.infinity)
      for key in 0..<keys {
        var distance = 0.0
        for i in 0..<length {
          let difference = Double(x[position * length + i]) - Double(c[key * length + i])
          distance += difference * difference
        }
        if partitioned && closed[position / positions][key] { distance = .infinity }
        if distance < best.distance { best = (key, distance) }
      }
      return best.index
    }
  }

  @Test(arguments: [true, false], [0, 6])
  func agreesWithTheDefinition(partitioned: Bool, sharedKeys: Int) throws {
    for (seed, length) in [3, 8, 19].enumerated() {
      let inputs = Self.integers([3, 4, 5, length], seed: UInt64(seed))
      let codebook = Self.integers([26, length], seed: UInt64(seed + 100))
      for mode in [Mode.training, .evaluation] {
        let codes = try VectorQuantization.codes(
          for: inputs, codebook: codebook, labels: [2, 0, 3], classCount: 4,
          classPartitioning: partitioned, sharedKeys: sharedKeys, mode: mode)
        let expected = try Self.definition(
          inputs, codebook, [2, 0, 3], classCount: 4, partitioned: partitioned,
          sharedKeys: sharedKeys, mode: mode)
        #expect(codes.shape == [3, 4, 5])
        #expect(codes.indices == expected)
      }
    }
  }

  @Test func theFirstOfEqualKeysWins() throws {
    let codebook = Tensor(shape: [4, 2], [9, 9, 1, 0, 1, 0, 0, 1])
    let codes = try VectorQuantization.codes(
      for: Tensor(shape: [1, 1, 2, 2], [1, 0, 0.5, 0.5]), codebook: codebook, labels: [0],
      classPartitioning: false, sharedKeys: 0)
    #expect(codes.indices == [1, 1])
  }

  @Test func aClipUsesOnlyTheKeysOfItsLabel() throws {
    let inputs = Self.integers([5, 6, 6, 4], seed: 7)
    let codebook = Self.integers([50, 4], seed: 8)
    let partition = try ClassPartition(keyCount: 50, classCount: 5, sharedKeys: 0)
    let codes = try VectorQuantization.codes(
      for: inputs, codebook: codebook, labels: [4, 3, 2, 1, 0], classCount: 5, sharedKeys: 0)
    for (position, index) in codes.indices.enumerated() {
      #expect(partition.owners[index] == 4 - position / 36)
    }
  }

  @Test func aClassWithoutKeysGetsTheFirst() throws {
    let codes = try VectorQuantization.codes(
      for: Self.integers([1, 3, 3, 4], seed: 1), codebook: Self.integers([4, 4], seed: 2),
      labels: [4], classCount: 10, sharedKeys: 0, mode: .evaluation)
    #expect(codes.indices == [Int](repeating: 0, count: 9))
  }

  @Test func straightThroughGivesTheVectorsOfTheCodes() throws {
    let inputs = Self.integers([2, 3, 2, 4], seed: 3)
    let codebook = Self.integers([30, 4], seed: 4)
    let (vectors, codes) = try VectorQuantizationStraightThrough.forward(
      inputs, codebook: codebook, labels: [1, 5])
    #expect(
      codes == (try VectorQuantization.codes(for: inputs, codebook: codebook, labels: [1, 5])))
    #expect(vectors.shape == inputs.shape)
    for (position, index) in codes.indices.enumerated() {
      #expect(
        vectors.elements[position * 4..<position * 4 + 4]
          == codebook.elements[index * 4..<index * 4 + 4])
    }
  }

  @Test func quantizationHasNoGradient() {
    let error = #expect(throws: PIQError.notDifferentiable) {
      try VectorQuantization.backward(Tensor(shape: [1]))
    }
    #expect(error?.description.contains("VectorQuantizationStraightThrough") == true)
  }

  @Test(arguments: [
    ([2, 3, 4], [20, 4], 2), ([2, 3, 3, 4], [20, 5], 2), ([2, 3, 3, 4], [20, 4], 1),
    ([2, 3, 3, 4], [20], 2), ([2, 3, 3, 4], [0, 4], 2),
  ])
  func whatDoesNotFit(inputs: [Int], codebook: [Int], labels: Int) {
    #expect(throws: PIQError.self) {
      try VectorQuantization.codes(
        for: Tensor(shape: inputs), codebook: Tensor(shape: codebook),
        labels: [Int](repeating: 0, count: labels))
    }
  }
}
