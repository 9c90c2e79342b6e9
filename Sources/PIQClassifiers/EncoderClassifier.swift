package import PIQKernels
package import PIQNeuralNetwork
public import PIQTensor

/// An encoder with a cosine head on its embedding: SpeechBrain's classifiers of the PIQ
/// recipes.
///
/// Its layers are not public, so that weights stay as loaded.
public final class EncoderClassifier: @unchecked Sendable {
  // Sendable: values derived from parameters are protected by locks, and within this package the
  // layers of a classifier that threads share are frozen copies (`Networks.frozenCopy`).

  /// The body; `embedding_model` in the names of its weights.
  package let encoder: any SpectrogramEncoder
  /// The head; `classifier`.
  package let head: CosineClassifier
  /// What tells sounds of its classes from others; nil where nothing was calibrated for it.
  package let known: KnownScore?
  /// F, the bins of its spectrograms.
  private let bins: Int
  /// The factor of the cosines before softmax (`logit_scale`).
  private let logitScale: Float

  /// A classifier of these parts.
  ///
  /// - Parameters:
  ///   - bins: F, the bins of its spectrograms.
  ///   - logitScale: the factor of the cosines before softmax.
  /// - Precondition: the head takes the encoder's channels.
  package init(
    encoder: any SpectrogramEncoder, head: CosineClassifier, bins: Int, logitScale: Double,
    known: KnownScore? = nil
  ) {
    self.known = known
    self.encoder = encoder
    self.head = head
    self.bins = bins
    self.logitScale = Float(logitScale)
  }

  /// The logits [B, C] of spectrograms, with their pullback to the gradient of these [B, T, F].
  /// Gradients of parameters that need one accumulate.
  ///
  /// - Parameters:
  ///   - logPower: [B, T, F]: B clips, T frames, F bins.
  ///   - precision: that of the operands of large products.
  ///   - needsInputGradient: whether the gradient of the spectrograms is needed; the pullback gives
  ///     zeros if not.
  /// - Throws: `PIQError.mismatch`, `OneDNNError`.
  package func differentiatedLogits(
    _ logPower: Tensor, mode: Mode, precision: Precision = .float32, needsInputGradient: Bool = true
  ) throws -> Differentiated {
    try encoder.differentiatedEmbedding(
      logPower, mode: mode, precision: precision, needsInputGradient: needsInputGradient
    ).then { try differentiatedHead($0, mode: mode) }
  }

  /// The logits [B, C] of embeddings [B, D], with their pullback.
  private func differentiatedHead(_ embeddings: Tensor, mode: Mode) throws -> Differentiated {
    let cosines = try head.differentiated(embeddings, mode: mode)
    return Differentiated(cosines.value.scaled(by: logitScale)) { [logitScale] in
      try cosines.pullback($0.scaled(by: logitScale))
    }
  }

  /// A spectrogram [T, F] as a batch of one, zero-padded where it is too short.
  private func batch(_ logPower: Tensor) throws(PIQError) -> Tensor {
    guard logPower.shape.count == 2, logPower.shape[0] > 0, logPower.shape[1] == bins else {
      throw .mismatch("a spectrogram has at least one frame of \(bins) bins, not \(logPower.shape)")
    }
    let missing = max(0, encoder.minimumFrames - logPower.shape[0])
    return Tensor(
      concatenating: [logPower, Tensor(shape: [missing, bins])]
    ).reshaped([1, logPower.shape[0] + missing, bins])
  }

  /// The gradient of a class's logit: 1 at the class [1, C].
  private func seed(_ classIndex: Int) throws(PIQError) -> Tensor {
    guard (0..<classCount).contains(classIndex) else {
      throw .mismatch("there is no class \(classIndex); the model has \(classCount)")
    }
    return Tensor(shape: [1, classCount], (0..<classCount).map { $0 == classIndex ? 1 : 0 })
  }
}

extension EncoderClassifier: Classifier {
  public var classCount: Int { head.classCount }

  /// The decision about a clip, with the encoder's output beside it.
  ///
  /// - Throws: `PIQError.mismatch` for a spectrogram of another front end; `PIQError.notFinite`;
  ///   `OneDNNError`.
  public func analyze(_ clip: Clip) throws -> Analysis {
    // ReLU may turn NaN into zero, which would hide it from later checks.
    guard clip.logPower.isFinite else { throw PIQError.notFinite }
    let x = try batch(clip.logPower)
    let encoded = try LayerClock.within("embedding_model") { try encoder.encode(x) }
    let cosines = try head(encoded.embedding, mode: .evaluation)
    let logits = cosines.elements.map { $0 * logitScale }
    guard logits.allSatisfy(\.isFinite) else { throw PIQError.notFinite }
    var classification = Classification(logits: logits)
    known?.judge(encoded.embedding.reshaped([encoded.embedding.count]), in: &classification)
    return Analysis(clip, classification, encoded: encoded)
  }

  /// The approximate memory that a clip of T frames and F bins takes, in bytes: the encoder's.
  public func memory(frames: Int, bins: Int) -> Double {
    encoder.memory(frames: frames, bins: bins)
  }
}

extension EncoderClassifier: DifferentiableClassifier, ActivationClassifier {
  /// The gradient of a class's logit for a spectrogram.
  ///
  /// - Parameter logPower: [T, F]: T frames, F bins.
  /// - Returns: [T, F].
  /// - Throws: `PIQError.mismatch` for an unknown class or another shape; `OneDNNError`.
  public func gradient(of classIndex: Int, at logPower: Tensor) throws -> Tensor {
    let logits = try differentiatedLogits(batch(logPower), mode: .evaluation)
    let gradient = try logits.pullback(seed(classIndex))
    return gradient.reshaped(Array(gradient.shape[1...])).rows(0..<logPower.shape[0])
  }

  /// The encoder's output [H, W, D] and the gradient of a class's logit for it: H rows (time), W
  /// columns (frequency), D channels.
  ///
  /// - Parameter logPower: [T, F]: T frames, F bins.
  /// - Throws: `PIQError.mismatch` for an unknown class or another shape; `OneDNNError`.
  public func activation(of classIndex: Int, at logPower: Tensor) throws -> Activation {
    let encoding = try encoder.encoding(batch(logPower), mode: .evaluation)
    let head = try differentiatedHead(encoding.embedding, mode: .evaluation)
    let gradient = try encoder.mapGradient(
      head.pullback(seed(classIndex)), shape: encoding.map.shape)
    let shape = Array(encoding.map.shape[1...])
    return Activation(maps: encoding.map.reshaped(shape), gradient: gradient.reshaped(shape))
  }
}

extension EncoderClassifier {
  /// Whether the encoder says where it looks.
  package var givesActivationMaps: Bool { encoder is any ActivationMapEncoder }

  /// Where the encoder looks in a spectrogram [T, F]: [H, W], H rows (time), W columns (frequency).
  ///
  /// - Throws: `PIQError.unsupported` of an encoder that does not say; `PIQError.mismatch` for
  ///   another shape; `OneDNNError`.
  package func activationMap(at logPower: Tensor) throws -> Tensor {
    guard let encoder = encoder as? any ActivationMapEncoder else {
      throw PIQError.unsupported("the encoder does not say where it looks")
    }
    return try encoder.activationMap(batch(logPower))
  }
}
