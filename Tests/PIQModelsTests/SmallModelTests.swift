import Foundation
import PIQ
import PIQCheckpoints
import PIQClassifiers
import PIQExplanations
import PIQModels
import PIQPlatform
import PIQSpectral
import PIQTensor
import TestSupport
import Testing

/// All four ways of SpeechBrain's inference, with models that came through the import.
@Suite struct SmallModelTests {
  static let goldens = SmallModel.allCases.flatMap { model in
    Fixtures.names(in: model.rawValue + "/golden", endingIn: ".safetensors")
      .map { (model, $0) }
  }

  @Test func everyWayHasGoldens() {
    for model in SmallModel.allCases {
      let ways = Self.goldens.filter { $0.0 == model }
        .map { $0.1.split(separator: "-").dropFirst().joined(separator: "-") }
      #expect(Set(ways) == ["vq-mask", "vq-threshold", "direct-mask", "direct-threshold"])
    }
  }

  @Test(arguments: goldens)
  func agreesWithSpeechBrain(small: SmallModel, name: String) throws {
    let golden = try SafetensorsFile(
      path: Fixtures.path("\(small.rawValue)/golden/\(name).safetensors"))
    let folder = try TemporaryFolder()
    let path = try small.importModel(into: folder) {
      $0.useVQ = golden.metadata["use_vq"] == "True"
      $0.useMaskOutput = golden.metadata["use_mask_output"] == "True"
    }
    let model = try Model(path: path)
    #expect("\(model.configuration.maskThreshold)" == golden.metadata["mask_th"])
    let analysis = try model.interpreter.analyze(golden.floats("wav").elements)
    let interpretation = try model.interpreter.interpret(analysis, tail: .crop)

    #expect("\(interpretation.classIndex)" == golden.metadata["index"])
    #expect(model.configuration.labels[interpretation.classIndex] == golden.metadata["label"])
    let logPower = TensorDifference(analysis.logPower, try golden.floats("logspec"))
    #expect(logPower.relative <= 1e-5, "\(logPower)")
    let cosines = TensorDifference(
      Tensor(shape: [10], analysis.classification.logits), try golden.floats("cosines"))
    #expect(cosines.absolute <= 1e-5, "\(cosines)")
    #expect((interpretation.explanation.codes != nil) == golden.names.contains("codes"))
    if let codes = interpretation.explanation.codes {
      let expected = try golden.integers("codes")
      #expect(Array(codes.shape.dropFirst()) == expected.shape)
      #expect(codes.indices.map { Int64($0) } == expected.values)
    }

    let expectedMask = try golden.floats("mask")
    // What is not quantised passes on the rounding of the encoder, which this decoder magnifies.
    let tolerance = model.configuration.useVQ ? 1e-5 : 2e-4
    var undecided: Set<Int> = []
    if model.configuration.useMaskOutput {
      let mask = TensorDifference(interpretation.mask, expectedMask)
      #expect(mask.absolute <= tolerance, "\(mask)")
    } else {
      undecided = try compare(
        interpretation.mask, softplus: expectedMask, threshold: model.configuration.maskThreshold)
    }
    // A cell that rounding decided is left out of what follows from the mask.
    var (magnitude, expected) = (interpretation.magnitude, try golden.floats("interpretation"))
    for cell in undecided { (magnitude[flat: cell], expected[flat: cell]) = (0, 0) }
    let difference = TensorDifference(magnitude, expected)
    #expect(difference.relative <= 2 * tolerance, "\(difference)")
    if undecided.isEmpty {
      let ratio = signalToDifference(
        try golden.floats("audio").elements, and: interpretation.audio)
      #expect(ratio >= 80)
    }
  }

