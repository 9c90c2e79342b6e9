import CPIQOneDNN
package import PIQTensor

/// The gradient of a convolution's weights, at one shape.
///
/// There is no counterpart for the input: its gradient is a transposed convolution, and that of a
/// transposed convolution's input is a convolution.
package final class ConvolutionWeightGradient {
  private let shape: ConvolutionShape
  private let primitive: Primitive
  private let source, weights, destination: MemoryDescriptor

  /// - Precondition: the shape is not transposed.
  package init(_ shape: ConvolutionShape) throws(OneDNNError) {
    precondition(!shape.isTransposed, "a transposed convolution's gradient is a convolution's")
    self.shape = shape
    let output = shape.output
    let name = "the weight gradient of \(shape.name)"
    guard output.allSatisfy({ $0 > 0 }) else {
      throw OneDNNError(operation: name, reason: "the input is smaller than the kernel")
    }
    source = try .image(shape.batch, shape.height, shape.width, shape.inChannels)
    destination = try .image(output[0], output[1], output[2], output[3])
    let anyWeights = try MemoryDescriptor(shape.weightDims, dnnl_format_tag_any)
    let (source, destination) = (source, destination)
    primitive = try Primitive(name) { description, engine, attributes in
      piq_convolution_weight_gradient_pd(
        description, engine, source.handle, anyWeights.handle, destination.handle,
        shape.stride.dims, shape.padBefore.dims, shape.padAfter.dims, attributes)
    }
    weights = try primitive.layout(of: Int32(piq_arg_diff_weights))
  }

  /// The gradient [O, I, kH, kW] for an input [B, H, W, I] and the output's gradient
  /// [B, H', W', O].
  package func callAsFunction(
    _ input: Tensor, gradient: Tensor
  ) throws(OneDNNError) -> Tensor {
    guard input.shape == shape.input, gradient.shape == shape.output else {
      throw OneDNNError(
        operation: primitive.name, reason: "given \(input.shape) and \(gradient.shape)")
    }
    let packed = try Tensor(shape: [(weights.bytes + 3) / 4]) { (buffer) throws(OneDNNError) in
      try primitive.execute([
        input.argument(piq_arg_src, source), gradient.argument(piq_arg_diff_dst, destination),
        buffer.argument(piq_arg_diff_weights, weights),
      ])
    }
    let plain = try MemoryDescriptor(shape.weightDims, dnnl_oihw)
    return try reorder(packed, from: weights, to: plain).reshaped(shape.weightDims)
  }
}
