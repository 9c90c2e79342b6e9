import PIQ
import PIQClassifiers
import PIQExplanations
import PIQNeuralNetwork
import PIQTensor
import TestSupport
import Testing

@Suite struct InterpreterTests {
  private static let hop = 16

  /// Whole frames and a rest, in the ways of inference whose rows are of 32 and of 16 frames.
  @Test(arguments: [(true, true, 32), (true, false, 16), (false, true, 16)])
  func keepCoversEveryLength(useVQ: Bool, reducesDim: Bool, framesPerRow: Int) throws {
    var configuration = try TinyModel.configuration(reducesDim: reducesDim)
    configuration.useVQ = useVQ
    let interpreter = try TinyModel.interpreter(configuration)
    for frames in 1...100 {
      let samples = TinyModel.clip((frames - 1) * Self.hop + (frames * 7) % Self.hop)
      let analysis = try interpreter.analyze(samples)
      #expect(analysis.logPower.shape == [frames, 33])
      let kept = try interpreter.interpret(analysis)
      #expect(kept.mask.shape == [frames, 33])
      #expect(kept.magnitude.shape == [frames, 33])
      #expect(kept.audio.count == samples.count)
      #expect(kept.audio.allSatisfy { $0.isFinite })
      #expect(kept.mask.elements.allSatisfy { (0...1).contains($0) })
      #expect((kept.explanation.codes != nil) == useVQ)
      guard frames >= framesPerRow else {
        #expect(throws: PIQError.tooShort(frames: frames, least: framesPerRow)) {
          try interpreter.interpret(analysis, tail: .crop)
        }
        continue
      }
      let cropped = try interpreter.interpret(analysis, tail: .crop)
      let covered = min(frames, frames / framesPerRow * framesPerRow + 1)
      #expect(cropped.mask.shape == [covered, 33])
      #expect(cropped.audio.count == (covered - 1) * Self.hop)
      #expect(cropped.classIndex == kept.classIndex)
      if let codes = cropped.explanation.codes { #expect(codes.shape[1] == frames / framesPerRow) }
      if covered == frames {
        #expect(cropped.mask == kept.mask)
        #expect(cropped.explanation.codes == kept.explanation.codes)
      }
    }
  }

