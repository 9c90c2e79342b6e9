import CPIQOneDNN

/// The CPU and the stream on which all operations run, one after the other.
///
/// oneDNN's OpenMP gives each calling thread a team of its own: call it from one thread at a time.
final class Engine: @unchecked Sendable {
  // Sendable: both handles are thread-safe by oneDNN's word, and never change.
  let handle: dnnl_engine_t
  let stream: dnnl_stream_t

  private static let result = Result { () throws(OneDNNError) in try Engine() }

  /// The engine of this process, made on first use.
  static func shared() throws(OneDNNError) -> Engine { try result.get() }

  private init() throws(OneDNNError) {
    var engine: dnnl_engine_t?
    try check(dnnl_engine_create(&engine, dnnl_cpu, 0), "its CPU engine")
    var stream: dnnl_stream_t?
    let flags = UInt32(dnnl_stream_default_flags.rawValue)
    try check(dnnl_stream_create(&stream, engine, flags), "its stream")
    guard let engine, let stream else {
      throw OneDNNError(operation: "its CPU engine", reason: "no handle came back")
    }
    handle = engine
    self.stream = stream
  }

  deinit {
    dnnl_stream_destroy(stream)
    dnnl_engine_destroy(handle)
  }
}
