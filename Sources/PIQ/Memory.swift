import Glibc

/// What this process may use of the machine's memory.
enum Memory {
  /// Bytes: the physical memory, or the limit on the process (`ulimit -v`) if that is less.
  static var available: Double {
    let physical = Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE)))
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { return physical }
    return min(physical, Double(limit.rlim_cur))
  }
}
