import Foundation
import PIQCheckpoints
import PIQClassifiers
import PIQExplanations
import PIQNeuralNetwork
import PIQSpectral
import PIQTensor
import Testing

/// A classifier whose only logit is the sum of its weights times the log-power.
private struct LinearClassifier: Classifier {
  let weights: Tensor
  let classCount = 1

  func analyze(_ clip: Clip) throws -> Analysis {
    let logit = zip(clip.logPower.elements, weights.elements).reduce(0.0) {
      $0 + Double($1.0) * Double($1.1)
    }
    return Analysis(clip, Classification(logits: [Float(logit)], activation: .none))
  }

  func memory(frames: Int, bins: Int) -> Double { 0 }
}

/// Methods that need scores alone give the weights of a linear classifier back.
@Suite struct PerturbationTests {
  private let stft: STFTConfiguration
  private let clip: Clip
  private let interpreter: Interpreter
  /// What each cell adds to the logit.
  private let parts: Tensor
  private let settings = ExplainerSettings(
    samples: 3000, patch: Patch(seconds: 8 * 16 / 8000, hertz: 4 * 8000 / 64))

  init() throws {
    stft = try STFTConfiguration(sampleRate: 8000, nFFT: 64, hopLength: 16, windowLength: 32)
    let samples = (0..<16 * 63).map { Float(sin(Double($0 * $0) * 0.003)) * 0.3 }
    let frontEnd = FrontEnd(stft, normalize: .none)
    clip = frontEnd.clip(samples)
    // A part that speaks for the class, and one against it.
    let shape = clip.logPower.shape
    let weights = Tensor(shape: shape) { values in
      for i in values.indices {
        let (row, column) = (i / shape[1], i % shape[1])
        values[i] =
          (16..<32).contains(row) && (8..<16).contains(column)
          ? 1 : (40..<56).contains(row) && (20..<28).contains(column) ? -1 : 0
      }
    }
    interpreter = Interpreter(
      frontEnd: frontEnd, classifier: LinearClassifier(weights: weights), labels: ["a"])
    parts = Tensor(
      shape: shape, zip(clip.logPower.elements, weights.elements).map { $0 * $1 })
  }

  private func correlation(_ a: [Float], _ b: [Float]) -> Double {
    let count = Double(a.count)
    let (meanA, meanB) = (Double(a.reduce(0, +)) / count, Double(b.reduce(0, +)) / count)
    var (ab, aa, bb) = (0.0, 0.0, 0.0)
    for (x, y) in zip(a, b) {
      let (x, y) = (Double(x) - meanA, Double(y) - meanB)
      (ab, aa, bb) = (ab + x * y, aa + x * x, bb + y * y)
    }
    return ab / (aa * bb).squareRoot()
  }

  /// The sums of `parts` over patches side by side, in each of their cells.
  private var segmentSums: [Float] {
    let size = settings.patch.cells(of: stft)
    #expect(size == (8, 4))
    var sums = Tensor(shape: parts.shape)
    for place in PatchGrid(shape: parts.shape, size: size, stride: size).places {
      var sum: Float = 0
      for row in place.frames {
        for column in place.bins { sum += parts[flat: row * parts.shape[1] + column] }
      }
      sums.add(sum, in: place)
    }
    return sums.elements
  }

  @Test func occlusion() throws {
    let size = settings.patch.cells(of: stft)
    let found = try OcclusionExplainer(interpreter, settings).attributions(
      clip, as: 0, size: size, stride: size)
    let worst = zip(found.elements, segmentSums).map { abs($0 - $1) }.max() ?? 1
    #expect(worst < 1e-3 * (segmentSums.max() ?? 0))
  }

