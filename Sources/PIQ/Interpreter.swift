import Glibc
public import PIQKernels
import PIQNeuralNetwork
import PIQSpectral
public import PIQTensor

/// A classifier and its interpreter, ready to take clips
/// (`speechbrain.inference.interpretability.PIQAudioInterpreter`).
///
///     let analysis = try interpreter.analyze(samples)  // mono, at the model's rate
///     let interpretation = try interpreter.interpret(analysis)
///
/// Several threads may share it, each with a clip of its own, as long as nobody trains its networks.
/// Results do not depend on the number of threads (`withThreads`).
public final class Interpreter: @unchecked Sendable {
  // Sendable: what the networks keep between clips is behind locks.

  /// The model's settings.
  public let configuration: ModelConfiguration
  private let stft: STFT
  /// What the operands of the decoder's products are rounded to.
  public let precision: Precision
  /// What the clips go through.
  public let networks: Networks
  var encoder: ConvolutionalEncoder { networks.encoder }
  var classifier: CosineClassifier { networks.classifier }

  /// Builds the networks and loads their weights.
  ///
  /// - Parameters:
  ///   - precision: what the operands of the decoder's products are rounded to; class and codes do
  ///     not depend on it.
  ///   - weights: gives the tensor of a name under SpeechBrain's state-dict names, prefixed
  ///     `embedding_model.`, `classifier.` or `psi.`, with exactly the given shape.
  /// - Throws: `PIQError.configuration`, and what `weights` throws.
  public convenience init(
    _ configuration: ModelConfiguration, precision: Precision = .float32,
    weights: (_ name: String, _ shape: [Int]) throws -> Tensor
  ) throws {
    let networks = try Networks(configuration, using: .zeros)
    try networks.load(weights)
    self.init(configuration, networks, precision: precision)
  }

  /// An interpreter that uses `networks` as they are at any time, such as those in training.
  ///
  /// - Precondition: the networks were made for this configuration.
  public init(
    _ configuration: ModelConfiguration, _ networks: Networks, precision: Precision = .float32
  ) {
    self.precision = precision
    self.configuration = configuration
    self.networks = networks
    stft = STFT(configuration.stft)
  }

  /// The number of values among the weights.
  public var parameterCount: Int {
    networks.state.reduce(0) { $0 + $1.parameter.value.count }
  }

  /// Checks that a clip is not too long for this machine's memory, before anything is computed.
  ///
  /// - Parameter sampleCount: its length at the model's rate.
  /// - Throws: `PIQError.tooLong`.
  public func checkLength(_ sampleCount: Int) throws(PIQError) {
    let bytes = memoryNeeded(sampleCount)
    guard bytes <= Self.mostMemory else {
      throw .tooLong(
        frames: configuration.stft.frames(for: sampleCount), bytes: bytes, most: Self.mostMemory)
    }
  }

  /// About how much memory a clip takes on its way, in bytes.
  ///
  /// - Parameter sampleCount: its length at the model's rate.
  public func memoryNeeded(_ sampleCount: Int) -> Double {
    // The largest maps of the networks are half as long and as wide as the spectrogram; what is
    // alive at one time is about the spectrogram's size in values a channel.
    let frames = configuration.stft.frames(for: sampleCount)
    let values = Double(frames) * Double(configuration.stft.bins)
    return 4 * values * Double(configuration.embeddingModel.dim + 8)
  }

  /// What all clips that are under way may take together, in bytes.
  ///
  /// Found out once, with a model in memory and no clip.
  public static let mostMemory = Memory.forClips

  /// The spectrogram of a clip, before any network.
  ///
  /// - Parameter samples: mono, at the model's rate.
  /// - Returns: log-power [T, F] of the normalised clip.
  /// - Throws: `PIQError.tooLong`.
  public func logPower(of samples: [Float]) throws(PIQError) -> Tensor {
    try checkLength(samples.count)
    return normalizedSpectrogram(samples).0.logPower()
  }

  /// Classifies a clip.
  ///
  /// The classifier sees all frames, unpadded but for a clip of fewer than 16.
  ///
  /// - Parameter samples: mono, at the model's rate; at least one.
  /// - Throws: `PIQError.tooLong`, `PIQError.notFinite`; `OneDNNError`.
  public func analyze(_ samples: [Float]) throws -> Analysis {
    try checkLength(samples.count)
    let (spectrogram, level, logPower) = LayerClock.step("spectrogram") {
      let (spectrogram, level) = normalizedSpectrogram(samples)
      return (spectrogram, level, spectrogram.logPower())
    }
    // ReLU may turn what is no number into zero, so that it would go unnoticed further on.
    guard logPower.isFinite else { throw PIQError.notFinite }
    let (classification, encoded) = try classify(encoding: logPower)
    return Analysis(
      samples: samples, logPower: logPower, classification: classification, level: level,
      spectrogram: spectrogram, encoded: encoded)
  }

