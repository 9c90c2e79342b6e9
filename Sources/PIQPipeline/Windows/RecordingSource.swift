import PIQAudio

/// A recording that is read block by block at the model's rate.
final class RecordingSource {
  let reader: SoundFileReader
  /// The samples read before the length of the recording was known.
  private var head: ArraySlice<Float>
  private var stream: ResamplerStream
  private let blockFrames: Int
  private var hasEnded = false

  /// - Parameters:
  ///   - head: the samples already read from `reader`.
  ///   - rate: the model's, in hertz.
  init(_ reader: SoundFileReader, head: [Float], rate: Int) {
    self.reader = reader
    self.head = head[...]
    stream = ResamplerStream(.cached(from: reader.sampleRate, to: rate))
    // Resampling from a low rate may multiply the samples a thousandfold.
    let frames = (Double(1 << 16) * Double(reader.sampleRate) / Double(rate)).rounded(.up)
    blockFrames = max(1, min(1 << 16, Int(min(frames, 1e9))))
  }

  /// The next samples, or nil at the end.
  ///
  /// - Throws: `SoundFileError`, `Failure`.
  func next(naming path: String) throws -> [Float]? {
    if !head.isEmpty {
      let block = Array(head.prefix(blockFrames))
      head = head.dropFirst(block.count)
      // Frees the memory that a slice would keep.
      if head.isEmpty { head = [] }
      return stream.resample(block)
    }
    if hasEnded { return nil }
    if reader.isAtEnd {
      hasEnded = true
      return stream.finish()
    }
    let block = try reader.read(upTo: blockFrames)
    try checkLevel(of: block, path: path)
    return stream.resample(block)
  }
}
