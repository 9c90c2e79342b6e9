import PIQAudioIO
import PIQPlatform

/// A recording that is read block by block at the model's rate.
final class RecordingSource {
  let reader: SoundFileReader
  /// What was read before it was known how long the recording is.
  private var head: ArraySlice<Float>
  private var stream: ResamplerStream
  private let blockFrames: Int
  private var hasEnded = false

  /// - Parameters:
  ///   - head: what was read of `reader` already.
  ///   - resampler: from the reader's rate to the model's, in hertz.
  init(_ reader: SoundFileReader, head: [Float], _ resampler: Resampler, rate: Int) {
    self.reader = reader
    self.head = head[...]
    stream = ResamplerStream(resampler)
    // A low rate may grow a thousandfold.
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
      // Gives back what a slice would keep.
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

/// Checks that samples can be computed with.
///
/// - Throws: `Failure` when one is too loud.
func checkLevel(of samples: [Float], path: String) throws(Failure) {
  // Squares of larger ones overflow, and the network would take what is left for a clip.
  if samples.contains(where: { $0.magnitude > 1e15 }) {
    throw Failure(
      .clipTooLoud, path: path, problem: "is too loud to compute with",
      remedy: "scale it to full scale, ±1")
  }
}