  /// Compares a thresholded mask with the softplus that SpeechBrain thresholds.
  ///
  /// - Returns: the cells that differ, all of which must lie at the threshold.
  private func compare(
    _ mask: Tensor, softplus: Tensor, threshold: Double
  ) throws -> Set<Int> {
    try #require(mask.shape == softplus.shape)
    let (actual, values) = (mask.elements, softplus.elements)
    let limit = Float(threshold) * (values.max() ?? 0)
    #expect(values.contains { $0 > limit } && values.contains { $0 <= limit })
    let undecided = actual.indices.filter { actual[$0] != (values[$0] > limit ? 1 : 0) }
    #expect(undecided.allSatisfy { abs(values[$0] - limit) <= 1e-5 }, "\(undecided.count) differ")
    return Set(undecided)
  }

  @Test(arguments: SmallModel.allCases, [TensorDType.float32, .float16, .bfloat16])
  func importKeepsWhatTheTypeCanHold(small: SmallModel, dtype: TensorDType) throws {
    let folder = try TemporaryFolder()
    let imported = try small.read()
    let path = try small.importModel(into: folder, dtype: dtype)
    #expect(try folder.contents().keys.sorted() == ["model/model.json", "model/model.safetensors"])
    let file = try SafetensorsFile(path: path + "/model.safetensors")
    #expect(file.names == imported.weights.map(\.name).sorted())
    for (name, tensor) in imported.weights {
      #expect(file.dtype(of: name) == dtype)
      // The fixtures' weights are exact in F16; BF16 has eight bits.
      let stored = try file.floats(name)
      let bound: Float = dtype == .bfloat16 ? 1 / 256 : 0
      #expect(stored.shape == tensor.shape)
      #expect(
        zip(stored.elements, tensor.elements).allSatisfy { abs($0 - $1) <= bound * abs($1) },
        "\(name)")
    }
    let model = try Model(path: path)
    #expect(model.configuration == imported.configuration)
    #expect(model.weights?.dtype == dtype)
    #expect(model.weights?.parameterCount == imported.parameterCount)
    #expect(model.sha256 == (try FileHash.sha256(ofFileAt: path + "/model.safetensors")))
  }

  @Test func importTakesSettingsFromTheYAML() throws {
    var options = SpeechBrainImport.Options()
    (options.normalize, options.logitScale) = (.peak, 20)
    (options.training, options.licence) = ("in a dream", "CC0")
    let shared = try SpeechBrainImport(
      path: Fixtures.path(SmallModel.shared.rawValue), name: "mine", options
    ).configuration
    #expect(shared.name == "mine")
    #expect(shared.normalize == .peak)
    #expect(shared.logitScale == 20)
    #expect(shared.training == "in a dream")
    #expect(shared.licence == "CC0")
    #expect(shared.stft == .speechBrainPIQ)
    #expect(shared.psi?.keyCount == 46)
    #expect(shared.psi?.sharedKeys == 6)
    #expect(shared.psi?.reducesDim == false)
    #expect(shared.labels.count == 10)
    #expect(shared.labels.first == "dog_bark")
    let plain = try SmallModel.partitioned.read().configuration
    #expect(plain.normalize == .none)
    #expect(plain.logitScale == 1)
    #expect(plain.psi == .init(dim: 8, keyCount: 40, classCount: 10))
  }

  /// A model that cannot be stored does not replace one.
  @Test func whatDoesNotFitReplacesNothing() throws {
    let folder = try TemporaryFolder()
    let small = try SpeechBrainImport(
      path: Fixtures.path(SmallModel.partitioned.rawValue), name: "x")
    try Model.write(small.configuration, weights: small.weights, dtype: .float16, to: folder.path)
    let sha256 = try Model(path: folder.path).sha256
    var weights = small.weights
    weights[0].tensor = Tensor(shape: weights[0].tensor.shape, repeating: 1e6)
    #expect(throws: Failure.self) {
      try Model.write(
        small.configuration, weights: weights, dtype: .float16, to: folder.path, replacing: true)
    }
    #expect(try Model(path: folder.path).sha256 == sha256)
  }
}