  /// Explains why a clip is heard as a class, or what of it would be needed to be.
  ///
  /// - Parameters:
  ///   - label: the index of a class; the likeliest if nil.
  ///   - tail: which frames are covered.
  /// - Throws: `PIQError.noInterpreter` of a model that only classifies; `PIQError.tooShort` when
  ///   cropping leaves nothing; `PIQError.mismatch` for an unknown class; `PIQError.notFinite`;
  ///   `OneDNNError`.
  public func interpret(
    _ analysis: Analysis, as label: Int? = nil, tail: Tail = .keep
  ) throws -> Interpretation {
    guard let psi = networks.psi else { throw PIQError.noInterpreter }
    let label = label ?? analysis.classification.index
    guard configuration.labels.indices.contains(label) else {
      throw PIQError.mismatch(
        "there is no class \(label); the model has \(configuration.labels.count)")
    }
    let hidden = try LayerClock.within("embedding_model") {
      try self.hidden(of: analysis, tail: tail)
    }
    let (reconstruction, codes): (Tensor, Codes?) = try LayerClock.within("psi") {
      guard configuration.useVQ else {
        return (try psi.decode(hidden, mode: .evaluation, precision: precision), nil)
      }
      let output = try psi(hidden, labels: [label], mode: .evaluation, precision: precision)
      return (output.reconstruction, output.codes)
    }
    let frames = min(reconstruction.shape[1], analysis.logPower.shape[0])
    let decoded = reconstruction.reshaped(Array(reconstruction.shape[1...2])).rows(0..<frames)
    let (mask, magnitude) = try LayerClock.step("mask") {
      let mask = try self.mask(from: decoded)
      guard mask.isFinite else { throw PIQError.notFinite }
      return (mask, maskedMagnitude(analysis.logPower, mask))
    }
    let length = tail == .keep ? analysis.samples.count : nil
    let audio = LayerClock.step("inverse STFT") {
      stft.inverse(magnitude: magnitude, phaseOf: analysis.spectrogram, length: length)
    }
    return Interpretation(
      index: label, mask: mask, magnitude: magnitude, codes: codes,
      audio: analysis.level == 1 ? audio : audio.map { $0 * analysis.level })
  }

  /// The frames that become one row of what is decoded.
  var framesPerRow: Int {
    ConvolutionalEncoder.stride * (configuration.useVQ ? networks.psi?.reduction ?? 2 : 1)
  }

  /// The encoder's output for the frames that `tail` asks for; the decoder gives one frame more
  /// than `framesPerRow` for each row.
  private func hidden(of analysis: Analysis, tail: Tail) throws -> Tensor {
    let frames = analysis.logPower.shape[0]
    switch tail {
    case .crop:
      guard frames >= framesPerRow else {
        throw PIQError.tooShort(frames: frames, least: framesPerRow)
      }
      return analysis.encoded.hidden
    case .keep:
      let rows = max(1, (frames - 1 + framesPerRow - 1) / framesPerRow)
      guard rows * framesPerRow > max(frames, ConvolutionalEncoder.stride) else {
        return analysis.encoded.hidden
      }
      return try encoder.extend(analysis.encoded, to: rows * framesPerRow)
    }
  }

  private func mask(from decoded: Tensor) throws -> Tensor {
    if configuration.useMaskOutput { return try sigmoid(decoded) }
    var mask = try softplus(decoded)
    mask.withUnsafeMutableBuffer { mask in
      let threshold = (mask.max() ?? 0) * Float(configuration.maskThreshold)
      for i in mask.indices { mask[i] = mask[i] > threshold ? 1 : 0 }
    }
    return mask
  }

  private func normalizedSpectrogram(_ samples: [Float]) -> (Spectrogram, level: Float) {
    let level = configuration.normalize.level(of: samples)
    let normalized = level == 1 ? samples : samples.map { $0 / level }
    return (stft.forward(normalized), level)
  }
}

extension Normalization {
  /// What `samples` are divided by; 1 for silence, which stays silent.
  package func level(of samples: [Float]) -> Float {
    let level: Float =
      switch self {
      case .none: 1
      case .peak: samples.reduce(0) { Swift.max($0, abs($1)) }
      case .max: samples.max() ?? 0
      }
    return level == 0 ? 1 : level
  }
}

/// expm1(mask * log-power) of the frames that the mask covers.
private func maskedMagnitude(_ logPower: Tensor, _ mask: Tensor) -> Tensor {
  logPower.withUnsafeBuffer { logPower in
    mask.withUnsafeBuffer { values in
      Tensor(shape: mask.shape) { magnitude in
        for i in magnitude.indices { magnitude[i] = expm1f(values[i] * logPower[i]) }
      }
    }
  }
}

extension Tensor {
  fileprivate var isFinite: Bool {
    // A sum of zeros unless a value is infinite or no number: a loop that vectorises.
    withUnsafeBuffer { values in values.reduce(Float(0)) { $0 + $1 * 0 } == 0 }
  }

  /// [T, F] as a batch of one with `frames` frames, the further ones silent.
  func batch(padded frames: Int) -> Tensor {
    let bins = shape[1]
    guard frames > shape[0] else { return reshaped([1] + shape) }
    return withUnsafeBuffer { rows in
      Tensor(shape: [1, frames, bins]) { padded in
        let rest = padded.update(fromContentsOf: rows)
        padded[rest...].update(repeating: 0)
      }
    }
  }
}
