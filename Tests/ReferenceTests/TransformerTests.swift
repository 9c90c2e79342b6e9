import PIQ
import PIQCheckpoints
import PIQClassifiers
import PIQExplanations
import PIQNeuralNetwork
import PIQTensor
import TestSupport
import Testing

/// FocalNet and ViT against what SpeechBrain's recipe makes of the same networks and clips.
@Suite(.serialized)
struct TransformerTests {
  private func expect(
    _ actual: Tensor, _ expected: Tensor, within tolerance: Double, _ name: String
  ) {
    let difference = TensorDifference(actual, expected)
    #expect(difference.relative <= tolerance, "\(name): \(difference)")
  }

  /// What the encoder makes of the golden image: after each layer or stage, and in the end. A GELU by
  /// tanh or another epsilon would show.
  @Test(arguments: TransformerFolder.clips)
  func encodesImages(clip: TransformerFolder.Clip) throws {
    let folder = clip.folder
    let golden = try folder.golden(clip.name)
    let classifier = try folder.interpreter().encoderClassifier
    let image = try golden.floats("image").reshaped([1, 224, 224, 1])
    let picture = Tensor(joiningChannels: [image, image, image])
    var states: [Tensor] = []
    let encoding: Encoding
    switch classifier.encoder {
    case let encoder as ViTEncoder:
      _ = try encoder.hiddenState(ofImage: picture) { states.append($0) }
      encoding = try encoder.encoding(ofImage: picture)
    case let encoder as FocalNetEncoder:
      _ = try encoder.hiddenState(ofImage: picture) { states.append($0) }
      let map = try encoder.map(ofImage: picture)
      encoding = Encoding(map: map, embedding: spatialMean(map))
    default:
      Issue.record("no encoder of an image")
      return
    }
    for (index, state) in states.enumerated() where golden.shape(of: "encoder_\(index)") != nil {
      let expected = try golden.floats("encoder_\(index)")
      expect(state.reshaped(expected.shape), expected, within: 2e-5, "encoder_\(index)")
    }
    let hidden = try golden.floats("hidden")
    expect(
      encoding.map.channelsFirst().reshaped(hidden.shape), hidden, within: 2e-5, "hidden")
    let embedding = try golden.floats("embedding")
    expect(
      encoding.embedding.reshaped(embedding.shape), embedding, within: 2e-5, "embedding")
    let cosines = try classifier.head(encoding.embedding, mode: .evaluation)
    expect(
      cosines.reshaped([folder.classCount]), try golden.floats("cosines"), within: 2e-5, "cosines")
  }

