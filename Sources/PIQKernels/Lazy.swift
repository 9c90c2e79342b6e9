import Synchronization

/// A value that is made where it is needed, by one thread at a time.
///
/// One that is kept from the second use on is dropped after the first: a single clip needs it once,
/// and it may be many times as large as what it is made of.
package final class Lazy<Value>: Sendable {
  private struct Box {
    // Only read once it is kept.
    nonisolated(unsafe) var value: Value?
    var uses = 0
  }

  private let box = Mutex(Box())
  private let firstKept: Int

  /// - Parameter use: the use from which on the value is kept, from 1.
  package init(keptFrom use: Int = 1) { firstKept = use }

  package func callAsFunction(make: () throws -> Value) rethrows -> Value {
    nonisolated(unsafe) let make = make
    nonisolated(unsafe) let result = try box.withLock { box in
      if let value = box.value { return value }
      let value = try make()
      box.uses += 1
      if box.uses >= firstKept { box.value = value }
      return value
    }
    return result
  }
}