  /// The region that each method gives lies around the part that speaks for the class.
  @Test(arguments: ["occlusion", "rise", "lime"])
  func regionOfTheEvent(_ name: String) throws {
    let method = try #require(ExplanationMethod(rawValue: name))
    let mask = try method.makeExplainer(for: interpreter, settings).explain(
      interpreter.classifier.analyze(clip), as: 0, tail: .keep, number: 0
    ).mask
    let region = try #require(
      Region(of: mask, in: clip.logPower, stft, duration: Double(clip.samples.count) / 8000))
    // Frames 16 to 32 and bins 8 to 16, where half of what the mask keeps is.
    let event = Region(start: 0.031, end: 0.063, low: 940, high: 1940)
    // Masks are as smooth as patches are large.
    let patch = settings.patch
    let middle = (0.5 * (region.start + region.end), 0.5 * (region.low + region.high))
    #expect(middle.0 > event.start - patch.seconds && middle.0 < event.end + patch.seconds)
    #expect(middle.1 > event.low - patch.hertz! && middle.1 < event.high + patch.hertz!)
    #expect(min(region.end, event.end) > max(region.start, event.start), "\(region)")
    #expect(min(region.high, event.high) > max(region.low, event.low), "\(region)")
  }

  @Test func lime() throws {
    let found = try LIMEExplainer(interpreter, settings).attributions(clip, as: 0, number: 1)
    #expect(correlation(found.elements, segmentSums) > 0.999)
    let ratio = (found.elements.max() ?? 0) / (segmentSums.max() ?? 1)
    #expect((0.9...1.01).contains(ratio), "\(ratio)")
  }

  @Test func rise() throws {
    let found = try RISEExplainer(interpreter, settings).attributions(clip, as: 0, number: 1)
    #expect(correlation(found.elements, segmentSums) > 0.7)
    let explanation = try RISEExplainer(interpreter, settings).explain(
      interpreter.classifier.analyze(clip), as: 0, tail: .keep, number: 1)
    #expect(explanation.mask.elements.allSatisfy { (0...1).contains($0) })
    #expect(explanation.mask.elements.max() == 1)
  }

  /// A cell that becomes the clip's mean is not missed where the clip is constant.
  @Test func meanBaseline() throws {
    let tone = (0..<16 * 63).map { Float(sin(Double($0) * 2 * .pi * 12 / 64)) * 0.3 }
    let clip = interpreter.frontEnd.clip(tone)
    var settings = settings
    settings.baseline = .mean
    let mean = try OcclusionExplainer(interpreter, settings).attributions(clip, as: 0, number: 0)
    settings.baseline = .silence
    let silence = try OcclusionExplainer(interpreter, settings).attributions(clip, as: 0, number: 0)
    let (a, b) = (mean.elements.map(abs).max() ?? 1, silence.elements.map(abs).max() ?? 0)
    #expect(a < 0.2 * b, "\(a) \(b)")
  }

  /// Where cells add up, the curves are sums of the largest ones.
  @Test func curves() throws {
    let positive = Tensor(shape: parts.shape, parts.elements.map { max(0, $0) })
    let weights = Tensor(
      shape: parts.shape,
      zip(positive.elements, clip.logPower.elements).map { $1 > 0 ? $0 / $1 : 0 })
    let interpreter = Interpreter(
      frontEnd: interpreter.frontEnd, classifier: LinearClassifier(weights: weights), labels: ["a"])
    let analysis = try interpreter.analyze(clip.samples)
    let curves = try interpreter.curves(of: positive, for: analysis)
    let sorted = positive.elements.map(Double.init).sorted(by: >)
    let whole = sorted.reduce(0, +)
    for step in 0...MaskCurves.steps {
      let kept = sorted[..<(sorted.count * step / MaskCurves.steps)].reduce(0, +)
      #expect(abs(curves.insertion[step] - kept) < 1e-3 * whole)
      #expect(abs(curves.deletion[step] - (whole - kept)) < 1e-3 * whole)
    }
    // A mask that knows nothing gives straight lines.
    let flat = try interpreter.curves(of: Tensor(shape: parts.shape, repeating: 1), for: analysis)
    #expect(abs(flat.deletionArea - whole / 2) < 0.2 * whole)
    #expect(curves.deletionArea < 0.1 * whole && curves.insertionArea > 0.9 * whole)
    #expect(try interpreter.curves(of: positive, for: analysis) == curves)
  }

  @Test func randomMasks() {
    var random = RandomStream(seed: 1, path: [1])
    let shape = [64, 33]
    let masks = (0..<400).map { _ in RISEExplainer.mask(shape, cell: (8, 4), &random).elements }
    #expect(masks.allSatisfy { $0.allSatisfy { (0...1).contains($0) } })
    for i in [0, 1000, 64 * 33 - 1] {
      let mean = masks.reduce(0) { $0 + Double($1[i]) } / 400
      #expect(abs(mean - 0.5) < 0.1)
    }
  }

  @Test func patchesReachTheEnds() {
    let places = PatchGrid(shape: [10, 7], size: (4, 3), stride: (2, 3)).places
    #expect(places.map(\.frames).last == 6..<10 && places.map(\.bins).last == 6..<7)
    #expect(places.count == 4 * 3)
    #expect(PatchGrid(shape: [2, 2], size: (4, 3), stride: (2, 3)).places.count == 1)
  }
}
