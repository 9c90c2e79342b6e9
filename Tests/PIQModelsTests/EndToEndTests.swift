import Foundation
import PIQ
import PIQAudioIO
import PIQCheckpoints
import PIQClassifiers
import PIQExplanations
import PIQKernels
import PIQModels
import PIQSpectral
import PIQTensor
import TestSupport
import Testing

/// A model that SpeechBrain trained against SpeechBrain's own outputs, from the sound file to the
/// masked sound.
@MainActor @Suite(.serialized) struct EndToEndTests {
  nonisolated static let folder = "speechbrain-esc10"
  nonisolated static let clips = Fixtures.names(in: folder + "/golden", endingIn: ".safetensors")
  /// Loaded once: of all tests' models only this one is large.
  private static let model = Result { try Model(path: Fixtures.path("\(folder)/model")) }

  @Test func goldensAreThere() { #expect(!Self.clips.isEmpty) }

  @Test(arguments: clips)
  func agreesWithSpeechBrain(clip: String) throws {
    let golden = try SafetensorsFile(
      path: Fixtures.path("\(Self.folder)/golden/\(clip).safetensors"))
    let recording = try Recording.read(path: Fixtures.path("\(Self.folder)/clips/\(clip).flac"))
    let model = try Self.model.get()
    try #require(recording.sampleRate == model.configuration.stft.sampleRate)
    let analysis = try model.interpreter.analyze(recording.samples)
    let interpretation = try model.interpreter.interpret(analysis, tail: .crop)

    #expect("\(interpretation.classIndex)" == golden.metadata["index"])
    #expect(model.configuration.labels[interpretation.classIndex] == golden.metadata["label"])
    let codes = try #require(interpretation.explanation.codes)
    let expectedCodes = try golden.integers("codes")
    #expect(Array(codes.shape.dropFirst()) == expectedCodes.shape)
    #expect(codes.indices.map { Int64($0) } == expectedCodes.values)

    let logPower = TensorDifference(analysis.logPower, try golden.floats("logspec"))
    #expect(logPower.relative <= 1e-5, "\(logPower)")
    let logits = Tensor(
      shape: [10],
      analysis.classification.logits.map { $0 / Float(model.configuration.logitScale) })
    let cosines = TensorDifference(logits, try golden.floats("cosines"))
    #expect(cosines.absolute <= 1e-4, "\(cosines)")
    let mask = TensorDifference(interpretation.mask, try golden.floats("mask"))
    #expect(mask.absolute <= 2e-4, "\(mask)")
    let magnitude = TensorDifference(interpretation.magnitude, try golden.floats("interpretation"))
    #expect(magnitude.relative <= 2e-4, "\(magnitude)")
    let ratio = signalToDifference(
      try golden.floats("audio").elements, and: interpretation.audio)
    #expect(ratio >= 60)
    print(
      "\(clip): log-power \(logPower.relative) of its largest, cosines \(cosines.absolute), "
        + "mask \(mask.absolute), interpretation \(magnitude.relative) of its largest, "
        + "audio \(ratio) dB")
  }
}

extension EndToEndTests {
  /// Products of numbers of 8 bits move the mask a little; class and codes do not depend on them.
  @Test(.enabled(if: Precision.bfloat16.isNative), arguments: clips)
  func agreesInBFloat16(clip: String) throws {
    let golden = try SafetensorsFile(
      path: Fixtures.path("\(Self.folder)/golden/\(clip).safetensors"))
    let recording = try Recording.read(path: Fixtures.path("\(Self.folder)/clips/\(clip).flac"))
    let interpreter = try Self.model.get().interpreter
    let rounding = interpreter.with(.bfloat16)
    let analysis = try rounding.analyze(recording.samples)
    #expect(
      analysis.classification.logits
        == (try interpreter.analyze(recording.samples)).classification.logits)
    let interpretation = try rounding.interpret(analysis, tail: .crop)
    let codes = try #require(interpretation.explanation.codes)
    #expect(codes.indices.map { Int64($0) } == (try golden.integers("codes")).values)
    let mask = TensorDifference(interpretation.mask, try golden.floats("mask"))
    #expect(mask.absolute <= 1e-2, "\(mask)")
    // It is another way, not the same one.
    #expect(mask.absolute > 1e-6)
    print("\(clip) in bf16: mask \(mask.absolute)")
  }
}

/// The energy of `signal` over that of its difference from `other`, in decibels; minus infinity
/// where the lengths differ.
func signalToDifference(_ signal: [Float], and other: [Float]) -> Double {
  guard signal.count == other.count else { return -.infinity }
  let energy = signal.reduce(0) { $0 + Double($1) * Double($1) }
  let difference = zip(signal, other).reduce(0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
  return 10 * log10(energy / difference)
}
