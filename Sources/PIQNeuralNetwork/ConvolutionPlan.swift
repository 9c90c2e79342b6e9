package import PIQOneDNN
import PIQPlatform
package import PIQTensor
import Synchronization

/// A way to compute a layer's output, with weights already in the order it needs.
package protocol ForwardPlan: AnyObject {
  /// Runs the layer on `x` [B, H, W, I].
  ///
  /// - Parameter residual: [B, H', W', O], added before activations; nothing is added if nil.
  func callAsFunction(_ x: Tensor, adding residual: Tensor?) throws -> Tensor

  /// What that takes, for a `LayerClock`.
  func work(on x: Tensor) -> LayerClock.Work
}

extension ForwardPlan {
  /// Runs the layer on `x` [B, H, W, I], with nothing added: [B, H', W', O].
  package func callAsFunction(_ x: Tensor) throws -> Tensor { try self(x, adding: nil) }
}

/// What follows a convolution in the same pass over its output, in this order.
package struct Fusion {
  /// max(x, 0).
  package var relu = false
  /// x * scale + shift, each [O].
  package var affine: (scale: Tensor, shift: Tensor)?

  /// ReLU if asked for, then an affine map of each channel, if any.
  package init(relu: Bool = false, affine: (scale: Tensor, shift: Tensor)? = nil) {
    self.relu = relu
    self.affine = affine
  }
}

/// The sizes of a convolutional layer, whatever its input.
package struct ConvolutionGeometry: Hashable, Sendable {
  package typealias Extent = ConvolutionShape.Extent
  package var inChannels, outChannels: Int
  package var kernel, stride, padBefore, padAfter: Extent
  package var isTransposed = false

  func shape(of x: Tensor) -> ConvolutionShape {
    ConvolutionShape(
      batch: x.shape[0], height: x.shape[1], width: x.shape[2], inChannels: inChannels,
      outChannels: outChannels, kernel: kernel, stride: stride, padBefore: padBefore,
      padAfter: padAfter, isTransposed: isTransposed)
  }
}

/// A convolution, or a transposed one, as oneDNN offers it. Weights are packed once.
package final class ConvolutionPlan: ForwardPlan {
  private static let shapesKept = 32

  private let geometry: ConvolutionGeometry
  private let weights, bias: Tensor
  private let fusion: Fusion
  private let isTraining: Bool
  private let kept = Mutex(Kept())

  private struct Key: Equatable {
    let shape: ConvolutionShape
    /// A primitive is made for a number of threads.
    let threads = Threads.current
  }

  /// A primitive and the weights in its order.
  private struct Ready: @unchecked Sendable {
    // Sendable: both are only read when the primitive runs.
    let forward: ConvolutionForward
    let weights: PackedWeights
  }

  /// What was made for former calls.
  private struct Kept {
    var packed: [Ready] = []
    var forwards: [(key: Key, ready: Ready)] = []
  }

  /// - Parameters:
  ///   - weights: [O, I, kH, kW]; [I, O, kH, kW] if transposed.
  ///   - bias: [O].
  package init(
    _ geometry: ConvolutionGeometry, weights: Tensor, bias: Tensor,
    fusing fusion: Fusion = Fusion(),
    isTraining: Bool = false
  ) {
    self.geometry = geometry
    self.weights = weights
    self.bias = bias
    self.fusion = fusion
    self.isTraining = isTraining
  }

  /// The convolution of `x` [B, H, W, I]: [B, H', W', O]. Nothing can be added.
  ///
  /// - Throws: `OneDNNError` when `x` does not fit.
  package func callAsFunction(_ x: Tensor, adding residual: Tensor?) throws -> Tensor {
    precondition(residual == nil, "what is added to is a window's product")
    let shape = geometry.shape(of: x)
    let ready = try ready(for: Key(shape: shape))
    var output = Tensor(shape: shape.output) { _ in }
    let vectors = fusion.affine.map { [$0.scale, $0.shift] } ?? []
    try ready.forward(x, ready.weights, bias: bias, vectors: vectors, into: &output)
    return output
  }

  /// oneDNN's kernel, and the multiplications of the definition, all of which are done.
  package func work(on x: Tensor) -> LayerClock.Work {
    let shape = geometry.shape(of: x)
    let kernel = try? ready(for: Key(shape: shape)).forward.kernel
    return .init(
      method: "convolution (\(kernel ?? "none"))", multiplications: shape.multiplications,
      performed: shape.multiplications)
  }

  private func ready(for key: Key) throws -> Ready {
    try kept.withLock { kept in
      if let known = kept.forwards.first(where: { $0.key == key }) { return known.ready }
      var operations: [PostOperation] = []
      if fusion.relu { operations.append(.relu) }
      if fusion.affine != nil { operations += [.multiplyByChannel, .addByChannel] }
      let forward = try ConvolutionForward(key.shape, fusing: operations, isTraining: isTraining)
      // Most shapes want the weights in the same order.
      let packed = kept.packed.first { forward.reads($0.weights) }?.weights
      let ready = Ready(forward: forward, weights: try packed ?? forward.pack(weights))
      if packed == nil { kept.packed.append(ready) }
      if kept.forwards.count == Self.shapesKept { kept.forwards.removeFirst() }
      kept.forwards.append((key, ready))
      return ready
    }
  }
}
