import Foundation
import Synchronization

/// The memory limits of a process, in bytes.
package struct MemoryLimits: Sendable, Equatable {
  /// The memory of the machine.
  package var physical: Double
  /// The part of it, and of the control group's, that can be had without swapping.
  package var free: Double
  /// The limit on the control group, as of a container; nil without one.
  package var controlGroup: Double?
  /// The limit on the addresses of the process (`ulimit -v`), which counts every reservation; nil
  /// without one.
  package var addressSpace: Double?
  /// The addresses that the process has reserved.
  package var reserved: Double

  /// The limits in the order of the properties.
  package init(
    physical: Double, free: Double, controlGroup: Double?, addressSpace: Double?, reserved: Double
  ) {
    self.physical = physical
    self.free = free
    self.controlGroup = controlGroup
    self.addressSpace = addressSpace
    self.reserved = reserved
  }

  /// The memory that the process may use, if other processes release theirs.
  package var available: Double {
    let granted = min(physical, controlGroup ?? physical)
    return addressSpace.map { min(granted, max(0, $0 - reserved)) } ?? granted
  }

  /// The memory that the process may use and that no other process holds.
  package var unused: Double { min(available, free) }
}

/// The memory of the machine that this process may use.
package enum Memory {
  /// The limits that hold now.
  package static var limits: MemoryLimits {
    if let assumed { return assumed }
    let page = Double(sysconf(Int32(_SC_PAGESIZE)))
    let physical = page * Double(sysconf(Int32(_SC_PHYS_PAGES)))
    let free = free ?? page * Double(sysconf(Int32(_SC_AVPHYS_PAGES)))
    return MemoryLimits(
      physical: physical, free: min(free, max(0, ControlGroup.memoryLeft ?? free)),
      controlGroup: ControlGroup.memory, addressSpace: addressSpaceLimit, reserved: reserved)
  }

  /// Limits that tests set instead of the real ones.
  @TaskLocal package static var assumed: MemoryLimits?

  /// `MemoryLimits.available` now.
  package static var available: Double { limits.available }

  /// The part of it for clips, in bytes.
  package static var forClips: Double { 0.6 * available }

  /// The part of it for the stacks and canvases of threads, in bytes.
  package static var forThreads: Double { 0.4 * available }

  /// The remedy for too little of it.
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

  private static var reserved: Double {
    let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?
      .split(separator: " ").first.flatMap { Double($0) }
    return (pages ?? 0) * Double(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// The kernel's own estimate, which counts caches of files as free.
  private static var free: Double? {
    (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8))?
      .split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }?
      .split(separator: " ").dropFirst().first.flatMap { Double($0) }.map { 1024 * $0 }
  }

  /// Called where memory for a tensor could not be had, with the bytes requested: the last chance
  /// for a message.
  package static var outOfMemory: @Sendable (Int) -> Void {
    get { handler.withLock { $0 } }
    set { handler.withLock { $0 = newValue } }
  }

  private static let handler = Mutex<@Sendable (Int) -> Void>({ _ in })
}
