import Foundation

/// Runs work on several threads, and passes on the results one by one in the order of the items.
public struct OrderedWork: Sendable {
  /// The number of items in process at a time.
  public let jobs: Int
  /// How many threads each of them uses.
  public let threads: Int

  /// Divides cores among items: as many items at a time as there are cores, with one thread each;
  /// where they are fewer, each uses several.
  ///
  /// - Parameters:
  ///   - count: the number of items.
  ///   - jobs, threads: what the user wants; nil for what suits the machine. There are fewer where
  ///     not as many threads can be started.
  ///   - cores: the number of cores.
  public init(_ count: Int, jobs: Int? = nil, threads: Int? = nil, cores: Int = Threads.available) {
    let jobs = jobs ?? max(1, cores / (threads ?? 1))
    self.jobs = max(1, min(jobs, count, Threads.maximum))
    self.threads = min(threads ?? max(1, cores / self.jobs), max(1, Threads.maximum / self.jobs))
  }

  /// Does the work, and returns when all of it is done.
  ///
  /// - Parameters:
  ///   - count: the number of items.
  ///   - begin: called when the work on an item begins.
  ///   - work: done by any thread.
  ///   - finish: called with the result for each item, in their order. If it throws, no further
  ///     work begins. It and `begin` are called by one thread at a time.
  /// - Throws: what `finish` throws.
  public func run<Output: Sendable>(
    _ count: Int, begin: @escaping (Int) -> Void, work: @escaping @Sendable (Int) throws -> Output,
    finish: @escaping (Int, Result<Output, any Error>) throws -> Void
  ) throws {
    // Called by one thread at a time.
    nonisolated(unsafe) let begin = begin
    var started = 0
    let next = { () -> Int? in
      guard started < count else { return nil }
      defer { started += 1 }
      begin(started)
      return started
    }
    try run(ahead: .max, next: next, work: work, finish: finish)
  }

  /// Processes any number of items that arrive one by one: no more than `ahead` of them are in
  /// memory.
  ///
  /// - Parameters:
  ///   - ahead: the most items in process or waiting for earlier ones; at least one per job.
  ///   - next: the next item, or nil at the end.
  ///   - work: done by any thread.
  ///   - finish: called with each item and its result, in their order. If it throws, no further
  ///     work begins. It and `next` are called by one thread at a time.
  /// - Throws: what `next` and `finish` throw.
  public func run<Item: Sendable, Output: Sendable>(
    ahead: Int, next: @escaping () throws -> Item?,
    work: @escaping @Sendable (Item) throws -> Output,
    finish: @escaping (Item, Result<Output, any Error>) throws -> Void
  ) throws {
    let state = State<Item, Output>(ahead: max(ahead, jobs))
    // Called under the state's lock.
    nonisolated(unsafe) let (next, finish) = (next, finish)
    let body = { @Sendable [threads] in
      Threads.with(threads) {
        while let (index, item) = state.next(next) {
          let result = Result { try work(item) }
          state.finish(index, item, result, finish)
        }
      }
    }
    // Separate threads: the pool's are for the work itself. Where no more can be started, the
    // existing ones do the work.
    var workers: [Worker] = []
    while workers.count < jobs - 1, let worker = Worker(body) {
      workers.append(worker)
    }
    body()
    for worker in workers { worker.wait() }
    try state.check()
  }
}

/// The state shared by workers.
private final class State<Item: Sendable, Output: Sendable>: @unchecked Sendable {
  // Sendable: what changes is behind the lock.
  private let condition = NSCondition()
  private let ahead: Int
  private var started = 0
  private var finished = 0
  private var isAtEnd = false
  private var waiting: [Int: (item: Item, result: Result<Output, any Error>)] = [:]
  private var failure: (any Error)?

  init(ahead: Int) { self.ahead = ahead }

  /// The next item, once the queue allows it. The first unfinished item is always in progress.
  func next(_ next: () throws -> Item?) -> (index: Int, item: Item)? {
    condition.lock()
    defer { condition.unlock() }
    while failure == nil, !isAtEnd, started - finished >= ahead { condition.wait() }
    guard failure == nil, !isAtEnd else { return nil }
    do {
      if let item = try next() {
        defer { started += 1 }
        return (started, item)
      }
      isAtEnd = true
    } catch {
      failure = error
    }
    condition.broadcast()
    return nil
  }

  func finish(
    _ index: Int, _ item: Item, _ result: Result<Output, any Error>,
    _ finish: (Item, Result<Output, any Error>) throws -> Void
  ) {
    condition.lock()
    defer { condition.unlock() }
    waiting[index] = (item, result)
    while failure == nil, let (item, result) = waiting.removeValue(forKey: finished) {
      do { try finish(item, result) } catch { failure = error }
      finished += 1
    }
    condition.broadcast()
  }

  func check() throws {
    condition.lock()
    defer { condition.unlock() }
    if let failure { throw failure }
  }
}

/// A thread that can be waited for.
private struct Worker {
  private let thread: pthread_t

  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Starts it; nil where the system has none left, which Foundation's `Thread` does not report.
  init?(_ run: @escaping @Sendable () -> Void) {
    let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
    pthread_attr_init(attributes)
    defer {
      pthread_attr_destroy(attributes)
      attributes.deallocate()
    }
    // As much as the main thread has.
    pthread_attr_setstacksize(attributes, 8 << 20)
    let body = Unmanaged.passRetained(Body(run))
    var thread = pthread_t()
    let code = pthread_create(
      &thread, attributes,
      { body in
        if let body { Unmanaged<Body>.fromOpaque(body).takeRetainedValue().run() }
        return nil
      }, body.toOpaque())
    guard code == 0 else {
      body.release()
      return nil
    }
    self.thread = thread
  }

  func wait() { pthread_join(thread, nil) }
}
