import Foundation
import PIQ
import PIQCheckpoints
import PIQClassifiers
import PIQExplanations
import PIQSpectral
import PIQTensor
import TestSupport
import Testing

/// Attributions beside captum's, before their absolute values: `Fixtures/reference/attributions`.
@Suite struct AttributionTests {
  static let cases = ["block", "no_block"]
  private static let tolerance = 1e-4

  /// A case of the script, with the classifier that it explains.
  private struct Case {
    let file: SafetensorsFile
    let config: [String: Any]
    let logPower: Tensor
    let interpreter: Interpreter
    let classIndex: Int

    init(_ name: String) throws {
      let file = try SafetensorsFile(
        path: Fixtures.path("reference/attributions/\(name).safetensors"))
      let text = try #require(file.metadata["config"])
      let config = try #require(
        JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
      func int(_ key: String) throws -> Int { try #require(config[key] as? Int, "\(key)") }
      let x = try file.floats("input.x")
      logPower = x.reshaped(Array(x.shape.dropFirst()))
      let classCount = try int("classes")
      let nFFT = 2 * (x.shape[2] - 1)
      let configuration = ModelConfiguration(
        name: name,
        stft: try STFTConfiguration(
          sampleRate: 16000, nFFT: nFFT, hopLength: nFFT / 4, windowLength: nFFT),
        normalize: .none, embeddingModel: .init(ConvolutionalEncoder.Settings(dim: try int("dim"))),
        classifier: .init(
          inputSize: try int("dim"), blockCount: try int("lin_blocks"),
          blockSize: try int("lin_neurons"), classCount: classCount),
        labels: (0..<classCount).map { "class \($0)" },
        logitScale: try #require(config["logit_scale"] as? Double))
      interpreter = try Interpreter(configuration) { name, _ in try file.floats("param." + name) }
      classIndex = try int("class_index")
      (self.file, self.config) = (file, config)
    }

    func explainer(_ method: String, steps: Int = 25) throws -> any Explainer {
      try #require(ExplanationMethod(rawValue: method))
        .makeExplainer(for: interpreter, ExplainerSettings(steps: steps))
    }

    func attributions(_ method: String, steps: Int = 25) throws -> Tensor {
      let explainer = try self.explainer(method, steps: steps)
      let attributing = try #require(explainer as? any AttributionExplainer)
      return try attributing.attributions(logPower, as: classIndex, number: 0)
    }

    func golden(_ name: String) throws -> Tensor {
      try file.floats("output." + name).reshaped(logPower.shape)
    }
  }

  @Test(arguments: cases) func saliency(name: String) throws {
    let golden = try Case(name)
    let difference = TensorDifference(
      try golden.attributions("saliency"), try golden.golden("saliency"))
    #expect(difference.relative <= Self.tolerance, "\(difference)")
  }

  @Test(arguments: cases) func occlusion(name: String) throws {
    let golden = try Case(name)
    let sizes = try ["patch", "patch_strides"].map { try #require(golden.config[$0] as? [Int]) }
    let explainer = OcclusionExplainer(golden.interpreter, ExplainerSettings())
    let clip = Clip(logPower: golden.logPower)
    let found = try explainer.attributions(
      clip, as: golden.classIndex, size: (sizes[0][0], sizes[0][1]),
      stride: (sizes[1][0], sizes[1][1]))
    let difference = TensorDifference(found, try golden.golden("occlusion"))
    #expect(difference.relative <= Self.tolerance, "\(difference)")
  }

  @Test(arguments: cases) func integratedGradients(name: String) throws {
    let golden = try Case(name)
    let steps = try #require(golden.config["steps"] as? Int)
    let attributions = try golden.attributions("integrated-gradients", steps: steps)
    let difference = TensorDifference(attributions, try golden.golden("integrated_gradients"))
    #expect(difference.relative <= Self.tolerance, "\(difference)")
  }

  /// The attributions add up to the logit of the clip minus that of silence, the better the more
  /// steps there are.
  @Test(arguments: cases) func integratedGradientsAreComplete(name: String) throws {
    let golden = try Case(name)
    let logit = Double(try golden.file.floats("output.logits")[flat: golden.classIndex])
    let change = logit - Double(try golden.file.floats("output.logit_of_silence").scalar)
    func error(_ steps: Int) throws -> Double {
      let attributions = try golden.attributions("integrated-gradients", steps: steps).elements
      return attributions.reduce(0) { $0 + Double($1) } - change
    }
    let delta = Double(try golden.file.floats("output.convergence_delta").scalar)
    #expect(abs(try error(25) - delta) < 1e-4 * abs(change))
    #expect(abs(try error(300)) < 0.01 * abs(change))
  }

  @Test(arguments: cases) func smoothGrad(name: String) throws {
    let golden = try Case(name)
    let noise = try golden.file.floats("input.noise")
    let explainer = try #require(
      try golden.explainer("smoothgrad") as? SmoothGradExplainer)
    let level = try #require(golden.config["noise_level"] as? Double)
    #expect(Float(level) == SmoothGradExplainer.noiseLevel)
    var copy = 0
    let attributions = try explainer.attributions(
      golden.logPower, as: golden.classIndex, copies: noise.shape[0]
    ) {
      defer { copy += 1 }
      return noise.rows(copy..<copy + 1).reshaped(golden.logPower.shape)
    }
    let difference = TensorDifference(attributions, try golden.golden("smoothgrad"))
    #expect(difference.relative <= Self.tolerance, "\(difference)")
  }

  @Test(arguments: cases) func gradCAM(name: String) throws {
    let golden = try Case(name)
    let activation = try golden.interpreter.encoderClassifier.activation(
      of: golden.classIndex, at: golden.logPower)
    let map = TensorDifference(
      GradCAMExplainer.map(activation), try golden.file.floats("output.grad_cam"))
    #expect(map.relative <= Self.tolerance, "\(map)")
    let enlarged = TensorDifference(
      try golden.attributions("grad-cam"), try golden.golden("grad_cam_interpolated"))
    #expect(enlarged.relative <= Self.tolerance, "\(enlarged)")
  }

  /// The mask is 1 at the largest absolute value, and the signs stay with the attributions.
  @Test(arguments: ["saliency", "smoothgrad", "integrated-gradients", "grad-cam"])
  func masksAreAbsoluteValues(method: String) throws {
    let interpreter = try TinyModel.interpreter(TinyModel.configuration())
    let analysis = try interpreter.analyze(TinyModel.clip(1000))
    let explainer = try #require(ExplanationMethod(rawValue: method))
      .makeExplainer(for: interpreter, ExplainerSettings(steps: 3))
    let explanation = try explainer.explain(analysis, as: 1, tail: .keep, number: 0)
    let attributions = try #require(explanation.attributions).elements
    let values =
      method == "grad-cam" ? attributions.map { max(0, $0) } : attributions.map { abs($0) }
    let largest = try #require(values.max())
    #expect(largest > 0)
    let expected = Tensor(shape: explanation.mask.shape, values.map { $0 / largest })
    #expect(TensorDifference(explanation.mask, expected).absolute == 0)
    let interpretation = try interpreter.interpret(analysis, as: 1, by: explainer)
    #expect(interpretation.mask == explanation.mask)
    #expect(interpretation.audio.count == 1000)
  }

  /// A model that only classifies lacks nothing but its own interpreter.
  @Test func methodsSayWhatTheyNeed() throws {
    var configuration = try TinyModel.configuration()
    configuration.psi = nil
    let interpreter = try TinyModel.interpreter(configuration)
    #expect(throws: PIQError.noInterpreter) {
      try ExplanationMethod.interpreter.makeExplainer(for: interpreter)
    }
    let amt = try #require(ExplanationMethod(rawValue: "amt"))
    #expect(throws: PIQError.self) { try amt.makeExplainer(for: interpreter) }
    for method in ExplanationMethod.allCases where method != .interpreter && method != amt {
      _ = try method.makeExplainer(for: interpreter)
    }
  }
}
