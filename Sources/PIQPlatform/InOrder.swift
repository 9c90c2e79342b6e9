import Dispatch
import Synchronization

/// Calls `body` with the numbers below `count`, on `Threads.current` threads, each call with one thread for
/// its own work.
///
/// - Returns: its results, in order; they do not depend on the number of threads.
/// - Throws: what the first call that failed threw.
package func inOrder<Value: Sendable, Failure: Error>(
  count: Int, _ body: @Sendable (_ index: Int) throws(Failure) -> Value
) throws(Failure) -> [Value] {
  let results = Mutex<[Result<Value, Failure>?]>(Array(repeating: nil, count: count))
  let next = Atomic(0)
  DispatchQueue.concurrentPerform(iterations: max(1, min(Threads.current, count))) { _ in
    Threads.with(1) {
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        let result = Result { () throws(Failure) in try body(index) }
        results.withLock { $0[index] = result }
        // The rest would fail, too.
        if case .failure = result { next.store(count, ordering: .relaxed) }
      }
    }
  }
  var values: [Value] = []
  for result in results.withLock({ $0 }) {
    if let result { values.append(try result.get()) }
  }
  return values
}
