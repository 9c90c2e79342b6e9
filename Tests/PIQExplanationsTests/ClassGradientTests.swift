import Dispatch
import PIQ
import PIQClassifiers
import PIQExplanations
import PIQNeuralNetwork
import PIQTensor
import TestSupport
import Testing

@Suite struct ClassGradientTests {
  private let interpreter: Interpreter
  private let logPower: Tensor

  init() throws {
    interpreter = try TinyModel.interpreter(TinyModel.configuration())
    logPower = try interpreter.logPower(of: TinyModel.clip(1000))
  }

  /// The classifier of the model, whose gradients are looked at.
  private var classifier: EncoderClassifier { get throws { try interpreter.encoderClassifier } }

  private func logits(_ logPower: Tensor) throws -> [Float] {
    let batch = logPower.reshaped([1] + logPower.shape)
    return try classifier.differentiatedLogits(batch, mode: .evaluation).value.elements
  }

  @Test func aMaskOfOnesChangesNothing() throws {
    let analysis = try interpreter.analyze(TinyModel.clip(1000))
    let ones = Tensor(shape: logPower.shape, repeating: 1)
    let masked = interpreter.frontEnd.masked(analysis.clip, by: ones)
    let again = try interpreter.classifier.analyze(masked).classification
    #expect(again.logits == analysis.classification.logits)
    let sound = Tensor(shape: [masked.samples.count], masked.samples)
    let own = Tensor(shape: [sound.count], Array(TinyModel.clip(1000).prefix(sound.count)))
    #expect(TensorDifference(sound, own).relative < 1e-4)
  }

  @Test func croppedFramesAreThoseOfTheMask() throws {
    for frames in 1...100 {
      let analysis = try interpreter.analyze(TinyModel.clip((frames - 1) * 16))
      let covered = interpreter.coveredFrames(of: frames, tail: .crop)
      guard frames >= 32 else {
        #expect(covered == frames)
        continue
      }
      #expect(try interpreter.interpret(analysis, tail: .crop).mask.shape[0] == covered)
    }
  }

  /// The logit's change along a direction, against the gradient's product with it.
  @Test(arguments: 0..<3) func theGradientIsThatOfTheLogit(label: Int) throws {
    let slopes = try classifier.gradient(of: label, at: logPower)
    #expect(slopes.shape == logPower.shape)
    let activation = try classifier.activation(of: label, at: logPower)
    #expect(activation.maps.shape == activation.gradient.shape)
    // The direction of steepest ascent, in which the slope is the gradient's length.
    let length = slopes.elements.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    func logit(_ step: Double) throws -> Double {
      let moved = zip(logPower.elements, slopes.elements).map {
        $0 + Float(step / length) * $1
      }
      return Double(try logits(Tensor(shape: logPower.shape, moved))[label])
    }
    let step = 0.02
    let slope = try (logit(step) - logit(-step)) / (2 * step)
    #expect(length > 1e-3)
    #expect(abs(slope - length) < 0.05 * length, "\(slope) instead of \(length)")
  }

  @Test func aGradientLeavesTheModelAsItWas() throws {
    let before = try logits(logPower)
    let first = try classifier.gradient(of: 1, at: logPower)
    #expect(try classifier.gradient(of: 1, at: logPower) == first)
    #expect(try logits(logPower) == before)
    #expect(throws: PIQError.self) { try classifier.gradient(of: 3, at: logPower) }
    for shape in [[0, 33], [20, 32], [1, 20, 33]] {
      #expect(throws: PIQError.self) { try classifier.gradient(of: 1, at: Tensor(shape: shape)) }
    }
  }

  /// Gradients of a model neither add to those of the networks it was copied from, nor clear them,
  /// nor disturb each other on several threads.
  @Test func gradientsAreValues() throws {
    let configuration = try TinyModel.configuration()
    let networks = try Networks(configuration, using: Initializer(seed: 3))
    for (_, parameter) in networks.state {
      parameter.gradient = Tensor(shape: parameter.value.shape, repeating: 1)
    }
    let interpreter = try Interpreter(configuration, copying: networks)
    let expected = try interpreter.encoderClassifier.gradient(of: 0, at: logPower)
    #expect(
      networks.state.allSatisfy { $0.parameter.gradient?.elements.allSatisfy { $0 == 1 } == true })
    let logPower = logPower
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      #expect((try? interpreter.encoderClassifier.gradient(of: 0, at: logPower)) == expected)
    }
    // Sealed: what becomes of the networks afterwards changes nothing.
    for (_, parameter) in networks.state { parameter.value = Tensor(shape: parameter.value.shape) }
    #expect(try interpreter.encoderClassifier.gradient(of: 0, at: logPower) == expected)
  }
}
