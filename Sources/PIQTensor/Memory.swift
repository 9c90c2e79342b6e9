import Foundation
import Synchronization

/// What this process may use of the machine's memory.
package enum Memory {
  /// Bytes: the physical memory, or the limit on its control group if that is less, or what is left
  /// of the limit on the process itself (`ulimit -v`), which counts every reservation.
  package static var available: Double {
    let physical = Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE)))
    let granted = min(physical, ControlGroup.memory ?? physical)
    guard let limit = addressSpaceLimit else { return granted }
    return min(granted, max(0, limit - reserved))
  }

  /// The part of it for clips, in bytes.
  package static var forClips: Double { 0.6 * available }

  /// The part of it for what threads take whatever they do, in bytes.
  package static var forThreads: Double { 0.4 * available }

  /// What to do where there is too little of it.
  package static let remedy =
    "free some memory, or raise the limit on it (ulimit -v, or that of the container)"

  /// The limit on the addresses of this process, in bytes; nil without one.
  package static var addressSpaceLimit: Double? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0,
      limit.rlim_cur != rlim_t.max
    else { return nil }
    return Double(limit.rlim_cur)
  }

  /// What this process has reserved, in bytes.
  private static var reserved: Double {
    let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?
      .split(separator: " ").first.flatMap { Double($0) }
    return (pages ?? 0) * Double(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// Called where memory for a tensor could not be had, with the bytes that were wanted: the last
  /// chance to say so.
  package static var outOfMemory: @Sendable (Int) -> Void {
    get { handler.withLock { $0 } }
    set { handler.withLock { $0 = newValue } }
  }

  private static let handler = Mutex<@Sendable (Int) -> Void>({ _ in })
}
