public import PIQKernels
public import PIQNeuralNetwork
public import PIQTensor

extension ConvolutionalEncoder {
  /// The sizes of a `Conv2dEncoder_v2`.
  public struct Settings: EncoderSettings {
    public static let className = "Conv2dEncoder_v2"
    public static let interpreterClassName: String? = "VectorQuantizedPSI_Audio"

    /// D, the channels of every layer.
    public var dim: Int
    public var channels: Int { dim }
    public var minimumTrainingFrames: Int { 32 }
    public var minimumParameterCount: Int { 3 * 16 * dim * dim }

    /// Settings with SpeechBrain's default.
    public init(dim: Int = 256) { self.dim = dim }

    /// Settings from keyword arguments; throws what `arguments` throws for a value of another type.
    public init(_ arguments: some KeywordArguments) throws {
      dim = try arguments.int("dim", default: 256)
    }

    /// Settings of D `channels`; throws `PIQError.configuration` where `depths` are given.
    public init(channels: Int, depths: [Int]) throws(PIQError) {
      guard depths.isEmpty else {
        throw .configuration("\(Self.className) has no depths; its layers are four")
      }
      dim = channels
    }

    /// Checks the sizes, and whether spectrograms of F `bins` can be encoded.
    ///
    /// - Throws: `PIQError.configuration`.
    public func validate(bins: Int) throws(PIQError) {
      try checkCounts([("embedding_model dim", dim)])
      guard bins >= 16 else {
        throw .configuration("n_fft gives \(bins) bins; the encoder needs 16 or more")
      }
    }

    /// Checks whether an interpreter can decode maps of spectrograms of F `bins`.
    ///
    /// - Throws: `PIQError.configuration`.
    public func validateDecoding(bins: Int) throws(PIQError) {
      guard bins >= 33, (bins - 1).isMultiple(of: 32) else {
        throw .configuration(
          "n_fft \(2 * (bins - 1)) gives \(bins) bins; the decoder needs a multiple of 32 and one more"
        )
      }
    }

    /// An encoder of these sizes, with the initial weights that `initializer` draws.
    public func makeEncoder(using initializer: Initializer) -> any SpectrogramEncoder {
      ConvolutionalEncoder(dim: dim, using: initializer)
    }
  }
}

/// The convolutional classifier's body (`Conv2dEncoder_v2`): four convolutions that halve time and
/// frequency, and a residual block.
///
///     let initializer = Initializer(seed: 1)
///     let encoder = ConvolutionalEncoder(using: initializer)
///     let hidden = try encoder(logPower, mode: .evaluation)  // [3, 431, 513] to [3, 26, 32, 256]
public final class ConvolutionalEncoder: SpectrogramEncoder {
  /// Frames for one row of output, and bins for one column.
  private static let stride = 16

  /// Frames of the clip for one row of the map.
  var framesPerRow: Int { Self.stride }
  public var minimumFrames: Int { Self.stride }

  /// The largest maps are half as long and as wide as the spectrogram: the live values at any time
  /// are about one spectrogram a channel.
  public func memory(frames: Int, bins: Int) -> Double {
    4 * Double(frames) * Double(bins) * Double(dim + 8)
  }

  private let dim: Int
  private let convolutions: [Conv2d]
  private let norms: [BatchNorm]
  private let residual: ResidualBlock
  private let plans = ParameterCache<[ConvolutionPlan]>()

  /// An encoder with `dim` channels in every layer.
  public init(dim: Int = 256, using initializer: Initializer) {
    var convolutions: [Conv2d] = []
    for inputs in [1, dim, dim, dim] {
      convolutions.append(Conv2d(inputs, dim, kernel: 4, stride: 2, padding: 1, using: initializer))
    }
    self.dim = dim
    self.convolutions = convolutions
    norms = (0..<4).map { _ in BatchNorm(dim) }
    residual = ResidualBlock(dim: dim, using: initializer)
  }

  public var state: [(name: String, parameter: Parameter)] {
    (0..<4).flatMap {
      convolutions[$0].state(under: "conv\($0 + 1)") + norms[$0].state(under: "bn\($0 + 1)")
    } + residual.state(under: "resblock")
  }

  /// Maps log-power spectrograms [B, T, F] to [B, T / 16, F / 16, dim]: B clips, T frames, F bins,
  /// quotients rounded down.
  ///
  /// - Throws: `PIQError.mismatch` when T or F is below 16; `OneDNNError`.
  public func callAsFunction(_ x: Tensor, mode: Mode) throws -> Tensor {
    try checkSize(x)
    var hidden = x.reshaped(x.shape + [1])
    switch mode {
    case .training:
      for (convolution, norm) in zip(convolutions, norms) {
        hidden = try relu(norm(convolution(hidden), mode: mode))
      }
    case .evaluation:
      for stage in 0..<Self.stages { hidden = try convolve(hidden, stage: stage) }
    }
    return try refine(hidden, mode: mode)
  }

  /// The encoder with its pullback, which gives the gradient of the spectrograms [B, T, F]; the
  /// parameters' gradients accumulate.
  ///
  /// - Parameters:
  ///   - precision: the precision of the operands of large products.
  ///   - needsInputGradient: whether the gradient of `x` is needed; the pullback gives zeros if not.
  /// - Throws: as `callAsFunction`.
  public func differentiated(
    _ x: Tensor, mode: Mode, precision: Precision = .float32, needsInputGradient: Bool = true
  ) throws -> Differentiated {
    try checkSize(x)
    var hidden = Differentiated(x.reshaped(x.shape + [1])) { $0.reshaped(x.shape) }
    let isFrozen = mode == .evaluation && state.allSatisfy { !$0.parameter.needsGradient }
    for (index, (convolution, norm)) in zip(convolutions, norms).enumerated() {
      hidden =
        isFrozen
        ? try hidden.then {
          try convolution.differentiatedFrozen($0, then: norm, precision: precision)
        }
        : try hidden.then {
          try convolution.differentiated(
            $0, precision: precision, needsInputGradient: needsInputGradient || index > 0)
        }.then { try norm.differentiated($0, mode: mode) }.then(differentiatedRelu)
    }
    return try hidden.then { try residual.differentiated($0, mode: mode, precision: precision) }
  }

  /// The halving layers.
  static let stages = 4

  /// One of the halving layers, in evaluation mode: [B, H, W, C] to [B, H / 2, W / 2, dim].
  func convolve(_ x: Tensor, stage: Int) throws -> Tensor {
    let plans = plans(from: state.map(\.parameter)) {
      zip(convolutions, norms).map { $0.plan(for: .inference, with: $1, relu: true) }
    }
    return try plans[stage](x, named: "conv\(stage + 1)")
  }

  /// The residual block after them.
  func refine(_ x: Tensor, mode: Mode) throws -> Tensor {
    try LayerClock.within("resblock") { try residual(x, mode: mode) }
  }

  func checkSize(_ x: Tensor) throws(PIQError) {
    guard x.shape.count == 3, x.shape[1] >= Self.stride, x.shape[2] >= Self.stride else {
      throw .mismatch(
        "the encoder takes spectrograms of at least 16 frames and 16 bins, not \(x.shape)")
    }
  }
}
