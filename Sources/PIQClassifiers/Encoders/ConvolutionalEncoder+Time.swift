import PIQNeuralNetwork
public import PIQTensor

/// The rows of the layers' maps that zero padding after a clip does not change: those whose
/// receptive fields lie within the clip.
private struct KeptRows {
  /// Of each halving layer's input, and of the residual block's.
  let inputs: [Int]
  /// Of the representation.
  let hidden: Int

  init(frames: Int) {
    // Beyond the frames, a window reads zeros in both cases.
    var rows = [frames, frames / 2]
    // The window of row r reaches to row 2 r + 2.
    for _ in 1..<ConvolutionalEncoder.stages { rows.append(max(0, (rows[rows.count - 1] - 1) / 2)) }
    inputs = rows
    hidden = max(0, rows[rows.count - 1] - 1)
  }

  /// The first input row that a halving layer, or the residual block, needs to continue.
  func start(_ layer: Int) -> Int {
    layer < ConvolutionalEncoder.stages ? max(0, 2 * inputs[layer + 1] - 2) : max(0, hidden - 1)
  }

  /// The number of its output rows already known: the first one lacks its neighbour.
  func known(_ layer: Int) -> Int {
    let next = layer < ConvolutionalEncoder.stages ? inputs[layer + 1] : hidden
    return next > 0 ? 1 : 0
  }
}

extension ConvolutionalEncoder {
  /// Encodes one clip in evaluation mode.
  ///
  /// - Parameter x: a log-power spectrogram [1, T, F].
  /// - Throws: as `callAsFunction`.
  public func encode(_ x: Tensor) throws -> EncodedClip {
    try checkSize(x)
    let frames = x.shape[1]
    let kept = KeptRows(frames: frames)
    var hidden = x.reshaped(x.shape + [1])
    var ends: [Tensor] = []
    for layer in 0...Self.stages {
      ends.append(hidden.clipRows(kept.start(layer)..<kept.inputs[layer]))
      hidden =
        layer < Self.stages
        ? try convolve(hidden, stage: layer) : try refine(hidden, mode: .evaluation)
    }
    return EncodedClip(
      hidden: hidden, embedding: spatialMean(hidden), frames: frames, ends: ends)
  }

  /// The representation of a clip followed by silence.
  ///
  /// - Parameter frames: the number of frames to extend to, a multiple of 16 and more than it has.
  /// - Throws: as `callAsFunction`.
  package func extend(_ clip: EncodedClip, to frames: Int) throws -> Tensor {
    let kept = KeptRows(frames: clip.frames)
    let bins = clip.ends[0].shape[2]
    var new = Tensor(shape: [1, frames - clip.frames, bins, 1])
    for layer in 0...Self.stages {
      let input = clip.ends[layer].followed(by: new)
      let output =
        layer < Self.stages
        ? try convolve(input, stage: layer) : try refine(input, mode: .evaluation)
      new = output.clipRows(kept.known(layer)..<output.shape[1])
    }
    return clip.hidden.clipRows(0..<kept.hidden).followed(by: new)
  }
}

// MARK: Frames of explanations

extension ConvolutionalEncoder {
  /// The decoder gives one frame more than `framesPerRow` times `reduction` for each row of codes.
  public func representation(
    of clip: EncodedClip, frames: Int, tail: Tail, reduction: Int
  ) throws -> Tensor {
    let group = framesPerRow * reduction
    switch tail {
    case .crop:
      guard frames >= group else { throw PIQError.tooShort(frames: frames, least: group) }
      return clip.hidden
    case .keep:
      let rows = max(1, (frames - 1 + group - 1) / group)
      guard rows * group > clip.frames else { return clip.hidden }
      return try extend(clip, to: rows * group)
    }
  }

  /// The frames of whole groups, and one more, as SpeechBrain's decoder gives them.
  public func croppedFrames(of frames: Int, reduction: Int) -> Int {
    let group = framesPerRow * reduction
    return frames < group ? frames : min(frames, frames / group * group + 1)
  }

  /// The decoder's first frames; silence after the clip does not count.
  public func mask(
    of decoded: Tensor, frames: Int, tail: Tail, by activation: (Tensor) throws -> Tensor
  ) throws -> Tensor {
    try activation(decoded.rows(0..<min(decoded.shape[0], frames)))
  }
}

extension Tensor {
  /// Some rows of a clip [1, H, W, C].
  fileprivate func clipRows(_ range: Range<Int>) -> Tensor {
    let rows = reshaped(Array(shape.dropFirst())).rows(range)
    return rows.reshaped([1] + rows.shape)
  }

  /// A clip [1, H, W, C] with the rows of another below it.
  fileprivate func followed(by other: Tensor) -> Tensor {
    let clips = [self, other].map { $0.reshaped(Array($0.shape.dropFirst())) }
    let joined = Tensor(concatenating: clips)
    return joined.reshaped([1] + joined.shape)
  }
}
