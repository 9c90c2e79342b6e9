import CPIQOneDNN
import PIQPlatform
import PIQTensor

/// A compiled operation of oneDNN: its kernel, the layouts it chose and its scratch memory.
final class Primitive {
  private let description: dnnl_primitive_desc_t
  private let handle: dnnl_primitive_t
  private let engine: Engine
  private let scratchpad: MemoryDescriptor
  /// The operation's name in error messages.
  let name: String

  /// Makes the operation described by `describe`, given the engine and the attributes.
  ///
  /// - Parameter adding: whether it adds to the previous output.
  init(
    _ name: String, adding: Bool = false,
    describe: (
      _ description: UnsafeMutablePointer<dnnl_primitive_desc_t?>, _ engine: dnnl_engine_t,
      _ attributes: dnnl_primitive_attr_t
    ) -> dnnl_status_t
  ) throws(OneDNNError) {
    self.name = name
    engine = try Engine.shared()
    let attributes = try Attributes(adding: adding, name: name)
    var description: dnnl_primitive_desc_t?
    try check(describe(&description, engine.handle, attributes.handle), name)
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

  /// Runs the operation to its end. Each argument must have the size of its layout.
  func execute(_ arguments: [Argument]) throws(OneDNNError) {
    let scratch = Tensor(scratch: scratchpad.bytes)
    var memories: [dnnl_memory_t] = []
    defer { for memory in memories { dnnl_memory_destroy(memory) } }
    var list: [dnnl_exec_arg_t] = []
    let arguments = arguments + [scratch.argument(piq_arg_scratchpad, scratchpad)]
    try withExtendedLifetime(arguments) { () throws(OneDNNError) in
      for argument in arguments {
        var memory: dnnl_memory_t?
        try check(
          piq_memory_create(&memory, argument.layout.handle, engine.handle, argument.data), name)
        guard let memory else { throw OneDNNError(operation: name, reason: "no handle came back") }
        memories.append(memory)
        list.append(dnnl_exec_arg_t(arg: argument.index, memory: memory))
      }
      try check(dnnl_primitive_execute(handle, engine.stream, Int32(list.count), list), name)
      try check(dnnl_stream_wait(engine.stream), name)
    }
  }

  /// A pointer to the data of one argument, and its layout.
  struct Argument {
    let index: Int32
    let layout: MemoryDescriptor
    let data: UnsafeMutableRawPointer?
    /// The owner of the data; nil for a buffer that is written.
    var owner: Tensor?
  }
}

/// oneDNN attributes for scratch memory of the caller and for the sum with the output.
private final class Attributes {
  let handle: dnnl_primitive_attr_t

  init(adding: Bool, name: String) throws(OneDNNError) {
    var handle: dnnl_primitive_attr_t?
    try check(dnnl_primitive_attr_create(&handle), name)
    guard let handle else { throw OneDNNError(operation: name, reason: "no handle came back") }
    self.handle = handle
    try check(dnnl_primitive_attr_set_scratchpad_mode(handle, dnnl_scratchpad_mode_user), name)
    guard adding else { return }
    var list: dnnl_post_ops_t?
    try check(dnnl_post_ops_create(&list), name)
    defer { dnnl_post_ops_destroy(list) }
    try check(piq_post_sum(list), name)
    try check(dnnl_primitive_attr_set_post_ops(handle, list), name)
  }

  deinit { dnnl_primitive_attr_destroy(handle) }
}

extension Tensor {
  /// Scratch memory, recycled by the tensors' pool.
  fileprivate init(scratch bytes: Int) {
    self.init(shape: [(bytes + 3) / 4]) { _ in }
  }
}

/// Runs `body` on the calling thread alone if it takes less time than waking others: OpenMP's
/// threads, once woken, also keep their cores busy for a while.
///
/// - Parameter operations: the approximate number of operations.
package func asWork<Result, Failure: Error>(
  of operations: Int, _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
  operations < 1 << 21 ? try Threads.with(1, body) : try body()
}
