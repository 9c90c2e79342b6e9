/// Vorbis and Opus in Ogg: all links of a chain, with silence in place of what is missing.
///
/// libsndfile also reads both, but no more than the first link, and moves what follows a hole.
final class OggSource: SoundSource {
  var formatName: String { "Ogg, \(link?.codec.name ?? "")" }
  private(set) var declaredFrames: Int?
  private(set) var remarks = SoundRemarks()

  private var scanner: OggScanner
  /// The stream that is decoded; nil between the links of a chain.
  private var link: OggLink?
  /// The streams that began together with it.
  private var serials: Set<UInt32> = []
  /// The codec of a stream that only ffmpeg decodes.
  private var foreign: String?
  private var queue = BlockQueue()
  private var isAtEnd = false

  /// Codecs in Ogg that need ffmpeg: how their first packets begin, and their names.
  private static let foreign: [(mark: [UInt8], name: String)] = [
    ([0x7F] + Array("FLAC".utf8), "FLAC in Ogg"), (Array("Speex   ".utf8), "Speex"),
    (Array("PCM     ".utf8), "PCM in Ogg"), (Array("CELT    ".utf8), "CELT"),
  ]

  /// Opens an Ogg file; nil for a file of another kind.
  ///
  /// - Throws: `SoundFileError` where no stream can be decoded.
  static func open(_ bytes: FileBytes, name: String) throws(SoundFileError) -> (any SoundSource)? {
    guard bytes.bytes(at: 0, count: 4).elementsEqual("OggS".utf8) else { return nil }
    let source = OggSource(bytes)
    do {
      try source.begin()
    } catch {
      throw SoundFileError(path: name, problem: .malformed(error.reason))
    }
    if let link = source.link, let decoder = link.decoder {
      source.declaredFrames = lastPosition(in: bytes, of: link.serial, decoder)
      return source
    }
    if let foreign = source.foreign {
      return try FFmpegSource(
        bytes, name: name, formatName: foreign, remarks: OggPages.remarks(on: bytes))
    }
    let isCut = source.link != nil || source.serials.isEmpty
    throw SoundFileError(
      path: name,
      problem: isCut
        ? .malformed("its beginning is not complete") : .unsupported("its codec is unknown"))
  }

  private init(_ bytes: FileBytes) { scanner = OggScanner(bytes) }

  /// Takes pages until the first link can be decoded.
  private func begin() throws(OggRefusal) {
    while link?.decoder == nil, case .page(let page) = scanner.next() {
      // Without a beginning, nothing that follows can be decoded.
      guard page.isFirst || link != nil else { return }
      try take(page)
    }
  }

  /// The position that the last page says, if it is one of the stream.
  private static func lastPosition(
    in bytes: FileBytes, of serial: UInt32, _ decoder: any OggDecoder
  ) -> Int? {
    let start = max(0, bytes.count - OggPage.mostBytes)
    var scanner = OggScanner(bytes.part(start..<bytes.count))
    var last: Int?
    while case .page(let page) = scanner.next() {
      if page.serial == serial, let granule = page.granule { last = granule }
    }
    return last.map { max(0, $0 / decoder.granulesPerFrame - decoder.skip) }
  }

  func next() throws(SoundFileError) -> SoundBlock? {
    while queue.isEmpty, !isAtEnd { step() }
    return queue.next()
  }

  /// Takes what follows in the file.
  private func step() {
    switch scanner.next() {
    case .page(let page):
      do {
        try take(page)
      } catch {
        remarks.addLoss(at: queue.time)
        link = nil
      }
    case .cut:
      remarks.endsEarly = true
    case nil:
      finishLink()
      if let link, !link.hasEnded {
        if scanner.hasSkippedPage { remarks.endsEarly = true }
        remarks.hasEndFlag = remarks.endsEarly
      }
      isAtEnd = true
    }
  }

  private func take(_ page: OggPage) throws(OggRefusal) {
    if page.isFirst {
      begin(with: page)
    } else if serials.insert(page.serial).inserted {
      // The beginning of a stream is lost, and with it what its pages need.
      remarks.addLoss(at: queue.time)
    }
    guard page.serial == link?.serial else { return }
    append(try link?.take(page, hasSkipped: scanner.hasSkipped) ?? [])
  }

  /// Takes the first page of a stream.
  private func begin(with page: OggPage) {
    let fresh = OggLink(page)
    let foreign = Self.foreign.first {
      page.pieces.first?.bytes.starts(with: $0.mark) == true
    }
    // All streams of a link begin before the data of any.
    if link.map({ $0.hasData || $0.serial == page.serial || $0.hasEnded }) ?? true {
      finishLink()
      if let link {
        serials = []
        // The link before was cut, and something else joined to it.
        if !link.hasEnded, scanner.hasSkippedPage { remarks.addLoss(at: queue.time) }
      }
      if let foreign, self.foreign == nil, link != nil {
        remarks.leftOut = (foreign.name, queue.time)
      }
      link = fresh
    } else if fresh != nil || foreign != nil {
      remarks.hasOtherStreams = true
    }
    self.foreign = self.foreign ?? foreign?.name
    serials.insert(page.serial)
  }

  private func finishLink() { append(link?.release() ?? []) }

  /// Makes blocks of what a link gave.
  private func append(_ output: [OggLink.Output]) {
    guard let decoder = link?.decoder else { return }
    let (rate, channels) = (decoder.sampleRate, decoder.channels)
    for piece in output {
      switch piece {
      case .loss: remarks.addLoss(at: queue.time)
      case .silence(let count):
        remarks.addHole(at: queue.time, length: Double(count) / Double(rate))
        queue.addSilence(count, channels: channels, sampleRate: rate)
      case .samples(let sound):
        let samples =
          decoder.hasVorbisOrder ? VorbisOrder.reordered(sound, channels: channels) : sound
        queue.add(SoundBlock(samples: samples, channels: channels, sampleRate: rate))
      }
    }
  }
}
