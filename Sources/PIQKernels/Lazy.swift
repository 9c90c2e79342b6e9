import Synchronization

/// A value made on first use, by the first thread; the others wait.
final class Lazy<Value>: Sendable {
  private struct Box {
    // Made once, and only read from then on.
    nonisolated(unsafe) var value: Value?
  }

  private let box = Mutex(Box())

  func callAsFunction(make: () throws -> Value) rethrows -> Value {
    nonisolated(unsafe) let make = make
    nonisolated(unsafe) let result = try box.withLock { box in
      if let value = box.value { return value }
      let value = try make()
      box.value = value
      return value
    }
    return result
  }
}
