public import PIQKernels
public import PIQNeuralNetwork
public import PIQTensor

/// The body of a classifier: maps a spectrogram to a map of fewer rows and columns, which its head
/// averages and an interpreter decodes. It also relates rows of that map to frames of the clip.
public protocol SpectrogramEncoder: Layer {
  /// The fewest frames that it takes; shorter clips are followed by silence.
  var minimumFrames: Int { get }

  /// The approximate memory that encoding and explaining a clip of T frames and F bins takes, in
  /// bytes.
  func memory(frames: Int, bins: Int) -> Double

  /// Maps log-power spectrograms [B, T, F] to [B, H, W, D]: B clips, T frames, F bins, H rows, W
  /// columns, D channels.
  ///
  /// - Throws: `PIQError.mismatch` when T or F is too small; `OneDNNError`.
  func callAsFunction(_ x: Tensor, mode: Mode) throws -> Tensor

  /// The encoder with its pullback to the gradient of the spectrograms [B, T, F]. Gradients of
  /// parameters that need one accumulate.
  ///
  /// - Parameters:
  ///   - precision: that of the operands of large products.
  ///   - needsInputGradient: whether the gradient of `x` is needed; the pullback gives zeros if not.
  /// - Throws: as `callAsFunction`.
  func differentiated(
    _ x: Tensor, mode: Mode, precision: Precision, needsInputGradient: Bool
  ) throws -> Differentiated

  /// The maps of spectrograms [B, T, F] and what the head takes of them.
  ///
  /// - Throws: as `callAsFunction`.
  func encoding(_ x: Tensor, mode: Mode) throws -> Encoding

  /// The embeddings [B, D] with their pullback to the gradient of the spectrograms [B, T, F].
  ///
  /// Parameters and errors are those of `differentiated`.
  func differentiatedEmbedding(
    _ x: Tensor, mode: Mode, precision: Precision, needsInputGradient: Bool
  ) throws -> Differentiated

  /// The gradient of maps of this shape [B, H, W, D] from that of their embeddings [B, D].
  func mapGradient(_ gradient: Tensor, shape: [Int]) throws -> Tensor

  /// Encodes one clip [1, T, F] in evaluation mode.
  ///
  /// - Throws: as `callAsFunction`.
  func encode(_ x: Tensor) throws -> EncodedClip

  /// The map that is decoded for an explanation.
  ///
  /// - Parameters:
  ///   - frames: T, the clip's own, without silence after it.
  ///   - tail: which frames the explanation covers.
  ///   - reduction: rows of the map for one row of codes.
  /// - Returns: [1, H, W, D].
  /// - Throws: `PIQError.tooShort` when cropping leaves nothing; as `callAsFunction`.
  func representation(
    of clip: EncodedClip, frames: Int, tail: Tail, reduction: Int
  ) throws -> Tensor

  /// How many of a clip's first frames an explanation with `Tail.crop` covers; all of them where
  /// the clip is too short for it.
  func croppedFrames(of frames: Int, reduction: Int) -> Int

  /// The frames that metrics of masks use: those that SpeechBrain's decoder covers, or all of them.
  func tailForMetrics(of frames: Int, reduction: Int) -> Tail

  /// A decoded map as it lies on clips in training.
  ///
  /// - Parameters:
  ///   - decoded: [B, T', F, 1]: B clips, T' frames, F bins.
  ///   - frames: T, those of the clips.
  /// - Returns: [B, T'', F, 1] with its pullback, T'' at most T.
  func differentiatedFit(_ decoded: Tensor, frames: Int) -> Differentiated

  /// The mask [T'', F] of a clip of T frames from a decoded map [T', F], T'' at most T.
  ///
  /// - Parameters:
  ///   - frames: T.
  ///   - tail: which frames the mask covers.
  ///   - activation: turns decoded values into those of a mask.
  /// - Throws: what `activation` throws; `OneDNNError`.
  func mask(
    of decoded: Tensor, frames: Int, tail: Tail, by activation: (Tensor) throws -> Tensor
  ) throws -> Tensor
}

/// The output of an encoder.
public struct Encoding: Sendable {
  /// [B, H, W, D]: B clips, H rows (time), W columns (frequency), D channels.
  public let map: Tensor
  /// [B, D], for the head.
  public let embedding: Tensor

  /// An output of these parts.
  public init(map: Tensor, embedding: Tensor) {
    self.map = map
    self.embedding = embedding
  }
}

/// The embedding of most encoders is the mean of the map.
extension SpectrogramEncoder {
  /// The map [B, H, W, D] and the embedding [B, D] of spectrograms [B, T, F]: B clips, T frames, F bins,
  /// H rows, W columns, D channels.
  ///
  /// - Throws: as `callAsFunction`.
  public func encoding(_ x: Tensor, mode: Mode) throws -> Encoding {
    let map = try self(x, mode: mode)
    return Encoding(map: map, embedding: spatialMean(map))
  }

  /// The embedding [B, D] of spectrograms [B, T, F] with its pullback.
  ///
  /// - Throws: as `callAsFunction`.
  public func differentiatedEmbedding(
    _ x: Tensor, mode: Mode, precision: Precision, needsInputGradient: Bool
  ) throws -> Differentiated {
    try differentiated(
      x, mode: mode, precision: precision, needsInputGradient: needsInputGradient
    ).then(differentiatedSpatialMean)
  }

  /// The gradient of the map [B, H, W, D] behind one of the embedding [B, D].
  ///
  /// - Throws: `OneDNNError`.
  public func mapGradient(_ gradient: Tensor, shape: [Int]) throws -> Tensor {
    spatialMeanGradient(gradient, shape: shape)
  }
}

/// The decoders of most encoders cover whole groups of a clip's first frames.
extension SpectrogramEncoder {
  /// The frames that SpeechBrain's decoder covers; all of a clip that is too short for it.
  public func tailForMetrics(of frames: Int, reduction: Int) -> Tail {
    // Where cropping removes no frame, the clip may be too short to crop.
    croppedFrames(of: frames, reduction: reduction) == frames ? .keep : .crop
  }

  /// The map [B, T', F, 1] as it is.
  public func differentiatedFit(_ decoded: Tensor, frames: Int) -> Differentiated {
    Differentiated(decoded) { $0 }
  }
}

/// An encoder that also says where it looks, for Activation Map Thresholding.
package protocol ActivationMapEncoder: SpectrogramEncoder {
  /// The map [H, W] of one spectrogram [1, T, F]: H rows (time), W columns (frequency), not negative.
  ///
  /// - Throws: as `callAsFunction`.
  func activationMap(_ x: Tensor) throws -> Tensor
}

/// Which frames of a clip an explanation covers.
public enum Tail: String, Sendable, Codable, CaseIterable {
  /// The whole clip, for any length.
  case keep
  /// SpeechBrain's choice: the output of the decoder for whole groups of frames (32 with
  /// `Conv2dEncoder_v2`). The last frames of most clips are lost, and shorter clips are refused.
  case crop
}

/// A clip's encoding, with the state to continue at the end of the clip: an explanation covers the
/// last frames with silence after them, while the class is that of the clip alone.
public struct EncodedClip: Sendable {
  /// The encoder's output [1, H, W, D].
  package let hidden: Tensor
  /// What the head takes [1, D].
  package let embedding: Tensor
  /// The frames that were encoded, silence after the clip included.
  package let frames: Int
  /// The last input rows of layers that can continue; empty for encoders that cannot.
  package let ends: [Tensor]
}
