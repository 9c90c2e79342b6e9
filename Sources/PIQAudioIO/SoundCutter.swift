import PIQPlatform

/// Cuts pieces out of a sound file, at its own rate and with its own channels.
///
/// The file is read once, block by block, however long it is and however pieces overlap. Samples stay
/// as they are: integers of 16 or 24 bits keep their encoding, others become floating point.
public enum SoundCutter {
  /// A piece of a sound, and the WAV file for it.
  public struct Piece: Sendable {
    /// Where it begins and ends, in seconds; one that ends after the sound ends with it.
    public let start, end: Double
    /// The path of its file.
    public let path: String

    /// A piece from `start` to `end` seconds, written to `path`.
    public init(start: Double, end: Double, path: String) {
      (self.start, self.end, self.path) = (start, end, path)
    }
  }

  /// A piece whose file was begun.
  private struct Cut {
    let frames: Range<Int>
    let writer: SoundFileWriter
  }

  /// The bytes of sound that certainly fit in a WAV file.
  private static let mostOfWAV = 4e9

  /// Writes pieces of the file at `path`, each whole or not at all.
  ///
  /// - Parameters:
  ///   - pieces: in the order of their starts; their folders are there.
  ///   - channel: the channel to take, from 1; all of them if nil.
  /// - Throws: `SoundFileError`, also for a file whose parts differ in rate or channels; `Failure`.
  public static func cut(_ pieces: [Piece], from path: String, channel: Int? = nil) throws {
    let bytes = try FileBytes.reading(path: path, name: path)
    let source = try SoundSources.open(bytes, name: path)
    var layout: (rate: Int, channels: Int)?
    var rest = pieces[...]
    var cuts: [Cut] = []
    var place = 0
    while !rest.isEmpty || !cuts.isEmpty, let block = try source.next() {
      let (rate, channels) = layout ?? (block.sampleRate, block.channels)
      layout = (rate, channels)
      guard block.sampleRate == rate, block.channels == channels else {
        throw SoundFileError(path: path, problem: .changesFormat)
      }
      let samples = try block.samples(of: channel, path: path)
      let width = channel == nil ? channels : 1
      let range = place..<place + block.frames
      while let piece = rest.first, frame(at: piece.start, rate) < range.upperBound {
        rest = rest.dropFirst()
        cuts.append(try begin(piece, source.encoding ?? .float32, rate, channels: width))
      }
      for cut in cuts {
        let part = cut.frames.clamped(to: range)
        let (first, last) = (part.lowerBound - place, part.upperBound - place)
        try cut.writer.write(Array(samples[first * width..<last * width]))
      }
      for cut in cuts where cut.frames.upperBound <= range.upperBound {
        try cut.writer.putInPlace()
      }
      cuts.removeAll { $0.frames.upperBound <= range.upperBound }
      place = range.upperBound
    }
    guard bytes.failure == 0 else {
      throw SoundFileError.system(path: path, action: "read it", errno: bytes.failure)
    }
    // Those that the sound ends before.
    for cut in cuts { try cut.writer.putInPlace() }
  }

  private static func begin(
    _ piece: Piece, _ encoding: SampleEncoding, _ rate: Int, channels: Int
  ) throws -> Cut {
    let start = frame(at: piece.start, rate)
    let frames = start..<max(start + 1, frame(at: piece.end, rate))
    let bytes = Double(frames.count) * Double(channels * encoding.bits / 8)
    let writer = try SoundFileWriter(
      path: piece.path, sampleRate: rate, channels: channels, as: SoundFileFormat(.wav, encoding),
      growsToRF64: bytes > mostOfWAV)
    return Cut(frames: frames, writer: writer)
  }

  /// The frame nearest to a time in seconds.
  private static func frame(at seconds: Double, _ rate: Int) -> Int {
    Int(min((seconds * Double(rate)).rounded(), 1e15))
  }
}
