import CPIQOneDNN
import PIQTensor

/// Products of matrices, compiled for their layouts, with their scratch memory.
final class Primitive {
  private let description: dnnl_primitive_desc_t
  private let handle: dnnl_primitive_t
  private let engine: Engine
  private let scratchpad: MemoryDescriptor
  /// The operation's name in error messages.
  private let name: String

  /// Makes the product of `left` and `right`.
  ///
  /// - Parameter adding: whether it adds to the previous `sums`.
  init(
    _ name: String, _ left: MemoryDescriptor, _ right: MemoryDescriptor, _ sums: MemoryDescriptor,
    adding: Bool
  ) throws(OneDNNError) {
    self.name = name
    engine = try Engine.shared()
    var attributes: dnnl_primitive_attr_t?
    try check(dnnl_primitive_attr_create(&attributes), name)
    defer { dnnl_primitive_attr_destroy(attributes) }
    try check(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user), name)
    if adding {
      var operations: dnnl_post_ops_t?
      try check(dnnl_post_ops_create(&operations), name)
      defer { dnnl_post_ops_destroy(operations) }
      try check(piq_post_sum(operations), name)
      try check(dnnl_primitive_attr_set_post_ops(attributes, operations), name)
    }
    var description: dnnl_primitive_desc_t?
    try check(
      piq_matmul_pd(
        &description, engine.handle, left.handle, right.handle, sums.handle, attributes),
      name)
    guard let description else { throw OneDNNError(operation: name, reason: "no handle came back") }
    var handle: dnnl_primitive_t?
    do throws(OneDNNError) {
      try check(dnnl_primitive_create(&handle, description), name)
      guard let handle else { throw OneDNNError(operation: name, reason: "no handle came back") }
      scratchpad = try MemoryDescriptor(of: Int32(piq_arg_scratchpad), in: description)
      self.handle = handle
      self.description = description
    } catch {
      if let handle { dnnl_primitive_destroy(handle) }
      dnnl_primitive_desc_destroy(description)
      throw error
    }
  }

  deinit {
    dnnl_primitive_destroy(handle)
    dnnl_primitive_desc_destroy(description)
  }

  /// oneDNN's name for the kernel that it chose.
  var kernel: String {
    var text: UnsafePointer<CChar>?
    let status = dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &text)
    guard status == dnnl_success, let text else { return "unknown" }
    return String(cString: text)
  }

  /// Runs the operation to its end. The caller keeps the data alive; each has the size of its
  /// layout.
  func execute(
    _ arguments: [(index: Int, layout: MemoryDescriptor, data: UnsafeMutableRawPointer)]
  ) throws(OneDNNError) {
    // Recycled by the tensors' pool.
    var scratch = Tensor(shape: [(scratchpad.bytes + 3) / 4]) { _ in }
    try scratch.withUnsafeMutableBuffer { (scratch) throws(OneDNNError) in
      var memories: [dnnl_memory_t] = []
      defer { for memory in memories { dnnl_memory_destroy(memory) } }
      var list: [dnnl_exec_arg_t] = []
      func add(
        _ index: Int, _ layout: MemoryDescriptor, _ data: UnsafeMutableRawPointer?
      ) throws(OneDNNError) {
        var memory: dnnl_memory_t?
        try check(piq_memory_create(&memory, layout.handle, engine.handle, data), name)
        guard let memory else { throw OneDNNError(operation: name, reason: "no handle came back") }
        memories.append(memory)
        list.append(dnnl_exec_arg_t(arg: Int32(index), memory: memory))
      }
      for (index, layout, data) in arguments { try add(index, layout, data) }
      try add(piq_arg_scratchpad, scratchpad, UnsafeMutableRawPointer(scratch.baseAddress))
      try check(dnnl_primitive_execute(handle, engine.stream, Int32(list.count), list), name)
      try check(dnnl_stream_wait(engine.stream), name)
    }
  }
}
