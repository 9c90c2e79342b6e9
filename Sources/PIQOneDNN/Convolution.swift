import CPIQOneDNN
package import PIQTensor

/// The sizes of a two-dimensional convolution, or of a transposed one.
package struct ConvolutionShape: Hashable, Sendable {
  /// Extents of the input [batch, height, width, inChannels].
  package var batch, height, width, inChannels: Int
  package var outChannels: Int
  package var kernel: Extent
  package var stride: Extent
  /// Rows and columns of zeros before and after the input; for a transposed convolution, rows and
  /// columns cut off the output.
  package var padBefore: Extent
  package var padAfter: Extent
  package var isTransposed: Bool

  /// A height and a width.
  package struct Extent: Hashable, Sendable {
    package var height, width: Int

    /// An extent in rows and columns of a map.
    package init(_ height: Int, _ width: Int) {
      self.height = height
      self.width = width
    }
  }

  /// The shape of a convolution of maps [batch, height, width, inChannels], or of a transposed one.
  package init(
    batch: Int, height: Int, width: Int, inChannels: Int, outChannels: Int, kernel: Extent,
    stride: Extent, padBefore: Extent, padAfter: Extent, isTransposed: Bool = false
  ) {
    self.batch = batch
    self.height = height
    self.width = width
    self.inChannels = inChannels
    self.outChannels = outChannels
    self.kernel = kernel
    self.stride = stride
    self.padBefore = padBefore
    self.padAfter = padAfter
    self.isTransposed = isTransposed
  }

  /// The shape [batch, H', W', outChannels] of the output; H' or W' below 1 when the input is too
  /// small for the kernel.
  package var output: [Int] {
    func extent(_ axis: KeyPath<Extent, Int>, _ size: Int) -> Int {
      let pad = padBefore[keyPath: axis] + padAfter[keyPath: axis]
      let (k, s) = (kernel[keyPath: axis], stride[keyPath: axis])
      if isTransposed { return (size - 1) * s - pad + k }
      return size + pad < k ? 0 : (size + pad - k) / s + 1
    }
    return [batch, extent(\.height, height), extent(\.width, width), outChannels]
  }

  package var input: [Int] { [batch, height, width, inChannels] }

  /// How many multiplications its definition asks for.
  package var multiplications: Double {
    let pixels = isTransposed ? batch * height * width : outputPixels
    return Double(pixels) * Double(kernel.height * kernel.width * inChannels * outChannels)
  }

  /// How many pixels all outputs have.
  package var outputPixels: Int { output.dropLast().reduce(1, *) }

  /// Checks that there is an output.
  func checkSize() throws(OneDNNError) {
    guard output.allSatisfy({ $0 > 0 }) else {
      throw OneDNNError(operation: name, reason: "the input is smaller than the kernel")
    }
  }

  /// Checks that there is an output, and that `x` is an input.
  ///
  /// - Throws: `OneDNNError`.
  package func check(_ x: Tensor) throws(OneDNNError) {
    try checkSize()
    guard x.shape == input else {
      throw OneDNNError(operation: name, reason: "given \(x.shape)")
    }
  }

  var name: String {
    "a \(isTransposed ? "transposed " : "")convolution \(kernel.height)x\(kernel.width) "
      + "of \(input) to \(output)"
  }
}

