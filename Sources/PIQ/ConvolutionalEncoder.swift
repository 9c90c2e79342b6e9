public import NeuralNetwork
public import Tensor

/// The convolutional classifier's body (`Conv2dEncoder_v2`): four convolutions that halve time and
/// frequency, and a residual block.
///
///     let initializer = Initializer(seed: 1)
///     let encoder = ConvolutionalEncoder(using: initializer)
///     let hidden = try encoder(logPower, mode: .evaluation)  // [3, 431, 513] to [3, 26, 32, 256]
public final class ConvolutionalEncoder: Layer {
  /// Frames of input for one row of output.
  public static let stride = 16

  private let convolutions: [Conv2d]
  private let norms: [BatchNorm]
  private let residual: ResidualBlock
  private let fused = Derived<[any ForwardPlan]>()

  /// An encoder with `dim` channels in every layer.
  public init(dim: Int = 256, using initializer: Initializer) {
    var convolutions: [Conv2d] = []
    for inputs in [1, dim, dim, dim] {
      convolutions.append(
        Conv2d(inputs, dim, kernel: 4, stride: 2, padding: 1, using: initializer))
    }
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
      let plans = fused(from: state.map(\.parameter)) {
        zip(convolutions, norms).map { $0.fused(with: $1, relu: true) }
      }
      for (index, plan) in plans.enumerated() {
        hidden = try plan(hidden, named: "conv\(index + 1)")
      }
    }
    return try LayerClock.within("resblock") { try residual(hidden, mode: mode) }
  }

  /// The encoder with its pullback, which gives the gradient of the spectrograms [B, T, F]; the
  /// parameters' gradients accumulate.
  ///
  /// - Parameter isFirst: whether nobody wants the gradient of `x`; the pullback then gives zeros.
  /// - Throws: as `callAsFunction`.
  public func differentiated(
    _ x: Tensor, mode: Mode, isFirst: Bool = false
  ) throws -> Differentiated {
    try checkSize(x)
    var hidden = Differentiated(x.reshaped(x.shape + [1])) { $0.reshaped(x.shape) }
    let isFrozen =
      mode == .evaluation && state.allSatisfy { !$0.parameter.needsGradient }
    for (index, (convolution, norm)) in zip(convolutions, norms).enumerated() {
      hidden =
        isFrozen
        ? try hidden.then { try convolution.differentiatedFrozen($0, then: norm) }
        : try hidden.then { try convolution.differentiated($0, isFirst: isFirst && index == 0) }
          .then { try norm.differentiated($0, mode: mode) }.then(differentiatedRelu)
    }
    return try hidden.then { try residual.differentiated($0, mode: mode) }
  }

  private func checkSize(_ x: Tensor) throws(PIQError) {
    guard x.shape.count == 3, x.shape[1] >= Self.stride, x.shape[2] >= Self.stride else {
      throw .mismatch(
        "the encoder takes spectrograms of at least 16 frames and 16 bins, not \(x.shape)")
    }
  }

  /// A row of output depends on the frames from `stride` times its index minus 31 to plus 46: the
  /// four convolutions reach 15 back and 30 ahead, and the residual block one row either way.
  private static let reach = (back: 31, ahead: 46)

  /// The output for a clip that goes on in silence, without encoding all of it again.
  ///
  /// - Parameters:
  ///   - hidden: the output [1, T / 16, F / 16, dim] for `x` alone, in evaluation mode.
  ///   - x: [1, T, F].
  ///   - frames: how many frames the clip is to have, at least T.
  /// - Throws: as `callAsFunction`.
  package func extend(_ hidden: Tensor, of x: Tensor, to frames: Int) throws -> Tensor {
    let (length, bins) = (x.shape[1], x.shape[2])
    // Rows that see no frame beyond the end stay as they are; two more lead in to the others.
    let kept = max(0, (length - Self.reach.ahead - 1) / Self.stride + 1)
    let leadIn = (Self.reach.back + Self.stride - 1) / Self.stride
    let start = max(0, kept - leadIn) * Self.stride
    let rest = x.reshaped([length, bins]).rows(start..<length)
    let tail = Tensor(shape: [1, frames - start, bins]) { padded in
      let end = rest.withUnsafeBuffer { padded.update(fromContentsOf: $0) }
      padded[end...].update(repeating: 0)
    }
    let encoded = try self(tail, mode: .evaluation)
    guard start > 0 else { return encoded }
    let rowShape = Array(hidden.shape[2...])
    let old = hidden.reshaped([hidden.shape[1]] + rowShape).rows(0..<kept)
    let new = encoded.reshaped([encoded.shape[1]] + rowShape).rows(leadIn..<encoded.shape[1])
    return Tensor(shape: [1, kept + new.shape[0]] + rowShape) { rows in
      let end = old.withUnsafeBuffer { rows.update(fromContentsOf: $0) }
      _ = new.withUnsafeBuffer {
        UnsafeMutableBufferPointer(rebasing: rows[end...]).update(fromContentsOf: $0)
      }
    }
  }
}
