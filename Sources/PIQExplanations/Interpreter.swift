public import PIQ
public import PIQClassifiers
public import PIQKernels
import PIQNeuralNetwork
import PIQSpectral
public import PIQTensor

/// A classifier, its front end and its interpreter, ready to take clips
/// (`speechbrain.inference.interpretability.PIQAudioInterpreter`).
///
///     let analysis = try interpreter.analyze(samples)  // mono, at the model's rate
///     let interpretation = try interpreter.interpret(analysis)
///
/// Its weights are immutable. Several threads may share it, each with its own clip. Results do not
/// depend on the number of threads (`Threads.with`).
public final class Interpreter: @unchecked Sendable {
  // Sendable: the networks are not shared, and their caches are protected by locks.

  /// The model's settings.
  public let configuration: ModelConfiguration
  /// Sound to spectrograms, and back.
  public let frontEnd: FrontEnd
  /// The classifier that is explained.
  public let classifier: any Classifier
  /// The precision of the factors of the decoder's products.
  public let precision: Precision
  /// The interpreter's network; nil in a model that only classifies.
  let psi: VectorQuantizedPSI?
  private let networks: Networks

  /// Whether the model has an interpreter of its own.
  public var hasInterpreter: Bool { psi != nil }

  /// Builds the networks and loads their weights.
  ///
  /// - Parameters:
  ///   - precision: that of the factors of the decoder's products; class and codes do not depend on
  ///     it.
  ///   - weights: gives the tensor of a name under SpeechBrain's state-dict names, prefixed
  ///     `embedding_model.`, `classifier.` or `psi.`, with exactly the given shape.
  /// - Throws: `PIQError.configuration`, and what `weights` throws.
  public convenience init(
    _ configuration: ModelConfiguration, precision: Precision = .float32,
    weights: (_ name: String, _ shape: [Int]) throws -> Tensor
  ) throws {
    let networks = try Networks(configuration, using: .zeros)
    try networks.load(weights)
    networks.freeze()
    self.init(configuration, sealed: networks, precision)
  }

  /// An interpreter with the weights that `networks` have now.
  ///
  /// - Throws: `PIQError.configuration` when the networks were not made for this configuration.
  public convenience init(
    _ configuration: ModelConfiguration, copying networks: Networks, precision: Precision = .float32
  ) throws {
    self.init(configuration, sealed: try networks.frozenCopy(of: configuration), precision)
  }

  /// - Precondition: the networks are frozen and not referenced elsewhere.
  private init(_ configuration: ModelConfiguration, sealed: Networks, _ precision: Precision) {
    self.configuration = configuration
    self.precision = precision
    networks = sealed
    psi = sealed.psi
    classifier = sealed.encoderClassifier(configuration)
    frontEnd = FrontEnd(configuration.stft, normalize: configuration.normalize)
  }

  /// The same model with another precision of the decoder's products; the weights are shared.
  public func with(_ precision: Precision) -> Interpreter {
    Interpreter(configuration, sealed: networks, precision)
  }

  /// The number of values among the weights.
  public var parameterCount: Int {
    networks.state.reduce(0) { $0 + $1.parameter.value.count }
  }

  /// The classifier's networks, frozen, for a training of another interpreter.
  package var frozenClassifier: EncoderClassifier { networks.encoderClassifier(configuration) }

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
    let classIndex = classIndex ?? analysis.classification.index
    guard configuration.labels.indices.contains(classIndex) else {
      throw PIQError.mismatch(
        "there is no class \(classIndex); the model has \(configuration.labels.count)")
    }
    let explanation = try explainer.explain(analysis, as: classIndex, tail: tail, number: number)
    try checkShape(of: explanation.mask, for: analysis.clip)
    return render(explanation, of: analysis.clip, as: classIndex, tail: tail)
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
  private func render(
    _ explanation: Explanation, of clip: Clip, as classIndex: Int, tail: Tail
  ) -> Interpretation {
    let magnitude = LayerClock.step("masked spectrogram") {
      frontEnd.magnitude(of: frontEnd.masked(clip, by: explanation.mask).logPower)
    }
    let length = tail == .keep ? clip.samples.count : nil
    let audio = LayerClock.step("inverse STFT") {
      frontEnd.sound(of: magnitude, like: clip, length: length)
    }
    return Interpretation(
      index: classIndex, mask: explanation.mask, magnitude: magnitude,
      attributions: explanation.attributions, codes: explanation.codes, audio: audio)
  }

  /// The frames that metrics use, for every method: those that SpeechBrain's decoder covers; all of
  /// a clip that is too short for it.
  package func tail(of analysis: Analysis) -> Tail {
    let frames = analysis.logPower.shape[0]
    // Where cropping removes no frame, the clip may be too short to crop.
    return coveredFrames(of: frames, tail: .crop) == frames ? .keep : .crop
  }

  /// The rows of the encoder's map for one row of codes, or of the decoder's input.
  var reduction: Int { configuration.useVQ ? psi?.reduction ?? 2 : 1 }

  /// How many of a clip's first frames a mask covers; all of them where the clip is too short to be
  /// cropped.
  public func coveredFrames(of frames: Int, tail: Tail) -> Int {
    guard tail == .crop, let classifier = classifier as? EncoderClassifier else { return frames }
    return classifier.encoder.croppedFrames(of: frames, reduction: reduction)
  }
}
