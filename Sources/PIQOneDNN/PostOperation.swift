import CPIQOneDNN

/// What an operation does to its result before storing it.
package enum PostOperation: Hashable, Sendable {
  /// max(x, 0).
  case relu
  /// x + what the output tensor held before.
  case addToOutput
  /// x * a channel's own factor; a vector [C] comes with it.
  case multiplyByChannel
  /// x + a channel's own term; a vector [C] comes with it.
  case addByChannel

  var takesVector: Bool { self == .multiplyByChannel || self == .addByChannel }
}

/// Post-operations and scratch mode, in oneDNN's form.
final class Attributes {
  let handle: dnnl_primitive_attr_t

  init(_ operations: [PostOperation], channels: Int, name: String) throws(OneDNNError) {
    var handle: dnnl_primitive_attr_t?
    try check(dnnl_primitive_attr_create(&handle), name)
    guard let handle else { throw OneDNNError(operation: name, reason: "no handle came back") }
    self.handle = handle
    try check(dnnl_primitive_attr_set_scratchpad_mode(handle, dnnl_scratchpad_mode_user), name)
    guard !operations.isEmpty else { return }
    var list: dnnl_post_ops_t?
    try check(dnnl_post_ops_create(&list), name)
    defer { dnnl_post_ops_destroy(list) }
    let vector = try MemoryDescriptor.perChannel(channels)
    for operation in operations {
      let status =
        switch operation {
        case .relu: piq_post_eltwise(list, dnnl_eltwise_relu)
        case .addToOutput: piq_post_sum(list)
        case .multiplyByChannel: piq_post_binary(list, dnnl_binary_mul, vector.handle)
        case .addByChannel: piq_post_binary(list, dnnl_binary_add, vector.handle)
        }
      try check(status, name)
    }
    try check(dnnl_primitive_attr_set_post_ops(handle, list), name)
  }

  deinit { dnnl_primitive_attr_destroy(handle) }
}