/// The forward pass of one convolution or transposed convolution at one shape.
package final class ConvolutionForward {
  package let shape: ConvolutionShape
  private let operations: [PostOperation]
  private let primitive: Primitive
  private let source, weights, bias, destination, vector: MemoryDescriptor

  /// - Parameters:
  ///   - operations: applied to the output in their order, after the bias.
  ///   - isTraining: whether a backward pass follows.
  package init(
    _ shape: ConvolutionShape, fusing operations: [PostOperation] = [], isTraining: Bool = false
  ) throws(OneDNNError) {
    self.shape = shape
    self.operations = operations
    let output = shape.output
    try shape.checkSize()
    source = try .image(shape.batch, shape.height, shape.width, shape.inChannels)
    destination = try .image(output[0], output[1], output[2], output[3])
    bias = try .vector(shape.outChannels)
    vector = try .perChannel(shape.outChannels)
    let anyWeights = try MemoryDescriptor(shape.weightDims, dnnl_format_tag_any)
    let (source, bias, destination) = (source, bias, destination)
    primitive = try Primitive(shape.name, fusing: operations, channels: shape.outChannels) {
      description, engine, attributes in
      let make = shape.isTransposed ? piq_deconvolution_pd : piq_convolution_pd
      return make(
        description, engine, isTraining ? dnnl_forward_training : dnnl_forward_inference,
        source.handle, anyWeights.handle, bias.handle, destination.handle,
        shape.stride.dims, shape.padBefore.dims, shape.padAfter.dims, attributes)
    }
    weights = try primitive.layout(of: Int32(piq_arg_weights))
  }

  /// Puts weights into the order that the kernel reads.
  ///
  /// - Parameter values: [O, I, kH, kW] as PyTorch keeps them; [I, O, kH, kW] if transposed.
  package func pack(_ values: Tensor) throws(OneDNNError) -> PackedWeights {
    let plain = try MemoryDescriptor(
      shape.weightDims, shape.isTransposed ? dnnl_iohw : dnnl_oihw)
    return try PackedWeights(values, from: plain, to: weights)
  }

  /// oneDNN's name for the kernel that it chose.
  package var kernel: String { primitive.kernel }

  /// Whether `packed` is in the order that this kernel reads.
  package func reads(_ packed: PackedWeights) -> Bool { packed.layout.isEqual(weights) }

  /// Runs the convolution.
  ///
  /// - Parameters:
  ///   - input: [B, H, W, I].
  ///   - packed: from `pack(_:)` of this object or of one with the same shape but for the batch.
  ///   - bias: [O].
  ///   - vectors: a vector [O] for each operation that takes one, in their order.
  ///   - output: [B, H', W', O], overwritten or, with `addToOutput`, added to.
  package func callAsFunction(
    _ input: Tensor, _ packed: PackedWeights, bias biasValues: Tensor,
    vectors: [Tensor] = [], into output: inout Tensor
  ) throws(OneDNNError) {
    guard input.shape == shape.input,
      output.shape == shape.output,
      biasValues.count == shape.outChannels, reads(packed),
      vectors.count == operations.count(where: \.takesVector),
      vectors.allSatisfy({ $0.count == shape.outChannels })
    else { throw OneDNNError(operation: shape.name, reason: "given \(input.shape)") }
    let operandIndices = operations.indices.filter { operations[$0].takesVector }
    var arguments = [
      input.argument(piq_arg_src, source),
      packed.values.argument(piq_arg_weights, packed.layout),
      biasValues.argument(piq_arg_bias, bias),
    ]
    for (index, operand) in zip(operandIndices, vectors) {
      arguments.append(operand.argument(Int(piq_arg_post_operand(Int32(index))), vector))
    }
    try output.withUnsafeMutableBuffer { (buffer) throws(OneDNNError) in
      try primitive.execute(arguments + [buffer.argument(piq_arg_dst, destination)])
    }
  }
}

/// Weights in the order that one kernel reads.
package struct PackedWeights {
  let values: Tensor
  let layout: MemoryDescriptor

  init(_ plain: Tensor, from: MemoryDescriptor, to layout: MemoryDescriptor) throws(OneDNNError) {
    self.layout = layout
    values = from.isEqual(layout) ? plain : try reorder(plain, from: from, to: layout)
  }
}

/// A copy of `tensor` in another memory layout.
func reorder(
  _ tensor: Tensor, from: MemoryDescriptor, to: MemoryDescriptor
) throws(OneDNNError) -> Tensor {
  guard tensor.count * 4 == from.bytes else {
    throw OneDNNError(operation: "a reorder", reason: "given \(tensor.shape)")
  }
  let primitive = try Primitive("a reorder of \(tensor.shape)") { description, engine, attributes in
    piq_reorder_pd(description, engine, from.handle, to.handle, attributes)
  }
  return try Tensor(shape: [(to.bytes + 3) / 4]) { (buffer) throws(OneDNNError) in
    try primitive.execute([
      tensor.argument(piq_arg_from, from), buffer.argument(piq_arg_to, to),
    ])
  }
}

extension ConvolutionShape {
  var weightDims: [Int] { [outChannels, inChannels, kernel.height, kernel.width] }
}

extension ConvolutionShape.Extent {
  var dims: [dnnl_dim_t] { [dnnl_dim_t(height), dnnl_dim_t(width)] }
}
