/// Blocks that were made and not yet asked for, with silence between them.
struct BlockQueue {
  private enum Entry {
    case block(SoundBlock)
    case silence(frames: Int, channels: Int, sampleRate: Int)
  }

  private var entries: [Entry] = []
  /// The time up to the end of all that was added, in seconds.
  private(set) var time = 0.0

  var isEmpty: Bool { entries.isEmpty }

  mutating func add(_ block: SoundBlock) {
    guard !block.samples.isEmpty else { return }
    entries.append(.block(block))
    time += Double(block.frames) / Double(block.sampleRate)
  }

  /// Adds silence of any length, which takes no memory until it is asked for.
  mutating func addSilence(_ frames: Int, channels: Int, sampleRate: Int) {
    guard frames > 0 else { return }
    entries.append(.silence(frames: frames, channels: channels, sampleRate: sampleRate))
    time += Double(frames) / Double(sampleRate)
  }

  /// The next block.
  mutating func next() -> SoundBlock? {
    guard !entries.isEmpty else { return nil }
    switch entries.removeFirst() {
    case .block(let block): return block
    case .silence(let frames, let channels, let sampleRate):
      let count = min(frames, SoundBlock.mostFrames(channels: channels))
      if count < frames {
        entries.insert(
          .silence(frames: frames - count, channels: channels, sampleRate: sampleRate), at: 0)
      }
      return SoundBlock(
        samples: [Float](repeating: 0, count: count * channels), channels: channels,
        sampleRate: sampleRate)
    }
  }
}