  /// From sound, and PIQ's whole way behind it.
  @Test(arguments: TransformerFolder.clips)
  func interpretsSound(clip: TransformerFolder.Clip) throws {
    let (folder, name) = (clip.folder, clip.name)
    let golden = try folder.golden(name)
    let interpreter = try folder.interpreter()
    let analysis = try interpreter.analyze(folder.samples(name))
    #expect("\(analysis.classification.classIndex)" == golden.metadata["index"])
    let isViT = folder.family == .vit
    let encoded = try #require(analysis.encoded)
    let hidden = try golden.floats("hidden")
    expect(
      encoded.hidden.channelsFirst().reshaped(hidden.shape), hidden,
      within: isViT ? 2e-5 : 4e-4, "hidden")
    let embedding = try golden.floats("embedding")
    expect(
      encoded.embedding.reshaped(embedding.shape), embedding, within: isViT ? 1e-5 : 3e-4,
      "embedding")
    expect(
      Tensor(shape: [folder.classCount], analysis.classification.logits),
      try golden.floats("cosines"),
      within: isViT ? 1e-5 : 3e-4, "cosines")
    let interpretation = try interpreter.interpret(analysis, tail: .crop)
    let codes = try #require(interpretation.explanation.codes)
    #expect(codes.indices == (try golden.integers("codes").values.map(Int.init)))
    let mask = try golden.floats("mask")
    expect(interpretation.explanation.mask, mask, within: 2e-4, "mask")
    let audio = try golden.floats("audio").elements
    #expect(interpretation.audio.count == audio.count)
    let noise = zip(interpretation.audio, audio).map { Double($0) - Double($1) }
    func power(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 } }
    #expect(power(noise) <= 1e-6 * power(audio.map(Double.init)), "audio: \(power(noise))")
  }

  /// What is kept of one clip alone: log-power and both images.
  @Test(arguments: TransformerFolder.usual)
  func seesSpectrograms(folder: TransformerFolder) throws {
    let golden = try folder.golden("c0")
    let interpreter = try folder.interpreter()
    let logPower = try golden.floats("logspec")
    expect(try interpreter.logPower(of: folder.samples("c0")), logPower, within: 1e-5, "logspec")
    for (name, antialias) in [("image", true), ("image_without_antialias", false)] {
      let image = try SpectrogramImage(size: 224, antialias: antialias)(
        logPower.reshaped([1] + logPower.shape))
      for part in image.channelParts([1, 1, 1]) {
        expect(part.reshaped([224, 224]), try golden.floats(name), within: 3e-5, name)
      }
    }
  }

  /// The gradient of the class's cosine.
  @Test(arguments: TransformerFolder.all)
  func differentiatesCosines(folder: TransformerFolder) throws {
    let golden = try folder.golden("c0")
    let interpreter = try folder.interpreter()
    let logPower = try interpreter.logPower(of: folder.samples("c0"))
    let index = try #require(golden.metadata["index"].flatMap { Int($0) })
    let gradient = try interpreter.encoderClassifier.gradient(of: index, at: logPower)
    expect(gradient, try golden.floats("cosine_gradient"), within: 1e-3, "gradient")
  }

  /// The names of transformers 5 lead to the same tensors.
  @Test func namesOfTransformers5() throws {
    let folder = TransformerFolder(family: .vit)
    let old = try PyTorchCheckpoint(path: folder.path("embedding_model.ckpt")).floats
    let new = try PyTorchCheckpoint(
      path: folder.path("embedding_model-transformers5.ckpt")
    ).floats
    for (name, _) in try folder.interpreter().encoderClassifier.encoder.state {
      let names = [name] + ViTEncoder.Settings.aliases(of: name)
      let found = names.filter { new[$0] != nil }
      #expect(found.count == 1 && found.contains(name) == !name.hasPrefix("encoder.layer."))
      #expect(old[name] != nil && found.first.flatMap { new[$0] } == old[name], "\(name)")
    }
  }

  /// The map before the threshold, and the tenth of the cells above it.
  @Test(arguments: TransformerFolder.all)
  func thresholdsActivationMaps(folder: TransformerFolder) throws {
    let golden = try folder.golden("c0")
    let interpreter = try folder.interpreter()
    let explainer = try #require(ExplanationMethod(rawValue: "amt")).makeExplainer(
      for: interpreter)
    let analysis = try interpreter.analyze(folder.samples("c0"))
    let explanation = try explainer.explain(analysis, as: 0, tail: .keep, number: 0)
    let map = try #require(explanation.attributions)
    expect(map, try golden.floats("amt_map"), within: 1e-4, "amt_map")
    let share = explanation.mask.elements.reduce(0, +) / Float(explanation.mask.count)
    #expect(abs(share - 0.1) < 0.001 && explanation.mask.elements.allSatisfy { $0 == 0 || $0 == 1 })
  }

  /// Saliency and Grad-CAM need nothing but the encoder.
  @Test(arguments: TransformerFolder.all, ["saliency", "integrated-gradients", "grad-cam"])
  func gradientMethods(folder: TransformerFolder, method: String) throws {
    let interpreter = try folder.interpreter()
    let explainer = try #require(ExplanationMethod(rawValue: method)).makeExplainer(
      for: interpreter, ExplainerSettings(steps: 2))
    let analysis = try interpreter.analyze(folder.samples("c1"))
    let explanation = try explainer.explain(
      analysis, as: analysis.classification.classIndex, tail: .keep, number: 0)
    #expect(explanation.mask.shape == analysis.logPower.shape)
    #expect(explanation.mask.elements.allSatisfy { (0...1).contains($0) })
    #expect(explanation.mask.elements.max() == 1)
  }

  /// A mask covers the clip that it was made of, and upstream's frames with cropping.
  @Test(arguments: TransformerFolder.all)
  func masksCoverTheClip(folder: TransformerFolder) throws {
    let interpreter = try folder.interpreter()
    let samples = try folder.samples("c0")
    for count in [20_000, 80_000, 100_000] {
      let analysis = try interpreter.analyze((0..<count).map { samples[$0 % samples.count] })
      let frames = analysis.logPower.shape[0]
      #expect(try interpreter.interpret(analysis).explanation.mask.shape == [frames, 513])
      #expect(interpreter.coveredFrames(of: frames, tail: .crop) == min(frames, 431))
      if frames < 431 {
        #expect(throws: PIQError.tooShort(frames: frames, least: 431)) {
          try interpreter.interpret(analysis, tail: .crop)
        }
      } else {
        let cropped = try interpreter.interpret(analysis, tail: .crop)
        #expect(cropped.explanation.mask.shape == [431, 513])
      }
    }
  }
}
