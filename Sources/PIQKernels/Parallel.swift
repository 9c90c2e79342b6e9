import Dispatch
import PIQOneDNN
import PIQPlatform
import PIQTensor
import Synchronization

/// The most blocks that rows are divided into, for any number of cores: sums by block do not depend
/// on the machine.
private let maximumBlocks = 64
private let minimumRows = 16

/// Calls `body` with the blocks that make up `0..<rows`, on all threads.
package func inParallel(rows: Int, _ body: (Range<Int>) -> Void) {
  perform(rows: rows) { _, range in body(range) }
}

/// Sums `count` numbers over all rows in double precision: `body` adds those of its rows to zeros,
/// and the blocks' sums are added in their order.
package func sumInParallel(
  rows: Int, count: Int, _ body: (Range<Int>, UnsafeMutablePointer<Double>) -> Void
) -> [Double] {
  let blocks = blockCount(rows)
  let partial = UnsafeMutablePointer<Double>.allocate(capacity: blocks * count)
  defer { partial.deallocate() }
  partial.initialize(repeating: 0, count: blocks * count)
  perform(rows: rows) { block, range in body(range, partial + block * count) }
  return (0..<count).map { i in
    (0..<blocks).reduce(0) { $0 + partial[$1 * count + i] }
  }
}

private func blockCount(_ rows: Int) -> Int { min(maximumBlocks, max(1, rows / minimumRows)) }

private func perform(rows: Int, _ body: (_ block: Int, Range<Int>) -> Void) {
  let blocks = blockCount(rows)
  onWorkers(upTo: blocks) { worker, workers in
    // Blocks do not depend on their worker, so that the division need not be even.
    for block in worker * blocks / workers..<(worker + 1) * blocks / workers {
      body(block, block * rows / blocks..<(block + 1) * rows / blocks)
    }
  }
}

/// Calls `body` on as many threads as the caller may use, but at most `most`.
private func onWorkers(upTo most: Int, _ body: (_ worker: Int, _ workers: Int) -> Void) {
  let workers = min(Threads.current, most)
  guard workers > 1 else { return body(0, 1) }
  withoutActuallyEscaping(body) { body in
    // Workers write to disjoint memory.
    nonisolated(unsafe) let body = body
    DispatchQueue.concurrentPerform(iterations: workers) { body($0, workers) }
  }
}

/// How many workers `parallelFor` has.
var workerCount: Int { min(Threads.current, maximumWorkers) }
private let maximumWorkers = 64

/// How blocks are assigned to workers.
enum Schedule {
  /// Each idle worker takes the next block.
  case dynamic
  /// Worker w has the blocks w, w + `workerCount` and so on, regardless of speed: its sums are the
  /// same in every run.
  case fixed
}

/// Calls `body` with every block and the number of the worker that does it, on all
/// threads, with oneDNN confined to each of them.
func parallelFor(
  blocks: Int, _ schedule: Schedule = .dynamic,
  _ body: (_ block: Int, _ worker: Int) throws(OneDNNError) -> Void
) throws(OneDNNError) {
  let failure = Mutex<OneDNNError?>(nil)
  let next = Atomic(0)
  onWorkers(upTo: min(blocks, workerCount)) { worker, workers in
    Threads.with(1) {
      do throws(OneDNNError) {
        switch schedule {
        case .fixed:
          for block in stride(from: worker, to: blocks, by: workers) { try body(block, worker) }
        case .dynamic:
          while true {
            let block = next.add(1, ordering: .relaxed).oldValue
            guard block < blocks else { break }
            try body(block, worker)
          }
        }
      } catch {
        failure.withLock { $0 = error }
      }
    }
  }
  if let error = failure.withLock({ $0 }) { throw error }
}

/// Memory for each worker of `parallelFor`, of `count` operands.
struct WorkerBuffers<F: Operand>: @unchecked Sendable {
  // Sendable: each worker has a buffer of its own.
  private let memory: [Tensor]
  private let pointers: [UnsafeMutablePointer<F>]

  init(count: Int) {
    var memory = (0..<workerCount).map { _ in F.buffer(count) }
    pointers = memory.indices.map { memory[$0].operands(of: F.self) }
    self.memory = memory
  }

  /// The memory of one worker, valid as long as these buffers.
  subscript(worker: Int) -> UnsafeMutablePointer<F> { pointers[worker] }

  /// Calls `body`, and keeps the memory until it returns.
  func using<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withExtendedLifetime(memory, body)
  }
}
