/// MP3, MP2 and MP1, also within WAV: every frame of the file is decoded, to its end.
///
/// Each frame lasts as long as its header says, so that time does not depend on what can be decoded.
final class MPEGSource: SoundSource {
  let formatName: String
  let declaredFrames: Int?
  private(set) var remarks = SoundRemarks()

  private let name: String
  private var scanner: MPEGScanner
  private var part: Part
  private var queue = BlockQueue()
  private var isAtEnd = false

  /// Frames of one kind that follow each other: a file that others were joined to has several.
  private struct Part {
    let header: MPEGFrameHeader
    let tag: MPEGInfoTag?
    var decoder: MPEGDecoder
    /// How many frames there were.
    var frames = 0
    var sizes = MPEGFrameSizes()
    /// The bytes that the decoder was given since it began anew.
    var fed = 0
    /// Whether the frame with the tag was there.
    var hasTag = false
    /// How many samples of each channel are still to be left out at the beginning.
    var skip: Int
    /// Decoded samples; the last of them may be what the encoder added.
    var samples: [Float] = []
    var hasLookedAhead = false
    /// The most frames for which a hole is filled.
    var longestHole: Int { 3600 * header.sampleRate / header.frames }
  }

  /// Opens MPEG audio that begins within `limit` bytes; nil where there is none.
  static func open(
    _ bytes: FileBytes, name: String, within limit: Int = 0
  ) throws(SoundFileError) -> MPEGSource? {
    let isWAV = WAVEncoding.isMPEG(bytes)
    let unfinished = isWAV ? UnfinishedHeader.find(in: bytes) : nil
    let stream = isWAV ? stream(inWAV: bytes, toItsEnd: unfinished != nil) ?? bytes : bytes
    var scanner = MPEGScanner(stream)
    guard scanner.begins(within: limit) else { return nil }
    while let item = scanner.next() {
      guard case .frame(let header, let frame) = item else { continue }
      let source = try MPEGSource(scanner, header, frame, stream, name: name)
      source.remarks.isUnfinished = unfinished?.isWorthAWarning ?? false
      return source
    }
    return nil
  }

  /// The MPEG audio in a WAV; nil if it has none.
  ///
  /// - Parameter toItsEnd: whether all that follows is sound, whatever the header says.
  private static func stream(inWAV bytes: FileBytes, toItsEnd: Bool) -> FileBytes? {
    guard let data = Chunks(bytes, from: 12, .little).first(where: { $0.name == "data" }),
      data.start < bytes.count
    else { return nil }
    let end = toItsEnd ? bytes.count : min(bytes.count, data.start + data.size)
    return bytes.part(data.start..<end)
  }

  private init(
    _ scanner: MPEGScanner, _ header: MPEGFrameHeader, _ frame: ArraySlice<UInt8>,
    _ stream: FileBytes, name: String
  ) throws(SoundFileError) {
    self.name = name
    self.scanner = scanner
    formatName = "MPEG audio, layer " + String(repeating: "I", count: header.layer)
    part = try Self.part(header, frame, name: name)
    if let tag = part.tag, let count = tag.frameCount {
      declaredFrames = max(0, count * header.frames - tag.delay - tag.padding)
    } else {
      declaredFrames = Self.estimate(scanner, header, stream)
    }
    take(frame, header)
  }

  /// The length by the mean size of some frames at the beginning.
  private static func estimate(
    _ scanner: MPEGScanner, _ header: MPEGFrameHeader, _ stream: FileBytes
  ) -> Int? {
    var (scanner, frames) = (scanner, 0)
    let start = scanner.offset
    while frames < 200, case .frame = scanner.next() { frames += 1 }
    guard scanner.offset > start else { return nil }
    let size = Double(scanner.offset - start) / Double(frames)
    return Int(Double(stream.count) / size * Double(header.frames))
  }

  private static func part(
    _ header: MPEGFrameHeader, _ frame: ArraySlice<UInt8>, name: String
  ) throws(SoundFileError) -> Part {
    let tag = MPEGInfoTag.find(in: frame, header)
    return Part(
      header: header, tag: tag, decoder: try decoder(header, frame.count, name: name),
      skip: tag?.delay ?? 0)
  }

  private static func decoder(
    _ header: MPEGFrameHeader, _ size: Int, name: String
  ) throws(SoundFileError) -> MPEGDecoder {
    do {
      // libmpg123 counts neither padding nor header.
      return try MPEGDecoder(freeFormatSize: header.size == nil ? size - header.padding - 4 : nil)
    } catch {
      throw SoundFileError(path: name, problem: .unsupported(error.reason))
    }
  }

  func next() throws(SoundFileError) -> SoundBlock? {
    while queue.isEmpty, !isAtEnd { try step() }
    return queue.next()
  }

  /// Takes what follows in the file.
  private func step() throws(SoundFileError) {
    switch scanner.next() {
    case .frame(let header, let frame):
      if header.kind != part.header.kind || header.channels != part.header.channels
        || MPEGInfoTag.find(in: frame, header) != nil
      {
        finishPart(isLast: false)
        part = try Self.part(header, frame, name: name)
      }
      take(frame, header)
    case .garbage(let count): try fill(count)
    case .cut:
      remarks.endsEarly = true
    case nil:
      finishPart(isLast: true)
      isAtEnd = true
    }
  }

