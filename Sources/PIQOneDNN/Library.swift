import CPIQOneDNN

/// The version of the library, such as 2.6.3.
package let libraryVersion: String = {
  guard let version = dnnl_version()?.pointee else { return "unknown" }
  return "\(version.major).\(version.minor).\(version.patch)"
}()

/// The instructions that the library uses on this CPU, or that `DNNL_MAX_CPU_ISA` leaves it.
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
