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

/// A value that is made where it is needed: dropped after its first use, because a single clip
/// needs it once and it may be many times as large as what it is made of, and kept from the second
/// use on.
final class Reused<Value>: Sendable {
  private struct Box {
    // Made once more, and only read from then on.
    nonisolated(unsafe) var value: Value?
    var uses = 0
  }

  private let box = Mutex(Box())

  func callAsFunction(make: () throws -> Value) rethrows -> Value {
    nonisolated(unsafe) let make = make
    nonisolated(unsafe) let result = try box.withLock { box in
      if let value = box.value { return value }
      let value = try make()
      box.uses += 1
      if box.uses > 1 { box.value = value }
      return value
    }
    return result
  }
}
