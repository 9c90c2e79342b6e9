import PIQ
import PIQClassifiers
import PIQExplanations
import PIQNeuralNetwork
import PIQTensor
import Testing

/// The shapes that doc comments promise, initial values, and what training changes.
@Suite struct NetworkTests {
  @Test func encoderShapes() throws {
    let initializer = Initializer(seed: 1)
    let encoder = ConvolutionalEncoder(dim: 4, using: initializer)
    let clips = initializer.uniform([3, 431, 513], bound: 1)
    #expect(try encoder(clips, mode: .evaluation).shape == [3, 26, 32, 4])
    #expect(try encoder(Tensor(shape: [1, 16, 16]), mode: .evaluation).shape == [1, 1, 1, 4])
    for shape in [[1, 15, 513], [1, 431, 15], [431, 513], [1, 1, 431, 513]] {
      #expect(throws: PIQError.self, "\(shape)") {
        try encoder(Tensor(shape: shape), mode: .evaluation)
      }
    }
  }

  @Test func classifierGivesCosines() throws {
    let initializer = Initializer(seed: 2)
    let classifier = CosineClassifier(inputSize: 16, classCount: 10, using: initializer)
    let cosines = try classifier(
      initializer.uniform([5, 16], bound: 3), mode: .evaluation)
    #expect(cosines.shape == [5, 10])
    #expect(cosines.elements.allSatisfy { abs($0) <= 1.00001 })
    #expect(
      classifier.state.map(\.name) == [
        "blocks.0.norm.weight", "blocks.0.norm.bias", "blocks.0.norm.running_mean",
        "blocks.0.norm.running_var", "blocks.1.w.weight", "blocks.1.w.bias", "weight",
      ])
    #expect(throws: (any Error).self) {
      try classifier(Tensor(shape: [5, 15]), mode: .evaluation)
    }
  }

  @Test func psiShapes() throws {
    let initializer = Initializer(seed: 3)
    func output(_ psi: VectorQuantizedPSI, _ side: Int, _ mode: Mode) throws -> PSIOutput {
      try psi(
        initializer.uniform([2, side, side, 4], bound: 1), labels: [0, 2], mode: mode)
    }
    func image(_ name: String) throws -> VectorQuantizedPSI {
      try VectorQuantizedPSI(.init(className: name, dim: 4), using: initializer)
    }
    for mode in [Mode.evaluation, .training] {
      let audio = try output(VectorQuantizedPSI(dim: 4, using: initializer), 16, mode)
      #expect(audio.reconstruction.shape == [2, 257, 257, 1])
      #expect(audio.hidden.shape == [2, 8, 8, 4])
      #expect(audio.quantized.shape == [2, 8, 8, 4])
      #expect(audio.codes.shape == [2, 8, 8])
      let focal = try output(image("VectorQuantizedPSIFocalNet_Audio"), 16, mode)
      #expect(focal.reconstruction.shape == [2, 495, 593, 1])
      #expect(focal.quantized.shape == [2, 8, 8, 4])
      let vit = try output(image("VectorQuantizedPSIViT_Audio"), 14, mode)
      #expect(vit.reconstruction.shape == [2, 431, 513, 1])
      #expect(vit.quantized.shape == [2, 7, 7, 4])
    }
  }

  @Test func defaultsAreUpstreams() throws {
    let settings = VectorQuantizedPSI.Settings()
    #expect(
      settings
        == .init(
          dim: 128, keyCount: 512, classCount: 50, classPartitioning: true, sharedKeys: 0,
          usesAdapter: true, reducesDim: true))
  }

  @Test(arguments: [(true, false), (false, false)])
  func withoutReductionTheGridStays(usesAdapter: Bool, reducesDim: Bool) throws {
    let initializer = Initializer(seed: 4)
    let psi = try VectorQuantizedPSI(
      .init(
        dim: 4, keyCount: 20, classCount: 4, usesAdapter: usesAdapter, reducesDim: reducesDim),
      using: initializer)
    let x = initializer.uniform([1, 5, 6, 4], bound: 1)
    let output = try psi(x, labels: [3], mode: .evaluation)
    #expect(psi.reduction == 1)
    #expect(output.codes.shape == [1, 5, 6])
    #expect(output.reconstruction.shape == [1, 81, 97, 1])
    if !usesAdapter { #expect(output.hidden == x) }
    #expect(psi.state.contains { $0.name.hasPrefix("adapter.") } == usesAdapter)
    #expect(!psi.state.contains { $0.name.hasPrefix("down.") || $0.name.hasPrefix("up.") })
  }

  @Test func initialWeightsAreXavierUniform() throws {
    let initializer = Initializer(seed: 5)
    let psi = try VectorQuantizedPSI(dim: 8, keyCount: 50, using: initializer)
    for (_, parameter) in psi.state {
      parameter.value = Tensor(shape: parameter.value.shape, repeating: 7)
    }
    psi.initializeWeights(using: initializer)
    for (name, parameter) in psi.state {
      let (shape, values) = (parameter.value.shape, parameter.value.elements)
      let layer = String(name.prefix(through: name.lastIndex(of: ".") ?? name.startIndex))
      let isConvolution =
        psi.state.first { $0.name == layer + "weight" }?.parameter.value.shape.count == 4
      if shape.count == 4 {
        let bound = (6 / Float((shape[0] + shape[1]) * shape[2] * shape[3])).squareRoot()
        #expect(values.allSatisfy { abs($0) <= bound }, "\(name)")
        #expect((values.max() ?? 0) > 0.9 * bound, "\(name)")
        #expect((values.min() ?? 0) < -0.9 * bound, "\(name)")
      } else if isConvolution {
        #expect(values.allSatisfy { $0 == 0 }, "\(name)")
      } else {
        // Norms and codebook are not touched, as upstream's weights_init asks for "Conv" only.
        #expect(values.allSatisfy { $0 == 7 }, "\(name)")
      }
    }
  }

  @Test(arguments: [
    (VectorQuantizedPSI.Settings(dim: 4, usesAdapter: false), "adapter_reduce_dim"),
    (.init(dim: 0), "dim is 0"), (.init(dim: -3), "dim is -3"),
    (.init(dim: 4, keyCount: 0), "0 keys"), (.init(dim: 4, classCount: 0), "0 classes"),
    (.init(dim: 4, keyCount: 5, sharedKeys: 6), "6 of them shared"),
    (.init(dim: 4, sharedKeys: -1), "-1 of them shared"),
  ])
  func refusedSettings(settings: VectorQuantizedPSI.Settings, words: String) {
    let initializer = Initializer(seed: 6)
    let error = #expect(throws: PIQError.self) {
      try VectorQuantizedPSI(settings, using: initializer)
    }
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
  }

  @Test(arguments: [
    ([1, 16, 16, 5], 1), ([1, 16, 16, 4], 2), ([16, 16, 4], 1), ([1, 1, 16, 4], 1),
  ])
  func refusedRepresentations(shape: [Int], labels: Int) throws {
    let initializer = Initializer(seed: 7)
    let psi = try VectorQuantizedPSI(dim: 4, using: initializer)
    #expect(throws: PIQError.self) {
      try psi(Tensor(shape: shape), labels: [Int](repeating: 0, count: labels), mode: .evaluation)
    }
  }

  @Test func onlyTrainingMovesRunningStatistics() throws {
    let initializer = Initializer(seed: 8)
    let encoder = ConvolutionalEncoder(dim: 4, using: initializer)
    let psi = try VectorQuantizedPSI(dim: 4, keyCount: 20, classCount: 4, using: initializer)
    let x = initializer.uniform([2, 64, 65], bound: 1)
    func run(_ mode: Mode) throws -> [(name: String, hasMoved: Bool)] {
      let state = encoder.state(under: "encoder") + psi.state(under: "psi")
      let before = state.map(\.parameter.value)
      _ = try psi(encoder(x, mode: mode), labels: [1, 3], mode: mode)
      return zip(state, before).map { ($0.name, $0.parameter.value != $1) }
    }
    #expect(try run(.evaluation).allSatisfy { !$0.hasMoved })
    for (name, hasMoved) in try run(.training) {
      #expect(hasMoved == name.contains(".running_"), "\(name)")
    }
  }

  @Test func trainingNormalizesByTheBatch() throws {
    let initializer = Initializer(seed: 9)
    let block = ResidualBlock(dim: 4, using: initializer)
    let x = initializer.uniform([2, 5, 5, 4], bound: 1)
    let evaluated = try block(x, mode: .evaluation)
    let trained = try block(x, mode: .training)
    #expect(evaluated.shape == x.shape)
    #expect(trained.shape == x.shape)
    #expect(evaluated != trained)
    // The statistics have moved since, and evaluation must not use what it prepared before.
    #expect(try block(x, mode: .evaluation) != evaluated)
  }
}
