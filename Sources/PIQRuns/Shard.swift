/// A slice of a run's inputs, for one of several machines: the `index`-th of `count`.
///
/// The slices of one `count` have no input in common, and together all of them. Which one an input
/// belongs to depends on the bytes of its path alone: adding or removing inputs moves no others.
public struct Shard: Sendable, Hashable, CustomStringConvertible {
  /// Which slice, from 1 to `count`.
  public let index: Int
  /// How many slices there are.
  public let count: Int

  /// The `index`-th of `count` slices; nil unless 1 ≤ `index` ≤ `count`.
  public init?(index: Int, count: Int) {
    guard index >= 1, index <= count else { return nil }
    (self.index, self.count) = (index, count)
  }

  public var description: String { "\(index)/\(count)" }

  /// Whether the input at `path` belongs to the slice.
  public func contains(_ path: String) -> Bool {
    Self.hash(path) % UInt64(count) == UInt64(index - 1)
  }

  /// FNV-1a of 64 bits, whose low bits alone are poorly distributed (the lowest is the parity of
  /// those of the bytes), with the last step of SplitMix64 to spread them.
  private static func hash(_ path: String) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
    hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
    return hash ^ (hash >> 31)
  }
}
