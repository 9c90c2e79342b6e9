import CPIQOneDNN
package import PIQTensor

/// A function applied to each element.
package enum ElementwiseFunction: Sendable {
  /// max(x, 0).
  case relu
  /// 1 / (1 + exp(-x)).
  case sigmoid
  /// log(1 + exp(x)).
  case softplus

  fileprivate var algorithm: dnnl_alg_kind_t {
    switch self {
    case .relu: dnnl_eltwise_relu
    case .sigmoid: dnnl_eltwise_logistic
    case .softplus: dnnl_eltwise_soft_relu
    }
  }
}

/// `function` of each element of `input`.
package func apply(
  _ function: ElementwiseFunction, to input: Tensor
) throws(OneDNNError) -> Tensor {
  // Soft ReLU is log(1 + exp(alpha * x)) / alpha from release 3 on; release 2 ignores alpha.
  var alpha: Float = 0
  if case .softplus = function { alpha = 1 }
  return try map(input, as: .vector(input.count), "\(function) of \(input.shape)") {
    description, engine, layout, attributes in
    piq_eltwise_pd(
      description, engine, dnnl_forward_inference, function.algorithm, layout, alpha, attributes)
  }
}

/// The softmax of each row of `input` [M, N].
package func softmax(_ input: Tensor) throws(OneDNNError) -> Tensor {
  guard input.shape.count == 2 else {
    throw OneDNNError(operation: "softmax of \(input.shape)", reason: "it takes a matrix")
  }
  let layout = try MemoryDescriptor.matrix(input.shape[0], input.shape[1])
  return try map(input, as: layout, "softmax of \(input.shape)") {
    description, engine, layout, attributes in
    piq_softmax_pd(description, engine, dnnl_forward_inference, layout, 1, attributes)
  }
}

private func map(
  _ input: Tensor, as layout: MemoryDescriptor, _ name: String,
  describe: (
    UnsafeMutablePointer<dnnl_primitive_desc_t?>, dnnl_engine_t, piq_md, dnnl_primitive_attr_t
  ) -> dnnl_status_t
) throws(OneDNNError) -> Tensor {
  guard input.count > 0 else { return input }
  return try asWork(of: input.count) { () throws(OneDNNError) in
    let primitive = try Primitive(name) { description, engine, attributes in
      describe(description, engine, layout.handle, attributes)
    }
    return try Tensor(shape: input.shape) { (output) throws(OneDNNError) in
      try primitive.execute([
        input.argument(piq_arg_src, layout), output.argument(piq_arg_dst, layout),
      ])
    }
  }
}
