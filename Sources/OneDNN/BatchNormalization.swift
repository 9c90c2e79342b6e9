import COneDNN
package import Tensor

/// The forward pass of batch normalisation over the last axis, at one shape.
package final class BatchNormalizationForward {
  private let rows, channels: Int
  private let primitive: Primitive
  private let data, vector: MemoryDescriptor

  /// - Parameters:
  ///   - rows: the number of vectors, B or B * H * W.
  ///   - channels: the length of each.
  ///   - usesGivenStatistics: whether mean and variance are given (evaluation) or computed from
  ///     the rows (training).
  package init(
    rows: Int, channels: Int, epsilon: Float, usesGivenStatistics: Bool
  ) throws(OneDNNError) {
    self.rows = rows
    self.channels = channels
    data = try .image(1, rows, 1, channels)
    vector = try .vector(channels)
    let data = data
    let name = "batch normalisation of [\(rows), \(channels)]"
    primitive = try Primitive(name) { description, engine, attributes in
      // Training mode in both cases: inference would not hand out the statistics.
      piq_batch_normalization_pd(
        description, engine, dnnl_forward_training, data.handle, epsilon,
        usesGivenStatistics ? 1 : 0, attributes)
    }
  }

  /// Normalises `input` [rows, C], any shape of as many elements.
  ///
  /// `mean` and `variance` [C] are read or written, as `usesGivenStatistics` says; the variance is
  /// the biased one.
  package func callAsFunction(
    _ input: Tensor, scale: Tensor, shift: Tensor, mean: inout Tensor, variance: inout Tensor
  ) throws(OneDNNError) -> Tensor {
    guard input.count == rows * channels,
      [scale, shift, mean, variance].allSatisfy({ $0.count == channels })
    else { throw OneDNNError(operation: primitive.name, reason: "given \(input.shape)") }
    return try Tensor(shape: input.shape) { (output) throws(OneDNNError) in
      try mean.withUnsafeMutableBuffer { (mean) throws(OneDNNError) in
        try variance.withUnsafeMutableBuffer { (variance) throws(OneDNNError) in
          try withExtendedLifetime((input, scale, shift)) { () throws(OneDNNError) in
            try primitive.execute([
              input.argument(piq_arg_src, data), output.argument(piq_arg_dst, data),
              scale.argument(piq_arg_scale, vector), shift.argument(piq_arg_shift, vector),
              mean.argument(piq_arg_mean, vector), variance.argument(piq_arg_variance, vector),
            ])
          }
        }
      }
    }
  }
}
