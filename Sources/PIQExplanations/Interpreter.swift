public import PIQClassifiers
public import PIQKernels
import PIQNeuralNetwork
import PIQSpectral
import PIQTensor

/// A classifier with its front end and, where the model has one, the decoder of its own interpreter,
/// ready to take clips (`speechbrain.inference.interpretability.PIQAudioInterpreter`).
///
///     let analysis = try interpreter.analyze(samples)  // mono, at the model's rate
///     let interpretation = try interpreter.interpret(analysis)
///
/// Several threads may share one, each with its own clip. Results do not depend on the number of
/// threads (`Threads.with`).
public struct Interpreter: Sendable {
  /// Sound to spectrograms, and back.
  public let frontEnd: FrontEnd
  /// The classifier that is explained.
  public let classifier: any Classifier
  /// The names of the classes, by index.
  public let labels: [String]
  /// The decoder of the model's own interpreter; nil in a model that only classifies.
  public let decoder: MaskDecoder?
  /// The precision of the factors of the decoder's products.
  public var precision: Precision { decoder?.precision ?? .float32 }

  /// The parts as one.
  ///
  /// - Precondition: there is a label for each of the classifier's classes.
  public init(
    frontEnd: FrontEnd, classifier: any Classifier, labels: [String], decoder: MaskDecoder? = nil
  ) {
    (self.frontEnd, self.classifier, self.labels) = (frontEnd, classifier, labels)
    self.decoder = decoder
  }

  /// Classifies a clip.
  ///
  /// The classifier sees all frames, unpadded but for a clip of fewer than 16.
  ///
  /// - Parameter samples: mono, at the model's rate; at least one.
  /// - Throws: `PIQError.tooLong`, `PIQError.notFinite`; `OneDNNError`.
  public func analyze(_ samples: [Float]) throws -> Analysis {
    try checkLength(samples.count)
    return try classifier.analyze(frontEnd.clip(samples))
  }

  /// Explains the classification of a clip as a class, the predicted one or another.
  ///
  /// - Parameters:
  ///   - classIndex: the index of a class; the likeliest if nil.
  ///   - tail: which frames are covered.
  ///   - explainer: the method; the model's own interpreter if nil.
  ///   - number: tells clips apart for methods that draw random numbers, such as a hash of the clip.
  /// - Throws: `PIQError.noInterpreter` of a model that only classifies; `PIQError.tooShort` when
  ///   cropping leaves nothing; `PIQError.mismatch` for an unknown class; `PIQError.notFinite`;
  ///   `OneDNNError`.
  public func interpret(
    _ analysis: Analysis, as classIndex: Int? = nil, tail: Tail = .keep,
    by explainer: (any Explainer)? = nil, number: Int = 0
  ) throws -> Interpretation {
    let explainer = try explainer ?? ExplanationMethod.interpreter.makeExplainer(for: self)
    let classIndex = classIndex ?? analysis.classification.classIndex
    guard labels.indices.contains(classIndex) else {
      throw PIQError.mismatch("there is no class \(classIndex); the model has \(labels.count)")
    }
    let explanation = try explainer.explain(analysis, as: classIndex, tail: tail, number: number)
    return try apply(explanation, to: analysis.clip, as: classIndex, tail: tail)
  }

  /// Checks that a mask covers the first frames of a clip.
  ///
  /// - Throws: `PIQError.mismatch`.
  func checkShape(of mask: Tensor, for clip: Clip) throws(PIQError) {
    let (shape, own) = (mask.shape, clip.logPower.shape)
    guard shape.count == 2, shape[0] > 0, shape[0] <= own[0], shape[1] == own[1] else {
      throw .mismatch("a mask \(shape) does not fit a spectrogram \(own)")
    }
  }

  /// Applies a mask to the spectrogram and synthesises the sound, for every method.
  ///
  /// - Throws: `PIQError.mismatch` when the mask does not fit the clip.
  package func apply(
    _ explanation: Explanation, to clip: Clip, as classIndex: Int, tail: Tail
  ) throws(PIQError) -> Interpretation {
    try checkShape(of: explanation.mask, for: clip)
    let magnitude = LayerClock.step("masked spectrogram") {
      frontEnd.magnitude(of: frontEnd.masked(clip, by: explanation.mask).logPower)
    }
    let length = tail == .keep ? clip.samples.count : nil
    let audio = LayerClock.step("inverse STFT") {
      frontEnd.sound(of: magnitude, like: clip, length: length)
    }
    return Interpretation(
      classIndex: classIndex, explanation: explanation, magnitude: magnitude, audio: audio)
  }

  /// The frames that metrics use, for every method: those that SpeechBrain's decoder covers; all of
  /// a clip that is too short for it.
  package func tail(of analysis: Analysis) -> Tail {
    decoder?.tailForMetrics(of: analysis.logPower.shape[0]) ?? .keep
  }

  /// How many of a clip's first frames a mask covers; all of them where the model has no decoder, or
  /// the clip is too short to be cropped.
  public func coveredFrames(of frames: Int, tail: Tail) -> Int {
    tail == .crop ? decoder?.croppedFrames(of: frames) ?? frames : frames
  }
}
