import CPIQOneDNN
package import PIQTensor

/// Batch normalisation over the last axis with given statistics, at one shape.
package final class BatchNormalizationForward {
  private let rows, channels: Int
  private let primitive: Primitive
  private let data, vector: MemoryDescriptor

  /// - Parameters:
  ///   - rows: the number of vectors, B or B * H * W.
  ///   - channels: the length of each.
  package init(rows: Int, channels: Int, epsilon: Float) throws(OneDNNError) {
    self.rows = rows
    self.channels = channels
    data = try MemoryDescriptor([1, channels, rows, 1], dnnl_nhwc)
    vector = try .vector(channels)
    let data = data
    let name = "batch normalisation of [\(rows), \(channels)]"
    primitive = try Primitive(name) { description, engine, attributes in
      piq_batch_normalization_pd(
        description, engine, dnnl_forward_inference, data.handle, epsilon, 1, attributes)
    }
  }

  /// Normalises `input`, any shape of `rows` times C elements.
  ///
  /// - Parameters:
  ///   - scale, shift: [C].
  ///   - mean, variance: [C]; the variance is the biased one.
  package func callAsFunction(
    _ input: Tensor, scale: Tensor, shift: Tensor, mean: Tensor, variance: Tensor
  ) throws(OneDNNError) -> Tensor {
    guard input.count == rows * channels,
      [scale, shift, mean, variance].allSatisfy({ $0.count == channels })
    else { throw OneDNNError(operation: primitive.name, reason: "given \(input.shape)") }
    return try Tensor(shape: input.shape) { (output) throws(OneDNNError) in
      try primitive.execute([
        input.argument(piq_arg_src, data), output.argument(piq_arg_dst, data),
        scale.argument(piq_arg_scale, vector), shift.argument(piq_arg_shift, vector),
        mean.argument(piq_arg_mean, vector), variance.argument(piq_arg_variance, vector),
      ])
    }
  }
}
