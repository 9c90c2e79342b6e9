import Foundation
import PIQPipeline
import PIQPlatform
import Synchronization
import Testing

/// Windows that slide over a recording, and their cross-fades.
@Suite struct SlidingWindowsTests {
  /// Lengths of recordings in windows of (length, overlap).
  static let cases: [(Int, Int, Int)] = [
    (10, 5, 1), (10, 5, 9), (10, 5, 10), (10, 5, 11), (10, 5, 14), (10, 5, 15), (10, 5, 16),
    (10, 4, 100), (10, 3, 47), (10, 1, 99), (10, 0, 30), (10, 0, 31), (10, 0, 39), (1, 0, 5),
    (160, 80, 4001), (161, 80, 4001), (161, 79, 4000),
  ]

  /// Takes `samples` through windows, in blocks of seven.
  private func pass(
    _ windows: SlidingWindows, _ samples: [Float], jobs: Int = 1,
    explain: @escaping @Sendable (SampleWindow) -> [Float] = { $0.samples }
  ) throws -> (sound: [Float], windows: [SampleWindow]) {
    var rest = samples[...]
    var (sound, seen): ([Float], [SampleWindow]) = ([], [])
    var crossFade = CrossFade(windows)
    try WindowPass(windows, jobs: jobs).run {
      guard !rest.isEmpty else { return nil }
      defer { rest = rest.dropFirst(7) }
      return Array(rest.prefix(7))
    } work: { window in
      (explain(window), window)
    } write: { window, result in
      let (joined, same) = (crossFade.join(result.0, of: window), result.1)
      #expect(window.index == same.index && window.coreStart == sound.count)
      sound += joined
      seen.append(window)
    }
    return (sound, seen)
  }

  @Test(arguments: cases) func windowsCoverTheRecording(length: Int, overlap: Int, count: Int)
    throws
  {
    let samples = noise(count)
    let windows = try pass(SlidingWindows(length: length, overlap: overlap), samples).windows
    #expect(windows.map(\.index) == Array(windows.indices))
    #expect(windows.map(\.isLast) == windows.indices.map { $0 == windows.count - 1 })
    for window in windows {
      #expect(window.samples.count == min(length, count))
      #expect(window.samples == Array(samples[window.start..<window.end]))
      #expect(window.coreStart == window.index * (length - overlap))
      #expect(window.isLast ? window.end == count : window.start == window.coreStart)
    }
    let expected =
      count <= length ? 1 : (count - overlap + length - overlap - 1) / (length - overlap)
    #expect(windows.count == expected)
  }

  /// The weight of a window at each sample is what comes out when its sound is 1 and that of all
  /// others 0.
  @Test(arguments: cases) func weightsAddUpToExactlyOne(length: Int, overlap: Int, count: Int)
    throws
  {
    let windows = SlidingWindows(length: length, overlap: overlap)
    let all = try pass(windows, noise(count)).windows.count
    var sums = [Float](repeating: 0, count: count)
    for one in 0..<all {
      let weights = try pass(windows, noise(count)) { window in
        window.samples.map { _ in window.index == one ? 1 : 0 }
      }.sound
      #expect(weights.allSatisfy { (0...1).contains($0) })
      for i in sums.indices { sums[i] += weights[i] }
    }
    #expect(sums == [Float](repeating: 1, count: count))
  }

  /// A mask of ones gives the recording back, to the last bit.
  @Test(arguments: cases) func whatKeepsAllKeepsTheRecording(length: Int, overlap: Int, count: Int)
    throws
  {
    let samples = noise(count)
    #expect(try pass(SlidingWindows(length: length, overlap: overlap), samples).sound == samples)
  }

  /// Where windows differ by as much as they can, a sample differs from the next by no more than
  /// the steepest place of the fade.
  @Test func noClickAtTheSeams() throws {
    let windows = SlidingWindows(length: 1600, overlap: 800)
    let sound = try pass(windows, noise(20_000)) { window in
      window.samples.map { _ in window.index.isMultiple(of: 2) ? 1 : -1 }
    }.sound
    let steepest = zip(sound, sound.dropFirst()).map { abs($1 - $0) }.max() ?? 1
    #expect(steepest <= 2 * .pi / 2 / 800 * 1.01)
    #expect(sound.max() == 1 && sound.min() == -1)
  }

  /// The end of a recording is not heard in a stump of a window, and what the last window shares
  /// with more than one other is left to those.
  @Test func lastWindowIsWholeAndMovedBack() throws {
    let windows = SlidingWindows(length: 10, overlap: 4)
    let (sound, seen) = try pass(windows, noise(23)) { window in
      window.samples.map { _ in Float(window.index) }
    }
    #expect(seen.map(\.start) == [0, 6, 12, 13])
    #expect(seen.last?.coreStart == 18)
    #expect(sound[16..<18].allSatisfy { $0 == 2 } && sound[22] == 3)
  }

  @Test func jobsDoNotChangeTheResult() throws {
    let windows = SlidingWindows(length: 160, overlap: 77)
    let explain = { @Sendable (window: SampleWindow) in
      window.samples.map { $0 * Float(window.index % 5) }
    }
    let expected = try pass(windows, noise(9999), explain: explain).sound
    for jobs in [2, 5] {
      #expect(try pass(windows, noise(9999), jobs: jobs, explain: explain).sound == expected)
    }
  }

  /// However slow a window is, few are read before it is done.
  @Test func fewWindowsAreInMemory() throws {
    let read = Atomic(0)
    let written = Atomic(0)
    let most = Atomic(0)
    try WindowPass(SlidingWindows(length: 10, overlap: 0), jobs: 2).run {
      let count = read.add(1, ordering: .relaxed).newValue
      most.max(count - written.load(ordering: .relaxed), ordering: .relaxed)
      return count <= 500 ? noise(10) : nil
    } work: { window in
      if window.index % 50 == 3 { usleep(20_000) }
    } write: { _, _ in
      written.add(1, ordering: .relaxed)
    }
    let (all, largest) = (written.load(ordering: .relaxed), most.load(ordering: .relaxed))
    #expect(all == 500)
    #expect(largest <= 8)
  }

  @Test func errorsEndThePass() {
    struct Failure: Error {}
    let windows = SlidingWindows(length: 10, overlap: 0)
    #expect(throws: Failure.self) {
      try WindowPass(windows, jobs: 2).run {
        throw Failure()
      } work: { _ in
      } write: { _, _ in
      }
    }
    #expect(throws: Failure.self) {
      try WindowPass(windows, jobs: 2).run {
        noise(10)
      } work: { window in
        if window.index == 7 { throw Failure() }
      } write: { window, _ in
        #expect(window.index < 7)
      }
    }
  }
}

/// Noise that is the same in every run.
private func noise(_ count: Int) -> [Float] { sound(count) }
