import Foundation

/// Memory that clips under way share: one that needs more than is left waits for others to end.
package final class MemoryBudget: @unchecked Sendable {
  // Sendable: what changes is behind the condition's lock.
  private let limit: Double
  private let condition = NSCondition()
  private var taken = 0.0

  /// A budget of `limit` bytes.
  package init(_ limit: Double) { self.limit = limit }

  /// Waits until there is room. A clip alone always finds some.
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
