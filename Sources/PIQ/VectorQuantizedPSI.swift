public import PIQClassifiers
public import PIQKernels
public import PIQNeuralNetwork
public import PIQTensor

/// The output of a PSI network for a clip's representation.
public struct PSIOutput: Sendable {
  /// `x_tilde` [B, T, F, 1]: the mask before its sigmoid, or a spectrogram before its softplus.
  public var reconstruction: Tensor
  /// `hcat` [B, H, W, D]: the vectors before quantisation.
  public let hidden: Tensor
  /// `z_q_x` [B, H, W, D]: their keys.
  public let quantized: Tensor
  /// The indices of those keys.
  public let codes: Codes

  /// An output of these parts, whose shapes are as above.
  package init(reconstruction: Tensor, hidden: Tensor, quantized: Tensor, codes: Codes) {
    self.reconstruction = reconstruction
    self.hidden = hidden
    self.quantized = quantized
    self.codes = codes
  }
}

/// The interpreter of a classifier: adapts and quantises its representation with the keys of one
/// class, and decodes it. Its kinds, `VectorQuantizedPSI_Audio`, `VectorQuantizedPSIFocalNet_Audio`
/// and `VectorQuantizedPSIViT_Audio`, differ in the layers of the decoder.
///
///     let initializer = Initializer(seed: 1)
///     let psi = try VectorQuantizedPSI(dim: 256, keyCount: 1024, using: initializer)
///     let output = try psi(hidden, labels: [0, 2], mode: .evaluation)
///     // hidden [2, 16, 16, 256]: reconstruction [2, 257, 257, 1], quantized [2, 8, 8, 256]
public final class VectorQuantizedPSI: Layer {
  /// The network's settings.
  public let settings: Settings
  /// The keys; `codebook` in the state dict.
  public let codebook: VQEmbedding
  private let adapter: ResidualBlock?
  private let down: Conv2d?
  private let up: ConvTranspose2d?
  private let decoder: Decoder
  private let plans = ParameterCache<(down: ConvolutionPlan, up: ConvolutionPlan)?>()

  /// A network with `weights_init`'s initial values: Xavier uniform convolutions with zero biases.
  ///
  /// - Throws: `PIQError.configuration` when the keys cannot be divided, or the representation is
  ///   to be halved without an adapter (upstream fails there at the first clip).
  public init(_ settings: Settings, using initializer: Initializer) throws(PIQError) {
    try settings.validate()
    guard settings.dim > 0 else { throw .configuration("dim is \(settings.dim)") }
    let layers = try settings.decoderLayers()
    let dim = settings.dim
    self.settings = settings
    codebook = try VQEmbedding(
      keyCount: settings.keyCount, dim: dim, classCount: settings.classCount,
      classPartitioning: settings.classPartitioning, sharedKeys: settings.sharedKeys,
      using: initializer)
    adapter = settings.usesAdapter ? ResidualBlock(dim: dim, using: initializer) : nil
    down =
      settings.reducesDim
      ? Conv2d(dim, dim, kernel: 4, stride: 2, padding: 1, using: initializer) : nil
    up =
      settings.reducesDim
      ? ConvTranspose2d(dim, dim, kernel: (4, 4), stride: (2, 2), padding: 1, using: initializer)
      : nil
    decoder = Decoder(dim: dim, layers: layers, using: initializer)
    // Zeros stay as they are, and take no memory.
    if !initializer.isZero { initializeWeights(using: initializer) }
  }

  /// A network of `dim` channels; the other settings are upstream's.
  ///
  /// - Throws: as `init(_:using:)`.
  public convenience init(
    dim: Int, keyCount: Int = 512, classCount: Int = 50, using initializer: Initializer
  ) throws(PIQError) {
    try self.init(
      Settings(dim: dim, keyCount: keyCount, classCount: classCount), using: initializer)
  }

  public var state: [(name: String, parameter: Parameter)] {
    codebook.state(under: "codebook") + (adapter?.state(under: "adapter") ?? [])
      + (down?.state(under: "down") ?? []) + (up?.state(under: "up") ?? [])
      + decoder.state(under: "decoder")
  }

  /// Rows and columns of input for one row and column of the codes.
  public var reduction: Int { settings.reducesDim ? 2 : 1 }

  /// Xavier uniform weights and zero biases for every convolution (`weights_init`).
  public func initializeWeights(using initializer: Initializer) {
    let convolutions = (adapter?.convolutionWeights ?? []) + (down.map { [$0] } ?? [])
    let transposed = (up.map { [$0] } ?? []) + decoder.convolutionWeights
    let parameters =
      convolutions.map { ($0.weight, $0.bias) } + transposed.map { ($0.weight, $0.bias) }
    for (weight, bias) in parameters {
      weight.value = initializer.xavierUniform(weight.value.shape)
      bias.value = Tensor(shape: bias.value.shape)
    }
  }