  /// Decodes a frame of the current part.
  private func take(_ frame: ArraySlice<UInt8>, _ header: MPEGFrameHeader) {
    // The one with the tag holds no sound.
    guard part.tag == nil || part.hasTag else {
      part.hasTag = true
      return
    }
    part.frames += 1
    part.sizes.add(frame.count)
    let size = header.frames * header.channels
    var samples = part.decoder.decode(frame) ?? []
    if samples.count != size || Self.isDamaged(samples, header.contents(of: frame)) {
      samples = [Float](repeating: 0, count: size)
      // The first ones may need what was before them.
      if part.fed >= Self.mostNeeded {
        let pending = Double(part.samples.count / header.channels) / Double(header.sampleRate)
        remarks.addHole(
          at: queue.time + pending, length: Double(header.frames) / Double(header.sampleRate))
      }
    }
    part.fed += frame.count
    let skipped = min(part.skip, header.frames)
    part.skip -= skipped
    part.samples += samples.dropFirst(skipped * header.channels)
    if part.samples.count >= 64 << 10 { release(keeping: part.tag?.padding ?? 0) }
  }

  /// Bytes before a frame that it may need: 511 of main data, and as much again around them.
  private static let mostNeeded = 2048
  /// Sound that was encoded too loud stays below.
  private static let highestPeak: Float = 8

  /// Whether libmpg123 made something of a frame that it cannot be: noise beyond all limits, or zeros where
  /// the frame has more.
  private static func isDamaged(
    _ samples: [Float], _ contents: MPEGFrameHeader.Contents
  ) -> Bool {
    var peak: Float = 0
    for sample in samples { peak = max(peak, sample.magnitude) }
    return !(peak <= highestPeak) || peak == 0 && contents == .sound
  }

  /// Makes a block of the decoded samples but for the last `count` frames.
  private func release(keeping count: Int) {
    let header = part.header
    let number = part.samples.count - count * header.channels
    guard number > 0 else { return }
    queue.add(
      SoundBlock(
        samples: Array(part.samples[..<number]), channels: header.channels,
        sampleRate: header.sampleRate))
    part.samples.removeFirst(number)
  }

  /// Replaces `count` bytes that are no frames by silence of the length that they had.
  private func fill(_ count: Int) throws(SoundFileError) {
    // Before the first frame anything may be.
    guard part.frames > 0 else { return }
    release(keeping: 0)
    let estimate = min(Double(count) / part.sizes.mean, Double(part.longestHole + 1))
    let known = framesMissing()
    var missing = known ?? Int(estimate.rounded())
    let header = part.header
    // Bytes that were overwritten are as many as the frames had; after others were left out, the
    // rest of a frame remains.
    let isExact = known != nil || (estimate - estimate.rounded()).magnitude < 0.1
    if missing > part.longestHole {
      remarks.addLoss(at: queue.time)
      missing = 0
    } else if missing > 1 || isExact && missing == 1 {
      remarks.addHole(
        at: queue.time, length: Double(missing * header.frames) / Double(header.sampleRate),
        isEstimate: !isExact)
    } else {
      remarks.addLoss(at: queue.time)
    }
    part.frames += missing
    queue.addSilence(
      missing * header.frames, channels: header.channels, sampleRate: header.sampleRate)
    // What the decoder keeps of earlier frames does not belong to the next.
    part.decoder = try Self.decoder(header, Int(part.sizes.mean), name: name)
    part.fed = 0
  }

  /// How many frames are missing at the first hole, by the number in the file's tag; nil where that
  /// is unknown.
  private func framesMissing() -> Int? {
    // Once, because each look goes through the rest of the file.
    guard let total = part.tag?.frameCount, !part.hasLookedAhead else { return nil }
    part.hasLookedAhead = true
    var (ahead, count) = (scanner, part.frames)
    while let item = ahead.next() {
      switch item {
      case .frame(let header, let frame):
        if header.kind != part.header.kind || MPEGInfoTag.find(in: frame, header) != nil {
          return nil
        }
        count += 1
      case .garbage, .cut: return nil
      }
    }
    return total > count ? total - count : nil
  }

  /// Gives what is left of the current part.
  private func finishPart(isLast: Bool) {
    let (header, tag) = (part.header, part.tag)
    let missing = (tag?.frameCount ?? 0) - part.frames
    // Some encoders count the tag's own frame.
    if missing > 1 {
      release(keeping: 0)
      if isLast {
        remarks.endsEarly = true
        let padding = min(tag?.padding ?? 0, missing * header.frames)
        remarks.promised =
          queue.time + Double(missing * header.frames - padding) / Double(header.sampleRate)
      } else {
        remarks.addLoss(at: queue.time)
      }
    } else {
      release(keeping: tag?.padding ?? 0)
    }
  }
}