  @Test func aRefusalSaysWhatToDo() throws {
    let interpreter = try TinyModel.interpreter(TinyModel.configuration())
    let analysis = try interpreter.analyze(TinyModel.clip(100))
    let error = #expect(throws: PIQError.self) {
      try interpreter.interpret(analysis, tail: .crop)
    }
    #expect(
      error?.description
        == "the clip has 7 frames and cropping needs at least 32; keep all frames, or use a longer clip"
    )
  }

  @Test(arguments: Normalization.allCases)
  func silenceStaysSilent(normalize: Normalization) throws {
    let interpreter = try TinyModel.interpreter(TinyModel.configuration(normalize: normalize))
    let analysis = try interpreter.analyze([Float](repeating: 0, count: 1000))
    #expect(analysis.classification.probabilities.allSatisfy { $0.isFinite })
    let interpretation = try interpreter.interpret(analysis)
    #expect(interpretation.audio.count == 1000)
    #expect(interpretation.audio.allSatisfy { abs($0) < 1e-6 })
    #expect(interpretation.mask.elements.allSatisfy { $0.isFinite })
  }

  @Test(arguments: Normalization.allCases)
  func oneSample(normalize: Normalization) throws {
    let interpreter = try TinyModel.interpreter(TinyModel.configuration(normalize: normalize))
    let interpretation = try interpreter.interpret(interpreter.analyze([0.25]))
    #expect(interpretation.mask.shape == [1, 33])
    #expect(interpretation.audio.count == 1)
    #expect(interpretation.audio.allSatisfy { $0.isFinite && abs($0) <= 0.2501 })
  }

  @Test func peakMakesTheLevelIrrelevant() throws {
    let interpreter = try TinyModel.interpreter(TinyModel.configuration(normalize: .peak))
    let loud = TinyModel.clip(1500)
    let reference = try interpreter.interpret(interpreter.analyze(loud))
    // Exact for a power of two; for another factor to within rounding.
    for (factor, tolerance) in [(Float(0.125), 0.0), (0.1, 1e-4)] {
      let interpretation = try interpreter.interpret(interpreter.analyze(loud.map { $0 * factor }))
      #expect(interpretation.classIndex == reference.classIndex)
      let mask = TensorDifference(interpretation.mask, reference.mask)
      #expect(mask.absolute <= tolerance, "\(mask)")
      let audio = TensorDifference(
        Tensor(shape: [1500], interpretation.audio),
        Tensor(shape: [1500], reference.audio.map { $0 * factor }))
      #expect(audio.relative <= tolerance, "\(audio)")
    }
  }

  @Test func normalizationDividesBeforeTheTransform() throws {
    // The largest sample is 0.25, the largest absolute one 0.5.
    let samples = TinyModel.clip(800).map { min($0, 0.25) } + [-0.5, 0.25]
    func logPower(_ normalize: Normalization, _ samples: [Float]) throws -> Tensor {
      try TinyModel.interpreter(TinyModel.configuration(normalize: normalize))
        .logPower(of: samples)
    }
    #expect(try logPower(.peak, samples) == logPower(.none, samples.map { $0 / 0.5 }))
    #expect(try logPower(.max, samples) == logPower(.none, samples.map { $0 / 0.25 }))
    #expect(try logPower(.none, samples) != logPower(.none, samples.map { $0 / 0.5 }))
  }

  @Test func anotherClassUsesItsOwnKeys() throws {
    let interpreter = try TinyModel.interpreter(TinyModel.configuration())
    let partition = try ClassPartition(keyCount: 60, classCount: 3, sharedKeys: 0)
    let analysis = try interpreter.analyze(TinyModel.clip(1500))
    var masks: [Tensor] = []
    for label in 0..<3 {
      let interpretation = try interpreter.interpret(analysis, as: label)
      #expect(interpretation.classIndex == label)
      let codes = try #require(interpretation.explanation.codes)
      #expect(codes.shape == [1, 3, 1])
      #expect(codes.indices.allSatisfy { partition.owners[$0] == label })
      masks.append(interpretation.mask)
    }
    #expect(masks[0] != masks[1] && masks[1] != masks[2])
    let likeliest = try interpreter.interpret(analysis)
    #expect(likeliest.mask == masks[analysis.classification.classIndex])
    for label in [-1, 3] {
      let error = #expect(throws: PIQError.self) {
        try interpreter.interpret(analysis, as: label)
      }
      #expect(error?.description == "there is no class \(label); the model has 3")
    }
  }

  @Test func clipsDoNotInfluenceEachOther() throws {
    let configuration = try TinyModel.configuration(normalize: .peak)
    let interpreter = try TinyModel.interpreter(configuration)
    let clip = TinyModel.clip(1234)
    func run(_ interpreter: Interpreter) throws -> Interpretation {
      try interpreter.interpret(interpreter.analyze(clip))
    }
    let first = try run(interpreter)
    for length in [1, 700, 5000] {
      _ = try interpreter.interpret(interpreter.analyze(TinyModel.clip(length, level: 1)))
    }
    for other in [try run(interpreter), try run(TinyModel.interpreter(configuration))] {
      #expect(other.classIndex == first.classIndex)
      #expect(other.explanation.codes == first.explanation.codes)
      #expect(other.mask == first.mask)
      #expect(other.magnitude == first.magnitude)
      #expect(other.audio == first.audio)
    }
  }

  @Test func thresholdedMasksAreZerosAndOnes() throws {
    var configuration = try TinyModel.configuration()
    configuration.useMaskOutput = false
    let clip = TinyModel.clip(1500)
    func ones(_ threshold: Double) throws -> Int {
      configuration.maskThreshold = threshold
      let interpreter = try TinyModel.interpreter(configuration)
      let mask = try interpreter.interpret(interpreter.analyze(clip)).mask.elements
      #expect(mask.allSatisfy { $0 == 0 || $0 == 1 })
      return mask.count { $0 == 1 }
    }
    let counts = try [-1, 0.2, 0.6, 1].map(ones)
    #expect(counts.first == 94 * 33)
    #expect(counts.last == 0)
    #expect(zip(counts, counts.dropFirst()).allSatisfy { $0 > $1 }, "\(counts)")
  }

  @Test func classificationsRankTheirClasses() throws {
    let interpreter = try TinyModel.interpreter(TinyModel.configuration())
    let classification = try interpreter.analyze(TinyModel.clip(1500)).classification
    #expect(classification.logits.allSatisfy { abs($0) <= 5.0001 })
    #expect(abs(classification.probabilities.reduce(0, +) - 1) < 1e-5)
    #expect(classification.ranking.sorted() == [0, 1, 2])
    #expect(classification.classIndex == classification.ranking[0])
    let ranked = classification.ranking.map { classification.probabilities[$0] }
    #expect(zip(ranked, ranked.dropFirst()).allSatisfy { $0 >= $1 })
  }

  @Test(arguments: [Float.nan, .infinity, 3e38])
  func whatOverflowsIsRefused(sample: Float) throws {
    let interpreter = try TinyModel.interpreter(TinyModel.configuration())
    var samples = TinyModel.clip(1000)
    samples[500] = sample
    #expect(throws: PIQError.notFinite) { try interpreter.analyze(samples) }
  }
}
