import Dispatch

/// Rows are handed out in at most so many blocks, however many cores there are: what is summed
/// block by block does not depend on the machine.
private let mostBlocks = 64
private let leastRows = 16

/// Calls `body` with the blocks that make up `0..<rows`, on all cores.
func inParallel(rows: Int, _ body: (Range<Int>) -> Void) {
  perform(rows: rows) { _, range in body(range) }
}

/// Sums `count` numbers over all rows in double precision: `body` adds those of its rows to zeros,
/// and the blocks' sums are added in their order.
func sumInParallel(
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

private func blockCount(_ rows: Int) -> Int { min(mostBlocks, max(1, rows / leastRows)) }

private func perform(rows: Int, _ body: (_ block: Int, Range<Int>) -> Void) {
  let blocks = blockCount(rows)
  withoutActuallyEscaping(body) { body in
    // The blocks share nothing that is written.
    nonisolated(unsafe) let body = body
    DispatchQueue.concurrentPerform(iterations: blocks) { block in
      body(block, block * rows / blocks..<(block + 1) * rows / blocks)
    }
  }
}
