/// One stream of an Ogg file, from its headers to its end: packets become sound at the time that the
/// pages say.
struct OggLink {
  /// Sound, or frames that are missing.
  enum Output {
    case samples([Float])
    case silence(Int)
    /// Sound of unknown length is missing.
    case loss
  }

  let serial: UInt32
  let codec: any OggDecoder.Type
  /// Nil until all headers are there.
  private(set) var decoder: (any OggDecoder)?
  /// Whether the page that ends the stream was there.
  private(set) var hasEnded = false
  /// Whether a page behind the headers was there.
  private(set) var hasData = false

  private var headers: [[UInt8]] = []
  /// The beginning of a packet that goes on with the next page.
  private var partial: [UInt8]?
  private var sequence: UInt32
  /// Samples whose time the next position says.
  private var waiting: [Float] = []
  /// Whether pages or packets before `waiting` were lost.
  private var hasLost = false
  /// The position of the stream's beginning, in frames; nil until the first position was there.
  private var origin: Int?
  /// Frames since then, with those that are skipped.
  private var position = 0
  private var skip = 0

  /// Positions of encoders are inexact by less, in seconds.
  private static let tolerance = 0.1
  /// The most that is filled with silence, in seconds; at the beginning, a stream that was recorded
  /// from a broadcast looks as if all before were missing.
  private static let (longestHole, longestFirstHole) = (3600.0, 60.0)
  /// The most samples that wait for a position.
  private static let mostWaiting = 4 << 20
  /// The largest packet, in bytes: a header with pictures.
  private static let largestPacket = 64 << 20

  /// The stream that begins with `page`; nil where its codec is unknown.
  init?(_ page: OggPage) {
    guard let piece = page.pieces.first,
      let codec = oggDecoders.first(where: { piece.bytes.starts(with: $0.mark) })
    else { return nil }
    self.codec = codec
    serial = page.serial
    sequence = page.sequence &- 1
  }

  /// Takes the next page of the stream.
  ///
  /// - Parameter hasSkipped: whether there was something else before it.
  /// - Throws: `OggRefusal` for headers that are damaged.
  mutating func take(_ page: OggPage, hasSkipped: Bool) throws(OggRefusal) -> [Output] {
    guard !isPast(page) else { return [] }
    let isNext = page.sequence == sequence &+ 1
    sequence = page.sequence
    if !isNext {
      partial = nil
      lose()
    } else if !page.isContinued, partial != nil {
      partial = nil
      lose()
    }
    if hasSkipped, isNext, decoder != nil { partial = page.isContinued ? partial : nil }
    var output: [Output] = []
    for (i, piece) in page.pieces.enumerated() {
      if i == 0, page.isContinued, partial == nil {
        // The rest of a packet whose beginning is lost.
        if decoder != nil { lose() }
        continue
      }
      let packet = (partial ?? []) + piece.bytes
      partial = nil
      guard piece.isLast else {
        partial = packet.count <= Self.largestPacket ? packet : nil
        continue
      }
      try take(packet)
      if waiting.count > Self.mostWaiting { output += release() }
    }
    hasEnded = hasEnded || page.isLast
    // A position of 0 behind sound is none: some writers never set it.
    if let decoder, let granule = page.granule, waiting.isEmpty ? hasData : granule > 0 {
      output += settle(at: granule / decoder.granulesPerFrame, decoder)
    }
    return output
  }

  /// Whether a page comes a second time, or too late: its sound is there, or is silence already.
  private func isPast(_ page: OggPage) -> Bool {
    guard let decoder, let origin, let granule = page.granule,
      Int32(bitPattern: page.sequence &- sequence) <= 0
    else { return false }
    return granule / decoder.granulesPerFrame <= origin + position
  }

  /// Takes a packet.
  private mutating func take(_ packet: [UInt8]) throws(OggRefusal) {
    guard let decoder else {
      headers.append(packet)
      guard headers.count == codec.headerCount else { return }
      let decoder = try codec.init(headers: headers)
      (self.decoder, skip, headers, hasLost) = (decoder, decoder.skip, [], false)
      return
    }
    hasData = true
    if let samples = decoder.decode(packet) { waiting += samples } else { lose() }
  }

  private mutating func lose() {
    guard decoder != nil else { return }
    hasLost = true
    decoder?.restart()
  }

  /// Places the samples that wait so that they end at `end`, in frames.
  private mutating func settle(at end: Int, _ decoder: any OggDecoder) -> [Output] {
    let rate = Double(decoder.sampleRate)
    let count = waiting.count / decoder.channels
    if origin == nil {
      let start = end - count
      let isHole = hasLost && Double(start) <= Self.longestFirstHole * rate
      origin = isHole ? min(start, 0) : max(start, 0)
      if start < 0 {
        // The first page's position leaves out what the encoder added before the sound, or, where it
        // is the last page, too, behind it.
        origin = 0
        let surplus = min(-start, count) * decoder.channels
        if hasEnded { waiting.removeLast(surplus) } else { waiting.removeFirst(surplus) }
        return release()
      }
    }
    let drift = end - (origin ?? 0) - position - count
    var output: [Output] = []
    if drift < 0, hasEnded {
      waiting.removeLast(min(-drift, count) * decoder.channels)
    } else if drift < 0 || Double(drift) > Self.longestHole * rate {
      origin = (origin ?? 0) + drift
      if drift > 0 { output.append(.loss) }
    } else if drift > 0, hasLost || Double(drift) > Self.tolerance * rate {
      output.append(.silence(drift))
      position += drift
    }
    hasLost = false
    return output + release()
  }

  /// The samples that wait, for their time has come.
  mutating func release() -> [Output] {
    guard let decoder, !waiting.isEmpty else { return [] }
    position += waiting.count / decoder.channels
    let skipped = min(skip, waiting.count / decoder.channels)
    skip -= skipped
    let samples = Array(waiting.dropFirst(skipped * decoder.channels))
    waiting = []
    return samples.isEmpty ? [] : [.samples(samples)]
  }
}