  /// Interprets representations `x` [B, H, W, D] with the keys of `labels`, one class a clip.
  ///
  /// - Parameter precision: the precision of the operands of large products after quantisation, in
  ///   evaluation; the codes do not depend on it.
  /// - Throws: `PIQError.mismatch` when `x` or the labels do not fit; `OneDNNError`.
  public func callAsFunction(
    _ x: Tensor, labels: [Int], mode: Mode, precision: Precision = .float32
  ) throws -> PSIOutput {
    try checkFit(x, labels)
    let plans = plans(
      from: (down?.state ?? []).map(\.parameter) + (up?.state ?? []).map(\.parameter), precision
    ) {
      down.flatMap { down in
        up.map { up in
          (down.plan(for: .inference), up.plan(for: .inference, precision: precision))
        }
      }
    }
    var hidden = try LayerClock.within("adapter") { try adapter?(x, mode: mode) } ?? x
    if let plans { hidden = try plans.down(hidden, named: "down") }
    let (straightThrough, quantized, codes) = try LayerClock.step("codebook") {
      try codebook.straightThrough(hidden, labels: labels, mode: mode)
    }
    let upsampled = try plans?.up(straightThrough, named: "up") ?? straightThrough
    return PSIOutput(
      reconstruction: try decode(upsampled, mode: mode, precision: precision), hidden: hidden,
      quantized: quantized, codes: codes)
  }

  /// The gradients of a network's three outputs; nil for an output that nothing depends on.
  public struct OutputGradients {
    /// [B, T, F, 1].
    public var reconstruction: Tensor?
    /// [B, H, W, D].
    public var hidden: Tensor?
    /// [B, H, W, D].
    public var quantized: Tensor?

    /// Gradients of those outputs that something depends on.
    public init(reconstruction: Tensor? = nil, hidden: Tensor? = nil, quantized: Tensor? = nil) {
      self.reconstruction = reconstruction
      self.hidden = hidden
      self.quantized = quantized
    }
  }

  /// Interprets representations, with a pullback to the gradient of `x`; the parameters' gradients
  /// accumulate. Quantisation passes the decoder's gradient on as it is (straight-through).
  ///
  /// - Parameter precision: that of the operands of large products, in the backward pass as well.
  /// - Throws: as `callAsFunction`.
  public func differentiated(
    _ x: Tensor, labels: [Int], mode: Mode, precision: Precision = .float32
  ) throws -> (output: PSIOutput, pullback: (OutputGradients) throws -> Tensor) {
    try checkFit(x, labels)
    var hidden = Differentiated(x) { $0 }
    if let adapter {
      hidden = try hidden.then { try adapter.differentiated($0, mode: mode, precision: precision) }
    }
    if let down {
      hidden = try hidden.then { try down.differentiated($0, precision: precision) }
    }
    let (straightThrough, quantized, codes) = try codebook.straightThrough(
      hidden.value, labels: labels, mode: mode)
    var decoded = Differentiated(straightThrough) { $0 }
    if let up { decoded = try decoded.then { try up.differentiated($0, precision: precision) } }
    decoded = try decoded.then { [decoder] in
      try decoder.differentiated($0, mode: mode, precision: precision)
    }
    let output = PSIOutput(
      reconstruction: decoded.value, hidden: hidden.value, quantized: quantized, codes: codes)
    return (
      output,
      { [codebook, decoded, hidden] gradients in
        let toHidden = codebook.straightThroughBackward(
          straightThrough: try gradients.reconstruction.map(decoded.pullback),
          quantized: gradients.quantized, codes: codes)
        return try hidden.pullback(gradients.hidden.map { sum($0, toHidden) } ?? toHidden)
      }
    )
  }

  private func checkFit(_ x: Tensor, _ labels: [Int]) throws(PIQError) {
    guard x.shape.count == 4, x.shape[3] == settings.dim, x.shape[0] == labels.count,
      x.shape[1] >= reduction, x.shape[2] >= reduction
    else {
      throw .mismatch(
        "representation \(x.shape) with \(labels.count) labels does not fit dim \(settings.dim)")
    }
  }

  /// Decodes representations [B, H, W, D] as they are (SpeechBrain's `use_vq: False`) to
  /// [B, T, F, 1].
  ///
  /// - Parameter precision: the precision of the operands of large products in evaluation.
  /// - Throws: `OneDNNError` when they do not fit.
  public func decode(_ x: Tensor, mode: Mode, precision: Precision = .float32) throws -> Tensor {
    try LayerClock.within("decoder") { try decoder(x, mode: mode, precision: precision) }
  }
}
