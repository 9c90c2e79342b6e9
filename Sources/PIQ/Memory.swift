import Glibc
import Tensor

/// What this process may use of the machine's memory.
enum Memory {
  /// Bytes: the physical memory, or the limit on the process (`ulimit -v`) or on its control group
  /// if that is less.
  static var available: Double {
    let physical = Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE)))
    let granted = min(physical, ControlGroup.memory ?? physical)
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { return granted }
    return min(granted, Double(limit.rlim_cur))
  }
}
