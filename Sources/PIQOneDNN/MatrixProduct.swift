import CPIQOneDNN
package import PIQTensor

/// `left` times `right`, plus `bias` in each row.
///
/// - Parameters:
///   - left: [M, K].
///   - right: [K, N], or [N, K] when `transposingRight`.
///   - bias: [N], or nothing.
/// - Returns: [M, N].
package func matrixProduct(
  _ left: Tensor, _ right: Tensor, transposingRight: Bool = false, bias: Tensor? = nil
) throws(OneDNNError) -> Tensor {
  let name = "the product of \(left.shape) and \(right.shape)"
  guard left.shape.count == 2, right.shape.count == 2,
    left.shape[1] == right.shape[transposingRight ? 1 : 0]
  else { throw OneDNNError(operation: name, reason: "the shapes do not fit together") }
  let (m, k, n) = (left.shape[0], left.shape[1], right.shape[transposingRight ? 0 : 1])
  let source = try MemoryDescriptor.matrix(m, k)
  let weights = try MemoryDescriptor([k, n], transposingRight ? dnnl_ba : dnnl_ab)
  let destination = try MemoryDescriptor.matrix(m, n)
  let biasLayout = try bias.map { (bias) throws(OneDNNError) in
    guard bias.count == n else {
      throw OneDNNError(operation: name, reason: "the bias does not fit")
    }
    return try MemoryDescriptor.matrix(1, n)
  }
  return try asWork(of: m * n * k) { () throws(OneDNNError) in
    let primitive = try Primitive(name) { description, engine, attributes in
      piq_matmul_pd(
        description, engine, source.handle, weights.handle, biasLayout?.handle, destination.handle,
        attributes)
    }
    return try Tensor(shape: [m, n]) { (output) throws(OneDNNError) in
      var arguments = [
        left.argument(piq_arg_src, source), right.argument(piq_arg_weights, weights),
        output.argument(piq_arg_dst, destination),
      ]
      if let bias, let biasLayout { arguments.append(bias.argument(piq_arg_bias, biasLayout)) }
      try primitive.execute(arguments)
    }
  }
}
