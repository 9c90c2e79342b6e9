import Glibc
import Synchronization

/// The memory behind a tensor: aligned for vector loads, and recycled when it is large, because
/// the first touch of fresh pages costs more than many layers do.
final class TensorStorage: @unchecked Sendable {
  // Sendable: written only while uniquely referenced (see Tensor.withUnsafeMutableBuffer).
  let base: UnsafeMutablePointer<Float>
  let count: Int
  private let block: Block

  init(count: Int) {
    self.count = count
    block = BlockPool.shared.take(bytes: max(count, 1) * MemoryLayout<Float>.stride)
    base = block.address.bindMemory(to: Float.self, capacity: max(count, 1))
  }

  deinit { BlockPool.shared.put(block) }
}

/// A stretch of memory, 64-byte aligned (2 MiB where it is larger than that).
private struct Block: @unchecked Sendable {
  let address: UnsafeMutableRawPointer
  let bytes: Int
}

/// Keeps freed large blocks for the next tensor of about the same size.
private final class BlockPool: Sendable {
  static let shared = BlockPool()

  private static let smallest = 1 << 20
  private static let hugePage = 2 << 20
  private static let mostKept = 768 << 20

  private let kept = Mutex<[Block]>([])

  func take(bytes: Int) -> Block {
    guard bytes >= Self.smallest else { return Self.allocate(bytes, alignment: 64) }
    let recycled = kept.withLock { kept -> Block? in
      let fitting = kept.indices.filter { kept[$0].bytes >= bytes && kept[$0].bytes <= bytes * 2 }
      guard let best = fitting.min(by: { kept[$0].bytes < kept[$1].bytes }) else { return nil }
      return kept.remove(at: best)
    }
    return recycled ?? Self.allocate(bytes, alignment: Self.hugePage)
  }

  func put(_ block: Block) {
    guard block.bytes >= Self.smallest else { return free(block.address) }
    let surplus = kept.withLock { kept -> [Block] in
      kept.append(block)
      var surplus: [Block] = []
      while kept.reduce(0, { $0 + $1.bytes }) > Self.mostKept { surplus.append(kept.removeFirst()) }
      return surplus
    }
    for block in surplus { free(block.address) }
  }

  private static func allocate(_ bytes: Int, alignment: Int) -> Block {
    let rounded = (bytes + alignment - 1) / alignment * alignment
    var address: UnsafeMutableRawPointer?
    guard posix_memalign(&address, alignment, rounded) == 0, let address else {
      // As Swift's own allocator does: without memory there is no way on.
      preconditionFailure("out of memory: \(rounded) bytes could not be had")
    }
    if alignment == hugePage { madvise(address, rounded, MADV_HUGEPAGE) }
    return Block(address: address, bytes: rounded)
  }
}
