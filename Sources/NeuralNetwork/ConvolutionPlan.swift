package import OneDNN
package import Tensor

/// A way to compute a layer's output, with weights already in the order it needs.
package protocol ForwardPlan: AnyObject {
  /// Runs the layer on `x` [B, H, W, I].
  ///
  /// - Parameter residual: [B, H', W', O], added before activations; nothing is added if nil.
  func callAsFunction(_ x: Tensor, adding residual: Tensor?) throws -> Tensor
}

extension ForwardPlan {
  package func callAsFunction(_ x: Tensor) throws -> Tensor { try self(x, adding: nil) }
}

/// What follows a convolution in the same pass over its output, in this order.
package struct Fusion {
  /// max(x, 0).
  package var relu = false
  /// x * scale + shift, each [O].
  package var affine: (scale: Tensor, shift: Tensor)?

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
  private var packed: [PackedWeights] = []
  private var forwards: [(key: Key, forward: ConvolutionForward, weights: Int)] = []

  private struct Key: Equatable {
    let shape: ConvolutionShape
    let addsResidual: Bool
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

  package func callAsFunction(_ x: Tensor, adding residual: Tensor?) throws -> Tensor {
    try run(geometry.shape(of: x), on: x, from: 0, adding: residual)
  }

  /// Convolves some rows of one clip, as if nothing but zeros lay beyond them where padded.
  ///
  /// - Parameters:
  ///   - x: [B, H, W, I].
  ///   - rows: a range of rows of clip `clip`.
  ///   - padTop: rows of zeros above; as for the whole input if nil.
  ///   - padBottom: rows of zeros below; as for the whole input if nil.
  package func callAsFunction(
    _ x: Tensor, clip: Int, rows: Range<Int>, padTop: Int? = nil, padBottom: Int? = nil
  ) throws -> Tensor {
    var shape = geometry.shape(of: x)
    (shape.batch, shape.height) = (1, rows.count)
    if let padTop { shape.padBefore.height = padTop }
    if let padBottom { shape.padAfter.height = padBottom }
    let firstRow = clip * x.shape[1] + rows.lowerBound
    return try run(shape, on: x, from: firstRow * x.shape[2] * x.shape[3], adding: nil)
  }

  private func run(
    _ shape: ConvolutionShape, on x: Tensor, from offset: Int, adding residual: Tensor?
  ) throws -> Tensor {
    let (forward, weights) = try forward(for: Key(shape: shape, addsResidual: residual != nil))
    var output = residual ?? Tensor(shape: shape.output) { _ in }
    let vectors = fusion.affine.map { [$0.scale, $0.shift] } ?? []
    try forward(x, from: offset, weights, bias: bias, vectors: vectors, into: &output)
    return output
  }

  private func forward(for key: Key) throws -> (ConvolutionForward, PackedWeights) {
    if let known = forwards.first(where: { $0.key == key }) {
      return (known.forward, packed[known.weights])
    }
    var operations: [PostOperation] = key.addsResidual ? [.addToOutput] : []
    if fusion.relu { operations.append(.relu) }
    if fusion.affine != nil { operations += [.multiplyByChannel, .addByChannel] }
    let forward = try ConvolutionForward(key.shape, fusing: operations, isTraining: isTraining)
    let index: Int
    if let fitting = packed.firstIndex(where: forward.reads) {
      index = fitting
    } else {
      packed.append(try forward.pack(weights))
      index = packed.count - 1
    }
    if forwards.count == Self.shapesKept { forwards.removeFirst() }
    forwards.append((key, forward, index))
    return (forward, packed[index])
  }
}
