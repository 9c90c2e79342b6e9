import Glibc
import PIQPlatform
import Synchronization

/// The memory behind a tensor: aligned for vector loads, and recycled when large, because page
/// faults of fresh memory cost more than many layers.
final class TensorStorage: @unchecked Sendable {
  // Sendable: written only while uniquely referenced (see Tensor.withUnsafeMutableBuffer).
  let base: UnsafeMutablePointer<Float>
  let count: Int
  private let block: Block?
  /// Keeps memory that is not a block of its own; nil where it is.
  private let owner: (any AnyObject & Sendable)?

  /// Whether it may be written to.
  var isWritable: Bool { owner == nil }

  /// Whether the memory is the system's, which is zero and takes no room until it is used.
  let isFresh: Bool

  init(count: Int) {
    self.count = count
    let (block, isFresh) = BlockPool.shared.take(bytes: max(count, 1) * MemoryLayout<Float>.stride)
    base = block.address.bindMemory(to: Float.self, capacity: max(count, 1))
    (self.block, self.isFresh, owner) = (block, isFresh, nil)
  }

  /// Memory that `owner` keeps, to be read only.
  init(_ elements: UnsafeBufferPointer<Float>, of owner: any AnyObject & Sendable) {
    base = UnsafeMutablePointer(mutating: elements.baseAddress!)
    (count, self.owner, block, isFresh) = (elements.count, owner, nil, false)
  }

  deinit {
    if let block { BlockPool.shared.put(block) }
  }
}

extension Tensor {
  /// Returns memory that is kept for tensors to come to the system.
  package static func releaseUnusedMemory() { BlockPool.shared.trim() }
}

/// A memory block, aligned to 64 bytes (to 2 MiB if larger than 1 MiB).
private struct Block: @unchecked Sendable {
  let address: UnsafeMutableRawPointer
  let bytes: Int
}

/// Keeps freed large blocks for the next tensor of about the same size.
///
/// Cached and used memory together are at most the peak use and a little more: a training, whose
/// steps are alike, reuses all of it, and nothing takes more than it needs anyway.
private final class BlockPool: Sendable {
  static let shared = BlockPool()

  private static let smallest = 1 << 20
  private static let page = 4096
  private static let hugePage = 2 << 20
  /// The memory cached beyond the peak, because not every block fits the next request: none in an
  /// interpretation, which is to stay small, and an eighth in a training, which repeats itself.
  private static func slack(_ peak: Int) -> Int { peak < 1 << 30 ? 0 : peak / 8 }

  private struct State: Sendable {
    var kept: [Block] = []
    var keptBytes = 0
    var usedBytes = 0
    var peak = 0

    mutating func use(_ bytes: Int) {
      usedBytes += bytes
      peak = max(peak, usedBytes)
    }

    /// Removes the oldest blocks above the limit.
    mutating func surplus() -> [Block] {
      var count = 0
      while count < kept.count, keptBytes + usedBytes > peak + slack(peak) {
        keptBytes -= kept[count].bytes
        count += 1
      }
      guard count > 0 else { return [] }
      defer { kept.removeFirst(count) }
      return Array(kept.prefix(count))
    }
  }

  private let state = Mutex(State())

  func take(bytes: Int) -> (block: Block, isFresh: Bool) {
    guard bytes >= Self.smallest else { return (Self.allocate(bytes), false) }
    let (recycled, surplus) = state.withLock { state -> (Block?, [Block]) in
      let fitting = state.kept.indices.filter {
        state.kept[$0].bytes >= bytes && state.kept[$0].bytes <= bytes * 2
      }
      guard let best = fitting.min(by: { state.kept[$0].bytes < state.kept[$1].bytes }) else {
        state.use(Self.rounded(bytes, to: Self.page))
        return (nil, state.surplus())
      }
      let block = state.kept.remove(at: best)
      state.keptBytes -= block.bytes
      state.use(block.bytes)
      return (block, [])
    }
    for block in surplus { munmap(block.address, block.bytes) }
    return recycled.map { ($0, false) } ?? (Self.map(bytes), true)
  }

  func put(_ block: Block) {
    guard block.bytes >= Self.smallest else { return free(block.address) }
    let surplus = state.withLock { state -> [Block] in
      state.kept.append(block)
      state.keptBytes += block.bytes
      state.usedBytes -= block.bytes
      return state.surplus()
    }
    for block in surplus { munmap(block.address, block.bytes) }
  }

  /// Drops what is kept, and forgets how much there was at most.
  func trim() {
    let dropped = state.withLock { state in
      let dropped = state.kept
      (state.kept, state.keptBytes, state.peak) = ([], 0, state.usedBytes)
      return dropped
    }
    for block in dropped { munmap(block.address, block.bytes) }
  }

  private static func rounded(_ bytes: Int, to alignment: Int) -> Int {
    (bytes + alignment - 1) / alignment * alignment
  }

  /// Memory that begins with a huge page, directly from the system: malloc would raise its
  /// threshold and keep large blocks in a fragmented heap.
  private static func map(_ bytes: Int) -> Block {
    let rounded = rounded(bytes, to: page)
    let mapped = mmap(
      nil, rounded + hugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapped, mapped != MAP_FAILED else { outOfMemory(rounded) }
    let before = (hugePage - Int(bitPattern: mapped) % hugePage) % hugePage
    let address = mapped + before
    if before > 0 { munmap(mapped, before) }
    if before < hugePage { munmap(address + rounded, hugePage - before) }
    madvise(address, rounded, MADV_HUGEPAGE)
    return Block(address: address, bytes: rounded)
  }

  private static func allocate(_ bytes: Int) -> Block {
    var address: UnsafeMutableRawPointer?
    guard posix_memalign(&address, 64, bytes) == 0, let address else { outOfMemory(bytes) }
    return Block(address: address, bytes: bytes)
  }

  private static func outOfMemory(_ bytes: Int) -> Never {
    Memory.outOfMemory(bytes)
    // As Swift's own allocator does when memory runs out.
    preconditionFailure("out of memory: \(bytes) bytes could not be had")
  }
}
