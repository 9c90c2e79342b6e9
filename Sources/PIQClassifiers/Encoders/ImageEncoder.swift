import PIQKernels
import PIQNeuralNetwork
import PIQTensor

/// An encoder that sees a clip of any length as one square image. Its map covers the whole clip, and
/// so does a mask that is decoded from it.
protocol ImageEncoder: SpectrogramEncoder {
  /// D, the channels of its map.
  var channels: Int { get }
}

/// The masks that the decoders of `VectorQuantizedPSIFocalNet_Audio` and `…ViT_Audio` give for a map
/// of 14 by 14.
enum ImageDecoder {
  static let gridSide = 14
  /// The frames of its masks: five seconds in SpeechBrain's recipes.
  static let frames = 431
  static let bins = 513
  /// The floats that a clip takes on its way, for each channel and beside them: measured, of
  /// interpreters of 256 and 1024 channels each further clip at a time took 28 and 72 MB.
  static let (floatsPerChannel, otherFloats) = (15_000.0, 3_000_000.0)
}

extension ImageEncoder {
  public var minimumFrames: Int { 1 }

  /// What the decoder takes, mostly, and the spectrogram with what is made of it.
  public func memory(frames: Int, bins: Int) -> Double {
    let decoder = ImageDecoder.floatsPerChannel * Double(channels) + ImageDecoder.otherFloats
    return 4 * (decoder + 8 * Double(frames) * Double(bins))
  }

  /// Encodes one clip in evaluation mode.
  ///
  /// - Parameter x: a log-power spectrogram [1, T, F].
  /// - Throws: as `encoding`.
  public func encode(_ x: Tensor) throws -> EncodedClip {
    let encoding = try encoding(x, mode: .evaluation)
    return EncodedClip(
      hidden: encoding.map, embedding: encoding.embedding, frames: x.shape[1], ends: [])
  }

  /// The map, which is of the clip alone. Upstream pairs the mask's frames with the clip's first
  /// ones, and fails where there are fewer.
  public func representation(
    of clip: EncodedClip, frames: Int, tail: Tail, reduction: Int
  ) throws -> Tensor {
    guard tail == .keep || frames >= ImageDecoder.frames else {
      throw PIQError.tooShort(frames: frames, least: ImageDecoder.frames)
    }
    return clip.hidden
  }

  /// How many of a clip's first frames an explanation with `Tail.crop` covers.
  public func croppedFrames(of frames: Int, reduction: Int) -> Int {
    min(frames, ImageDecoder.frames)
  }

  /// All frames: a mask is of the whole clip.
  public func tailForMetrics(of frames: Int, reduction: Int) -> Tail { .keep }

  /// The map [B, T', F, 1] stretched over T frames.
  public func differentiatedFit(_ decoded: Tensor, frames: Int) -> Differentiated {
    guard decoded.shape[1] != frames else { return Differentiated(decoded) { $0 } }
    return BilinearResize(rows: frames, columns: decoded.shape[2], antialias: false)
      .differentiated(decoded)
  }

  /// The mask stretched over all frames of the clip that it was made of; with `Tail.crop` as it is,
  /// on the first frames.
  public func mask(
    of decoded: Tensor, frames: Int, tail: Tail, by activation: (Tensor) throws -> Tensor
  ) throws -> Tensor {
    let mask = try activation(decoded)
    let (rows, bins) = (mask.shape[0], mask.shape[1])
    guard tail == .keep else { return mask.rows(0..<min(rows, frames)) }
    guard rows != frames else { return mask }
    return BilinearResize(rows: frames, columns: bins, antialias: false)(
      mask.reshaped([1, rows, bins, 1])
    ).reshaped([frames, bins])
  }
}

extension EncoderSettings {
  /// Checks that PIQ's decoder for images can decode the map.
  ///
  /// - Parameter side: rows and columns of the map.
  func checkImageDecoding(side: Int, bins: Int) throws(PIQError) {
    guard side == ImageDecoder.gridSide else {
      throw .configuration(
        "the encoder's map has \(side) rows and columns; the decoder takes "
          + "\(ImageDecoder.gridSide), as of images of 224 pixels in patches of 16")
    }
    guard bins == ImageDecoder.bins else {
      throw .configuration(
        "n_fft \(2 * (bins - 1)) gives \(bins) bins; the decoder makes \(ImageDecoder.bins)")
    }
  }

  /// Checks settings that must have one value, because no other is built.
  func checkFixed<Value: Equatable>(
    _ name: String, _ value: Value, is only: Value
  ) throws(PIQError) {
    guard value == only else {
      throw .configuration("\(Self.className) with \(name) \(value) is not built; only \(only) is")
    }
  }
}

extension KeyedDecodingContainer {
  /// The value for a key, or that of transformers' configuration class where it is missing.
  func decode<Value: Decodable>(_ key: Key, default standard: Value) throws -> Value {
    try decodeIfPresent(Value.self, forKey: key) ?? standard
  }
}
