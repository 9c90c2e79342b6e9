import PIQPipeline
import PIQRuns
import Testing

@Suite struct ShardTests {
  private static func shards(_ count: Int) -> [Shard] {
    (1...count).compactMap { Shard(index: $0, count: count) }
  }

  /// Names as people and programs give them: numbers, even numbers, the same number twice.
  static let naming: [@Sendable (Int) -> String] = [
    { "recordings/clip-\($0).wav" }, { "\(2 * $0).flac" }, { "\($0)/\($0).wav" },
    { String(repeating: "a", count: $0 % 400) + "ü日/\($0 / 400)\n.ogg" },
  ]

  @Test(arguments: [1, 2, 3, 7, 10, 64], naming.indices)
  func eachInputIsInOneSlice(count: Int, naming: Int) {
    let paths = (0..<4000).map(Self.naming[naming])
    let shards = Self.shards(count)
    #expect(shards.count == count)
    var sizes = [Int](repeating: 0, count: count)
    for path in paths {
      let owners = shards.filter { $0.contains(path) }
      #expect(owners.count == 1, "\(path)")
      if let owner = owners.first { sizes[owner.index - 1] += 1 }
    }
    // Six standard deviations of a fair lottery.
    let mean = Double(paths.count) / Double(count)
    for size in sizes { #expect(abs(Double(size) - mean) <= 6 * mean.squareRoot(), "\(sizes)") }
  }

  /// Written down: a run that goes on with another version must find the same slices.
  @Test(arguments: [
    ("Fixtures/clips/baby_cry.flac", 1, 954), ("Fixtures/clips/clock_tick.wav", 2, 950),
    ("Fixtures/clips/dog_bark.flac", 1, 69), ("Fixtures/clips/helicopter.ogg", 2, 210),
    ("Fixtures/clips/rooster.ogg", 3, 330), ("-", 2, 549), ("日本.flac", 1, 611),
  ])
  func slicesStayTheSame(path: String, of3: Int, of1000: Int) {
    #expect(Self.shards(3).first { $0.contains(path) }?.index == of3)
    #expect(Self.shards(1000).first { $0.contains(path) }?.index == of1000)
  }

  @Test func numbersOutOfRange() {
    for (index, count) in [(0, 3), (4, 3), (1, 0), (0, 0), (-1, 3), (1, -1)] {
      #expect(Shard(index: index, count: count) == nil)
    }
    #expect(Shard(index: .max, count: .max)?.contains("a.wav") == false)
    #expect(Shard(index: 2, count: 3)?.description == "2/3")
  }
}
