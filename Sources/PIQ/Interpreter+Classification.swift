import PIQKernels
import PIQNeuralNetwork
import PIQSpectral
public import PIQTensor

extension Interpreter {
  /// Classifies a spectrogram as it is, such as what a mask keeps of a clip.
  ///
  /// - Parameter logPower: log1p of magnitudes [T, F]: T frames, at least one, F bins.
  /// - Throws: `PIQError.mismatch` when the shape is another; `PIQError.notFinite`; `OneDNNError`.
  public func classify(_ logPower: Tensor) throws -> Classification {
    try checkShape(logPower)
    return try classify(encoding: logPower).classification
  }

  /// The classifier's output, and its encoder's, for a spectrogram [T, F] that goes on in silence
  /// where it has fewer than 16 frames.
  func classify(
    encoding logPower: Tensor
  ) throws -> (classification: Classification, encoded: EncodedClip) {
    let frames = max(logPower.shape[0], ConvolutionalEncoder.stride)
    let encoded = try LayerClock.within("embedding_model") {
      try encoder.encode(logPower.batch(padded: frames))
    }
    let cosines = try classifier(spatialMean(encoded.hidden), mode: .evaluation)
    let logits = cosines.elements.map { $0 * Float(configuration.logitScale) }
    guard logits.allSatisfy(\.isFinite) else { throw PIQError.notFinite }
    let probabilities = try softmax(Tensor(shape: [1, logits.count], logits)).elements
    return (Classification(logits: logits, probabilities: probabilities), encoded)
  }

  /// How many of a clip's first frames a mask made with `.crop` covers; all of them where the clip
  /// is too short for it.
  public func croppedFrames(of frames: Int) -> Int {
    frames < framesPerRow ? frames : min(frames, frames / framesPerRow * framesPerRow + 1)
  }

  /// The gradient of a class's logit for a spectrogram; the classifier is left as it was.
  ///
  /// - Parameters:
  ///   - label: the index of the class.
  ///   - logPower: [T, F].
  /// - Throws: `PIQError.mismatch` for an unknown class or another shape; `OneDNNError`.
  public func gradient(of label: Int, at logPower: Tensor) throws -> ClassGradient {
    try checkShape(logPower)
    let classCount = configuration.labels.count
    guard (0..<classCount).contains(label) else {
      throw PIQError.mismatch("there is no class \(label); the model has \(classCount)")
    }
    let frames = max(logPower.shape[0], ConvolutionalEncoder.stride)
    let encoded = try encoder.differentiated(logPower.batch(padded: frames), mode: .evaluation)
    let mean = differentiatedSpatialMean(encoded.value)
    let cosines = try mean.then { try classifier.differentiated($0, mode: .evaluation) }
    let scale = Float(configuration.logitScale)
    let seed = Tensor(
      shape: [1, classCount], (0..<classCount).map { $0 == label ? scale : 0 })
    let hiddenGradient = try cosines.pullback(seed)
    classifier.clearGradients()
    let shape = Array(encoded.value.shape[1...])
    return ClassGradient(
      hidden: encoded.value.reshaped(shape), hiddenGradient: hiddenGradient.reshaped(shape)
    ) { [encoder] in
      defer { encoder.clearGradients() }
      let gradient = try encoded.pullback(hiddenGradient)
      return gradient.reshaped(Array(gradient.shape[1...])).rows(0..<logPower.shape[0])
    }
  }

  private func checkShape(_ logPower: Tensor) throws(PIQError) {
    let bins = configuration.stft.bins
    guard logPower.shape.count == 2, logPower.shape[0] > 0, logPower.shape[1] == bins else {
      throw .mismatch("a spectrogram has at least one frame of \(bins) bins, not \(logPower.shape)")
    }
  }
}

/// The gradient of a class's logit, at the encoder's output and at the spectrogram.
public struct ClassGradient {
  /// The encoder's output [T / 16, F / 16, D] for the spectrogram.
  public let hidden: Tensor
  /// The gradient of the logit for `hidden`.
  public let hiddenGradient: Tensor
  private let pullback: () throws -> Tensor

  init(hidden: Tensor, hiddenGradient: Tensor, pullback: @escaping () throws -> Tensor) {
    self.hidden = hidden
    self.hiddenGradient = hiddenGradient
    self.pullback = pullback
  }

  /// The gradient of the logit for the spectrogram [T, F], which takes the way back through the
  /// encoder.
  ///
  /// - Throws: `OneDNNError`.
  public func forSpectrogram() throws -> Tensor { try pullback() }
}
