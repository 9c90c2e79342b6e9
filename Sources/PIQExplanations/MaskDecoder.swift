public import PIQ
package import PIQClassifiers
public import PIQKernels
import PIQNeuralNetwork
import PIQSpectral
public import PIQTensor

/// The decoder of a model's own interpreter, and how its output becomes a mask.
public struct MaskDecoder: @unchecked Sendable {
  // Sendable: the networks are frozen and not referenced elsewhere; locks protect their caches.

  /// The precision of the factors of its products; class and codes do not depend on it.
  public let precision: Precision
  let encoder: any SpectrogramEncoder
  let psi: VectorQuantizedPSI
  let useVQ: Bool
  let useMaskOutput: Bool
  let maskThreshold: Float

  /// The rows of the encoder's map for one row of codes, or of the decoder's input.
  var reduction: Int { useVQ ? psi.reduction : 1 }

  /// How many of a clip's first frames a cropped mask covers.
  func croppedFrames(of frames: Int) -> Int {
    encoder.croppedFrames(of: frames, reduction: reduction)
  }

  /// The frames that metrics use of a clip of this many.
  func tailForMetrics(of frames: Int) -> Tail {
    encoder.tailForMetrics(of: frames, reduction: reduction)
  }
}

extension Interpreter {
  /// Builds the networks and loads their weights.
  ///
  /// - Parameters:
  ///   - precision: that of the factors of the decoder's products.
  ///   - weights: gives the tensor of a name under SpeechBrain's state-dict names, prefixed
  ///     `embedding_model.`, `classifier.` or `psi.`, with exactly the given shape.
  /// - Throws: `PIQError.configuration`, and what `weights` throws.
  public init(
    _ configuration: ModelConfiguration, precision: Precision = .float32,
    weights: (_ name: String, _ shape: [Int]) throws -> Tensor
  ) throws {
    try self.init(
      configuration, precision: precision, sources: { TensorSource(try weights($0, $1)) })
  }

  /// The same with weights that may stay in their stored form.
  public init(
    _ configuration: ModelConfiguration, precision: Precision = .float32,
    sources: (_ name: String, _ shape: [Int]) throws -> TensorSource
  ) throws {
    let networks = try Networks(configuration, using: .zeros)
    try networks.load(sources)
    networks.freeze()
    Tensor.releaseUnusedMemory()
    self.init(configuration, frozen: networks, precision)
  }

  /// An interpreter with the weights that `networks` have now.
  ///
  /// - Throws: `PIQError.configuration` when the networks were not made for this configuration.
  public init(
    _ configuration: ModelConfiguration, copying networks: Networks, precision: Precision = .float32
  ) throws {
    self.init(configuration, frozen: try networks.frozenCopy(of: configuration), precision)
  }

  /// - Precondition: the networks are frozen and not referenced elsewhere.
  private init(_ configuration: ModelConfiguration, frozen: Networks, _ precision: Precision) {
    self.init(
      frontEnd: FrontEnd(configuration.stft, normalize: configuration.normalize),
      classifier: frozen.encoderClassifier(configuration), labels: configuration.labels,
      decoder: frozen.psi.map {
        MaskDecoder(
          precision: precision, encoder: frozen.encoder, psi: $0, useVQ: configuration.useVQ,
          useMaskOutput: configuration.useMaskOutput,
          maskThreshold: Float(configuration.maskThreshold))
      })
  }

  /// The same model with another precision of the decoder's products; the weights are shared.
  public func with(_ precision: Precision) -> Interpreter {
    Interpreter(
      frontEnd: frontEnd, classifier: classifier, labels: labels,
      decoder: decoder.map {
        MaskDecoder(
          precision: precision, encoder: $0.encoder, psi: $0.psi, useVQ: $0.useVQ,
          useMaskOutput: $0.useMaskOutput, maskThreshold: $0.maskThreshold)
      })
  }

  /// The classifier's networks, frozen, for a training of an interpreter.
  ///
  /// - Throws: `PIQError.unsupported` of a classifier of another kind.
  package var encoderClassifier: EncoderClassifier {
    get throws(PIQError) {
      if let classifier = classifier as? EncoderClassifier { return classifier }
      throw .unsupported(
        "an interpreter decodes an encoder's map, which the classifier does not give")
    }
  }
}
