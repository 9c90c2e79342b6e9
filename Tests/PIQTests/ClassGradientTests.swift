import PIQ
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

  @Test func aWholeClipIsClassifiedAsItsSpectrogram() throws {
    let analysis = try interpreter.analyze(TinyModel.clip(1000))
    let classification = try interpreter.classify(analysis.logPower)
    #expect(classification.logits == analysis.classification.logits)
    #expect(try interpreter.classify(Tensor(shape: [3, 33])).probabilities.count == 3)
    for shape in [[0, 33], [20, 32], [1, 20, 33]] {
      #expect(throws: PIQError.self) { try interpreter.classify(Tensor(shape: shape)) }
    }
  }

  @Test func croppedFramesAreThoseOfTheMask() throws {
    for frames in 1...100 {
      let analysis = try interpreter.analyze(TinyModel.clip((frames - 1) * 16))
      let covered = interpreter.croppedFrames(of: frames)
      guard frames >= 32 else {
        #expect(covered == frames)
        continue
      }
      #expect(try interpreter.interpret(analysis, tail: .crop).mask.shape[0] == covered)
    }
  }

  /// The logit's change along a direction, against the gradient's product with it.
  @Test(arguments: 0..<3) func theGradientIsThatOfTheLogit(label: Int) throws {
    let gradient = try interpreter.gradient(of: label, at: logPower)
    let slopes = try gradient.forSpectrogram()
    #expect(slopes.shape == logPower.shape)
    #expect(gradient.hidden.shape == gradient.hiddenGradient.shape)
    // The direction of steepest ascent, in which the slope is the gradient's length.
    let length = slopes.elements.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    func logit(_ step: Double) throws -> Double {
      let moved = zip(logPower.elements, slopes.elements).map {
        $0 + Float(step / length) * $1
      }
      return Double(try interpreter.classify(Tensor(shape: logPower.shape, moved)).logits[label])
    }
    let step = 0.02
    let slope = try (logit(step) - logit(-step)) / (2 * step)
    #expect(length > 1e-3)
    #expect(abs(slope - length) < 0.05 * length, "\(slope) instead of \(length)")
  }

  @Test func aGradientLeavesTheModelAsItWas() throws {
    let before = try interpreter.classify(logPower).logits
    let first = try interpreter.gradient(of: 1, at: logPower).forSpectrogram()
    #expect(try interpreter.gradient(of: 1, at: logPower).forSpectrogram() == first)
    #expect(try interpreter.classify(logPower).logits == before)
    #expect(throws: PIQError.self) { try interpreter.gradient(of: 3, at: logPower) }
  }
}
