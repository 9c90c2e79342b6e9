import CPIQOneDNN

/// The CPU and the stream on which all operations run, one after the other.
///
/// oneDNN's OpenMP gives each calling thread its own team: call it from one thread at a time.
final class Engine: @unchecked Sendable {
  // Sendable: oneDNN documents both handles as thread-safe, and they never change.
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

/// The version of the library, such as 2.6.3.
package let libraryVersion: String = {
  guard let version = dnnl_version()?.pointee else { return "unknown" }
  return "\(version.major).\(version.minor).\(version.patch)"
}()

/// The instruction set that the library uses on this CPU, as limited by `DNNL_MAX_CPU_ISA`.
package let instructionSet: String = {
  // Later versions know more, each a superset of one of these.
  let known: [(dnnl_cpu_isa_t, String)] = [
    (dnnl_cpu_isa_avx512_core_amx, "AVX512_CORE_AMX"),
    (dnnl_cpu_isa_avx512_core_bf16, "AVX512_CORE_BF16"),
    (dnnl_cpu_isa_avx512_core_vnni, "AVX512_CORE_VNNI"), (dnnl_cpu_isa_avx512_core, "AVX512_CORE"),
    (dnnl_cpu_isa_avx2_vnni, "AVX2_VNNI"), (dnnl_cpu_isa_avx2, "AVX2"),
    (dnnl_cpu_isa_avx, "AVX"), (dnnl_cpu_isa_sse41, "SSE41"),
  ]
  let mask = dnnl_get_effective_cpu_isa().rawValue
  return known.first { mask & $0.0.rawValue == $0.0.rawValue }?.1 ?? "none known"
}()
