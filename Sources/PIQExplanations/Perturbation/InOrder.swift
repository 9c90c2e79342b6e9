import Dispatch
import PIQPlatform
import Synchronization

/// Calls `body` with the numbers below `count`, several at the same time, each on one thread.
///
/// - Returns: its results, in order.
func inOrder<Value: Sendable>(
  count: Int, _ body: @Sendable (_ index: Int) throws -> Value
) throws -> [Value] {
  let workers = max(1, min(Threads.current, count))
  let results = Mutex<[Result<Value, any Error>?]>(Array(repeating: nil, count: count))
  let next = Atomic(0)
  withoutActuallyEscaping(body) { body in
    DispatchQueue.concurrentPerform(iterations: workers) { _ in
      Threads.with(1) {
        while true {
          let index = next.add(1, ordering: .relaxed).oldValue
          guard index < count else { return }
          let result = Result { try body(index) }
          results.withLock { $0[index] = result }
          // The rest would fail, too.
          if case .failure = result { next.store(count, ordering: .relaxed) }
        }
      }
    }
  }
  return try results.withLock { $0 }.compactMap { try $0?.get() }
}
