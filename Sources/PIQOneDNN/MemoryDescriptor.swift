import CPIQOneDNN

/// The memory layout of an operation's argument.
final class MemoryDescriptor {
  let handle: piq_md

  /// Elements of the given extents; `tag` names the order of the axes in memory, or leaves it to
  /// the operation (`dnnl_format_tag_any`).
  init(
    _ dims: [Int], _ tag: dnnl_format_tag_t, type: dnnl_data_type_t = dnnl_f32
  ) throws(OneDNNError) {
    var handle: piq_md?
    let extents = dims.map { dnnl_dim_t($0) }
    try check(
      piq_md_create(&handle, Int32(dims.count), extents, type, tag), "a tensor of shape \(dims)")
    guard let handle else {
      throw OneDNNError(operation: "a tensor of shape \(dims)", reason: "no handle came back")
    }
    self.handle = handle
  }

  /// The layout that an operation chose for one of its arguments.
  init(of argument: Int32, in description: dnnl_primitive_desc_t) throws(OneDNNError) {
    var handle: piq_md?
    try check(piq_pd_md(&handle, description, argument), "a query of its layouts")
    guard let handle else {
      throw OneDNNError(operation: "a query of its layouts", reason: "no handle came back")
    }
    self.handle = handle
  }

  deinit { piq_md_destroy(handle) }

  /// The number of bytes that such an argument takes, padding included.
  var bytes: Int { piq_md_size(handle) }
}
