import Foundation
import PIQClassifiers
import PIQExplanations
import PIQSpectral
import PIQTensor
import TestSupport
import Testing

/// A classifier of samples, without spectrograms, gradients or maps: how loud, and how rough.
private struct LoudnessClassifier: Classifier {
  let classCount = 2

  func analyze(_ clip: Clip) throws -> Analysis {
    let samples = clip.samples
    let loudness = samples.reduce(0) { $0 + $1 * $1 }
    let roughness = zip(samples, samples.dropFirst()).reduce(0) {
      $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
    }
    return Analysis(
      clip, Classification(logits: [loudness - 1, roughness - 1], activation: .sigmoid))
  }

  func memory(frames: Int, bins: Int) -> Double { 8 * Double(frames * bins) }
}

/// A classifier that gives scores alone can be explained and measured by what needs no more.
@Suite struct ScoresOnlyTests {
  private let interpreter: Interpreter

  init() throws {
    let stft = try STFTConfiguration(sampleRate: 8000, nFFT: 64, hopLength: 16, windowLength: 48)
    interpreter = Interpreter(
      frontEnd: FrontEnd(stft, normalize: .none), classifier: LoudnessClassifier(),
      labels: ["loud", "rough"])
  }

  @Test func masksBecomeSoundAndFigures() throws {
    let analysis = try interpreter.analyze(TinyModel.clip(1600))
    let explainer = try #require(ExplanationMethod(rawValue: "random")).makeExplainer(
      for: interpreter)
    let interpretation = try interpreter.interpret(analysis, as: 1, by: explainer)
    #expect(interpretation.audio.count == 1600)
    let outcome = try interpreter.measure(interpretation.mask, for: analysis)
    // The classes of a sigmoid do not compete: their probabilities do not add up to 1.
    let logits = analysis.classification.logits
    for (probability, logit) in zip(outcome.whole, logits) {
      #expect(abs(probability - 1 / (1 + exp(-Double(logit)))) < 1e-12)
    }
    #expect(outcome.maskedIn[0] < outcome.whole[0] && outcome.maskedOut[0] < outcome.whole[0])
    let all = try interpreter.measure(
      Tensor(shape: analysis.logPower.shape, repeating: 1), for: analysis)
    #expect(abs(all.maskedIn[0] - all.whole[0]) < 1e-5)
  }

  @Test func methodsThatNeedMoreSaySo() throws {
    let forAll: Set = ["occlusion", "rise", "lime", "random", "ones"]
    for method in ExplanationMethod.allCases where !forAll.contains(method.rawValue) {
      #expect(throws: PIQError.self) { try method.makeExplainer(for: interpreter) }
    }
    #expect(ExplanationMethod.standard(for: interpreter).rawValue == "occlusion")
    #expect(throws: PIQError.self) { try interpreter.encoderClassifier }
  }

  @Test func outputsThatAreProbabilitiesStayAsTheyAre() {
    let classification = Classification(logits: [0.25, 0.5], activation: .none)
    #expect(classification.probabilities == [0.25, 0.5] && classification.classIndex == 1)
    #expect(classification.probabilities(scaledBy: 3) == [0.25, 0.5])
  }
}
