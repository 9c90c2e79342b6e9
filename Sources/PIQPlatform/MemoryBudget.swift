import Foundation

/// Memory shared by clips in process: one that needs more than is left waits for others.
package final class MemoryBudget: @unchecked Sendable {
  // Sendable: what changes is behind the condition's lock.
  private let limit: Double
  private let condition = NSCondition()
  private var taken = 0.0

  /// A budget of `limit` bytes.
  package init(_ limit: Double) { self.limit = limit }

  /// Waits until the memory is available. A single clip never waits.
  package func take(_ bytes: Double) {
    condition.lock()
    defer { condition.unlock() }
    while taken > 0, taken + bytes > limit { condition.wait() }
    taken += bytes
  }

  /// Ends what `take` began.
  package func release(_ bytes: Double) {
    condition.lock()
    defer { condition.unlock() }
    taken -= bytes
    condition.broadcast()
  }
}
