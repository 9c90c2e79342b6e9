import PIQCheckpoints
import PIQClassifiers
import PIQExplanations
import PIQModels
import PIQTensor
import TestSupport
import Testing

/// Imported networks as models. They need OpenVINO: make openvino.
@Suite struct NetworkModelTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func model(
    _ file: String, labels: String, _ change: (inout NetworkImport.Options) -> Void
  ) throws -> Model {
    var options = NetworkImport.Options()
    options.labels = Fixtures.path("networks/\(labels)")
    options.sampleRate = 16_000
    change(&options)
    try NetworkImport(path: Fixtures.path("networks/\(file)"), name: "network", options)
      .write(to: folder("model"))
    return try Model(path: folder("model"))
  }

  /// Occlusion beside captum's, on the log-power of one second.
  @Test func occlusion() throws {
    let model = try model("logpower.onnx", labels: "labels-4.txt") {
      $0.input = .logPower
      $0.window = 1
      // Logits are explained.
      $0.activation = OutputActivation.none
    }
    let arrays = try NPZ.read(path: Fixtures.path("networks/logpower-occlusion.npz"))
    func floats(_ name: String) throws -> Tensor {
      guard case .float32(let tensor) = arrays[name] else { throw Missing() }
      return tensor
    }
    guard case .int64(let target) = arrays["target"] else { throw Missing() }
    let input = try floats("input")
    let logPower = input.reshaped(Array(input.shape.dropFirst()))
    let clip = Clip(logPower: logPower)
    let logits = try model.interpreter.classifier.analyze(clip).classification.logits
    #expect(TensorDifference(Tensor(shape: [4], logits), try floats("logits")).relative < 1e-5)
    let found = try OcclusionExplainer(model.interpreter, ExplainerSettings()).attributions(
      clip, as: Int(target.values[0]), size: (8, 32), stride: (4, 16))
    let golden = try floats("attribution").reshaped(logPower.shape)
    let difference = TensorDifference(found, golden)
    #expect(difference.relative < 1e-4, "\(difference)")
  }

  private struct Missing: Error {}

  /// A mask of ones leaves the sound, and with it the scores of a network that hears it.
  @Test func maskedSound() throws {
    let model = try model("waveform-softmax.onnx", labels: "labels.txt") { $0.sampleRate = 8000 }
    let samples = (0..<9000).map { Float(($0 * 7919) % 1000) / 2000 - 0.25 }
    let interpreter = model.interpreter
    let analysis = try interpreter.analyze(samples)
    let shape = analysis.logPower.shape
    let masked = interpreter.frontEnd.masked(
      analysis.clip, by: Tensor(shape: shape, repeating: 1))
    #expect(masked.samples.count == samples.count)
    #expect(zip(masked.samples, samples).allSatisfy { abs($0 - $1) < 1e-4 })
    let again = try interpreter.classifier.analyze(masked).classification.probabilities
    #expect(zip(again, analysis.classification.probabilities).allSatisfy { abs($0 - $1) < 1e-3 })
    let outcome = try interpreter.measure(Tensor(shape: shape, repeating: 1), for: analysis)
    #expect(outcome.classIndex == analysis.classification.classIndex)
  }

  /// What a part changes is the same whether the rest is computed anew or not, to the last bit: in several
  /// windows, at both ends, with and without a filling, for the mean and for the largest, with classes that
  /// stand for others, and for the embedding.
  @Test(arguments: [NetworkConfiguration.Aggregate.mean, .max], [nil, "embedding"])
  func partsByThemselves(aggregate: NetworkConfiguration.Aggregate, embedding: String?) throws {
    let model = try model("waveform-softmax.onnx", labels: "labels.txt") {
      $0.sampleRate = 8000
      $0.aggregate = aggregate
      $0.embedding = embedding
    }
    let samples = (0..<23_456).map { Float(($0 * $0 / 7) % 1000) / 2000 - 0.25 }
    let frontEnd = model.interpreter.frontEnd
    let classifiers: [any LocalClassifier] = [
      try #require(model.interpreter.classifier as? any LocalClassifier),
      MappedClassifier(model.interpreter.classifier, members: [[0, 1], [2]]),
    ]
    let clip = frontEnd.clip(samples)
    let (frames, bins) = (clip.logPower.shape[0], clip.logPower.shape[1])
    let ones = Tensor(shape: [frames, bins], repeating: 1)
    let mean = Tensor(shape: [bins], (0..<bins).map { Float($0 % 7) * 0.01 })
    let parts: [(frames: Range<Int>, bins: Range<Int>)] = [
      (0..<9, 0..<bins), (40..<41, 3..<4), (frames / 2..<frames / 2 + 20, 10..<100),
      (frames - 5..<frames, 0..<20), (0..<frames, 5..<6),
    ]
    for filling in [nil, mean] {
      let whole = frontEnd.masked(clip, by: ones, filling: filling)
      for classifier in classifiers {
        let base = try classifier.analyze(whole)
        for part in parts {
          var mask = ones
          mask.fill(PatchPlace(frames: part.frames, bins: part.bins), with: 0)
          let masked = frontEnd.masked(clip, by: mask, filling: filling)
          let (sound, changed) = frontEnd.sound(
            of: clip, without: part.frames, part.bins, filling: filling, whole: whole.samples)
          #expect(sound == masked.samples)
          #expect(changed.count < samples.count || part.frames.count == frames)
          let found = try #require(
            try classifier.classify(sound, changed: changed, since: base))
          let wanted = try classifier.analyze(masked).classification
          #expect(found.logits == wanted.logits && found.ranking == wanted.ranking)
        }
      }
    }
  }

  /// Embeddings are those of the goldens: of one vector a window, and of several.
  @Test func embeddings() throws {
    let model = try model("waveform-softmax.onnx", labels: "labels.txt") {
      $0.sampleRate = 8000
      $0.embedding = "embedding"
    }
    let arrays = try NPZ.read(path: Fixtures.path("networks/goldens.npz"))
    guard case .float32(let clip) = arrays["clip.8000.a"],
      case .float32(let golden) = arrays["waveform-softmax.a.embedding"]
    else { throw Missing() }
    let backbone = try Backbone(model)
    #expect(backbone.embeddingLength == golden.count)
    let found = try backbone.embedding(of: clip.elements)
    #expect(TensorDifference(Tensor(shape: golden.shape, found), golden).relative < 1e-4)
    for (shape, length) in [
      ([1, 32], 32), ([1, 32, 1, 1], 32), ([1, 10, 32], 32), ([10, 32], 32), ([32], 32),
    ] {
      #expect(NetworkClassifier.embeddingLength(of: shape) == length)
    }
    for shape in [[1, 32, 4, 4], [1, 1], []] as [[Int]] {
      #expect(NetworkClassifier.embeddingLength(of: shape) == nil, "\(shape)")
    }
  }
}
