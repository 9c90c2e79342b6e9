/// FLAC, with silence in place of frames that are missing or damaged.
final class FLACSource: SoundSource {
  let formatName: String
  let declaredFrames: Int?
  let encoding: SampleEncoding?
  private(set) var remarks = SoundRemarks()

  private let decoder: FLACDecoder
  private let bytes: FileBytes
  /// A decoded frame that waits for what is before it.
  private var waiting: FLACDecoder.Frame?
  private var queue = BlockQueue()
  /// The number of the next sample in the stream.
  private var position = 0
  /// How far the numbers of the stream are ahead: it may be cut at its beginning, and joined files
  /// begin anew.
  private var origin: Int?
  private var isAtEnd = false

  /// A longer hole is one of the numbers, not of the sound; in seconds.
  private static let (longestHole, longestFirstHole) = (3600, 60)
  /// The most bytes behind the last frame that are not taken for lost sound.
  private static let mostBehind = 4096

  /// Opens a FLAC file; nil for a file of another kind.
  ///
  /// - Throws: `SoundFileError` where it has no frame that can be decoded.
  static func open(_ bytes: FileBytes, name: String) throws(SoundFileError) -> FLACSource? {
    guard bytes.bytes(at: 0, count: 4).elementsEqual("fLaC".utf8) else { return nil }
    let sound = bytes.part(0..<Tags.endOfSound(in: bytes, removingZeros: true))
    guard let decoder = FLACDecoder(sound) else {
      throw SoundFileError(path: name, problem: .unsupported("libFLAC has too little memory"))
    }
    let first = decoder.next()
    guard let info = decoder.info else {
      throw SoundFileError(path: name, problem: .malformed("its first block is missing"))
    }
    guard info.sampleRate > 0 else { throw SoundFileError(path: name, problem: .noSampleRate) }
    return FLACSource(decoder, info, first, sound)
  }

  private init(
    _ decoder: FLACDecoder, _ info: FLACDecoder.StreamInfo, _ first: FLACDecoder.Frame?,
    _ bytes: FileBytes
  ) {
    self.decoder = decoder
    self.bytes = bytes
    formatName = "FLAC (Free Lossless Audio Codec), \(info.bits) bit"
    declaredFrames = info.frames
    encoding = info.bits == 16 ? .pcm16 : info.bits == 24 ? .pcm24 : nil
    waiting = first
  }

  func next() throws(SoundFileError) -> SoundBlock? {
    while queue.isEmpty, !isAtEnd {
      if let frame = waiting ?? decoder.next() {
        waiting = nil
        take(frame)
      } else {
        finish()
      }
    }
    return queue.next()
  }

  private func take(_ frame: FLACDecoder.Frame) {
    let (block, rate) = (frame.block, frame.block.sampleRate)
    if origin == nil {
      let isHole = frame.followsError && frame.position <= Self.longestFirstHole * rate
      origin = isHole || frame.isDamaged ? 0 : frame.position
    }
    let gap = frame.position - (origin ?? 0) - position
    if frame.isDamaged {
      // Its number may be as wrong as the rest, which libFLAC makes silent.
      guard gap == 0 else { return }
      remarks.addHole(at: queue.time, length: Double(block.frames) / Double(rate))
    } else if gap > Self.longestHole * rate {
      remarks.addLoss(at: queue.time)
      origin = frame.position - position
    } else if gap > 0 {
      remarks.addHole(at: queue.time, length: Double(gap) / Double(rate))
      queue.addSilence(gap, channels: block.channels, sampleRate: rate)
      position += gap
    } else if gap < 0 {
      origin = frame.position - position
    }
    queue.add(block)
    position += block.frames
  }

  private func finish() {
    isAtEnd = true
    if let declaredFrames, position < declaredFrames, let rate = decoder.info?.sampleRate {
      remarks.endsEarly = true
      remarks.promised = Double(declaredFrames) / Double(rate)
    } else if declaredFrames == nil {
      let end = decoder.end
      let head = bytes.bytes(at: end, count: 2)
      let isFrame = head.count == 2 && head[0] == 0xFF && head[1] & 0xFE == 0xF8
      remarks.endsEarly = isFrame || bytes.count - end > Self.mostBehind
    }
  }
}
