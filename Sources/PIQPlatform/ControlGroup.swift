import Foundation

/// The limits set by this process's control groups, as used by containers and clusters.
package enum ControlGroup {
  /// The CPU time that it may use, in cores; nil without a limit.
  package static let cores: Double? = limits("cpu.max").compactMap { text in
    // Microseconds of CPU time, or "max", in a period of microseconds.
    let numbers = text.split(whereSeparator: \.isWhitespace).map { Double($0) }
    guard numbers.count == 2, let quota = numbers[0], let period = numbers[1], period > 0
    else { return nil }
    return quota / period
  }.min()

  /// The memory that it may use, in bytes; nil without a limit.
  package static let memory: Double? = limits("memory.max").compactMap(number).min()

  /// The memory that the groups with a limit leave at this time, in bytes; nil without a limit.
  package static var memoryLeft: Double? {
    zip(limits("memory.max"), limits("memory.current")).compactMap { limit, used in
      number(limit).map { $0 - (number(used) ?? 0) }
    }.min()
  }

  /// How many threads it may have; nil without a limit.
  package static let tasks: Int? = limits("pids.max").compactMap(number).min().map { Int($0) }

  /// Nil for "max".
  private static func number(_ text: String) -> Double? {
    Double(text.trimmingCharacters(in: .whitespacesAndNewlines))
  }

  /// The contents of a file of the process's own group and of all above it.
  private static func limits(_ file: String) -> [String] {
    let own = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
    // Version 2 has one line: 0::/path.
    let line = own.split(separator: "\n").first { $0.hasPrefix("0::/") }
    var parts = (line?.dropFirst(4) ?? "").split(separator: "/")
    var found: [String] = []
    while true {
      let folder = (["/sys/fs/cgroup"] + parts.map(String.init)).joined(separator: "/")
      if let text = try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8) {
        found.append(text)
      }
      if parts.popLast() == nil { return found }
    }
  }
}
