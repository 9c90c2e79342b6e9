import Foundation
public import NeuralNetwork

/// Does work on several threads, and hands the results on one by one in the order of the items.
public struct OrderedWork: Sendable {
  /// How many items are under way at a time.
  public let jobs: Int
  /// How many threads each of them uses.
  public let threads: Int

  /// Divides cores among items: as many items at a time as there are cores, with one thread each;
  /// where they are fewer, each uses several.
  ///
  /// - Parameters:
  ///   - count: how many items there are.
  ///   - jobs, threads: what the user wants; nil for what suits the machine.
  ///   - cores: how many there are.
  public init(
    _ count: Int, jobs: Int? = nil, threads: Int? = nil, cores: Int = availableThreads
  ) {
    let jobs = jobs ?? max(1, cores / (threads ?? 1))
    self.jobs = max(1, min(jobs, count))
    self.threads = threads ?? max(1, cores / self.jobs)
  }

  /// Does the work, and returns when all of it is done.
  ///
  /// - Parameters:
  ///   - count: how many items there are.
  ///   - begin: called when the work on an item begins.
  ///   - work: done by any thread.
  ///   - finish: called with the result for each item, in their order. If it throws, no further
  ///     work begins. It and `begin` are called by one thread at a time.
  /// - Throws: what `finish` throws.
  public func run<Output: Sendable>(
    _ count: Int, begin: @escaping (Int) -> Void,
    work: @escaping @Sendable (Int) throws -> Output,
    finish: @escaping (Int, Result<Output, any Error>) throws -> Void
  ) throws {
    let state = State<Output>(count: count)
    // Called under the state's lock.
    nonisolated(unsafe) let (begin, finish) = (begin, finish)
    let body = { @Sendable [threads] in
      withThreads(threads) {
        while let item = state.next(begin) {
          let result = Result { try work(item) }
          state.finish(item, result, finish)
        }
      }
    }
    // Threads of their own: those of the pool are for the work itself, and for signals.
    let workers = (1..<max(1, min(jobs, count))).map { _ in Worker(body) }
    body()
    for worker in workers { worker.wait() }
    try state.check()
  }
}

/// What workers share.
private final class State<Output: Sendable>: @unchecked Sendable {
  // Sendable: what changes is behind the lock.
  private let lock = NSLock()
  private let count: Int
  private var started = 0
  private var finished = 0
  private var waiting: [Int: Result<Output, any Error>] = [:]
  private var failure: (any Error)?

  init(count: Int) { self.count = count }

  func next(_ begin: (Int) -> Void) -> Int? {
    lock.withLock {
      guard started < count, failure == nil else { return nil }
      defer { started += 1 }
      begin(started)
      return started
    }
  }

  func finish(
    _ item: Int, _ result: Result<Output, any Error>,
    _ finish: (Int, Result<Output, any Error>) throws -> Void
  ) {
    lock.withLock {
      waiting[item] = result
      while failure == nil, let result = waiting.removeValue(forKey: finished) {
        do { try finish(finished, result) } catch { failure = error }
        finished += 1
      }
    }
  }

  func check() throws {
    if let failure = lock.withLock({ failure }) { throw failure }
  }
}

/// A thread that can be waited for.
private struct Worker {
  private let done = DispatchSemaphore(value: 0)

  /// Starts it.
  init(_ body: @escaping @Sendable () -> Void) {
    let thread = Thread { [done] in
      body()
      done.signal()
    }
    // As much as the main thread has.
    thread.stackSize = 8 << 20
    thread.start()
  }

  func wait() { done.wait() }
}
