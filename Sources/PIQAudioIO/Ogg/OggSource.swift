/// Vorbis and Opus in Ogg: all links of a chain, with silence in place of what is missing.
///
/// libsndfile also reads both, but no more than the first link, and moves what follows a hole.
final class OggSource: SoundSource {
  var formatName: String { "Ogg, \(codecName)" }
  private(set) var declaredFrames: Int?
  private(set) var remarks = SoundRemarks()

  private let name: String
  private let codecName: String
  private var scanner: OggScanner
  /// The stream that is decoded; nil between the links of a chain.
  private var link: OggLink?
  /// The streams that began together with it.
  private var serials: Set<UInt32>
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
    var scanner = OggScanner(bytes)
    var (link, serials): (OggLink?, Set<UInt32>) = (nil, [])
    var (output, foreign): ([OggLink.Output], String?) = ([], nil)
    while link?.decoder == nil, case .page(let page) = scanner.next() {
      if page.isFirst, link == nil {
        link = OggLink(page)
        foreign =
          foreign
          ?? Self.foreign.first { page.pieces.first?.bytes.starts(with: $0.mark) == true }?
          .name
      }
      if page.isFirst { serials.insert(page.serial) }
      if link == nil, !page.isFirst { break }
      guard page.serial == link?.serial else { continue }
      do {
        output += try link?.take(page, hasSkipped: scanner.hasSkipped) ?? []
      } catch {
        throw SoundFileError(path: name, problem: .malformed(error.reason))
      }
    }
    guard let link, let decoder = link.decoder else {
      if link != nil {
        throw SoundFileError(path: name, problem: .malformed("it ends within its headers"))
      }
      if let foreign { return try FFmpegSource(bytes, name: name, formatName: foreign) }
      throw SoundFileError(
        path: name,
        problem: serials.isEmpty
          ? .malformed("its beginning is missing") : .unsupported("its codec is unknown"))
    }
    let source = OggSource(link, scanner, serials, name: name)
    source.append(output)
    source.declaredFrames = Self.lastPosition(in: bytes, of: link.serial, decoder)
    return source
  }

  private init(_ link: OggLink, _ scanner: OggScanner, _ serials: Set<UInt32>, name: String) {
    self.link = link
    self.scanner = scanner
    self.serials = serials
    self.name = name
    codecName = link.codec.name
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
    case .page(let page): take(page)
    case .cut:
      remarks.endsEarly = true
    case nil:
      finishLink()
      if link.map({ !$0.hasEnded }) ?? false {
        if scanner.hasSkippedPage { remarks.endsEarly = true }
        remarks.hasEndFlag = remarks.endsEarly
      }
      isAtEnd = true
    }
  }

  private func take(_ page: OggPage) {
    if page.isFirst {
      // All streams of a link begin before the data of any.
      if link.map({ $0.hasData || $0.serial == page.serial || $0.hasEnded }) ?? true {
        finishLink()
        serials = []
        link = OggLink(page)
      }
      serials.insert(page.serial)
    } else if !serials.contains(page.serial) {
      // The beginning of a stream is lost, and with it what its pages need.
      serials.insert(page.serial)
      remarks.addLoss(at: queue.time)
    }
    guard page.serial == link?.serial else { return }
    do {
      append(try link?.take(page, hasSkipped: scanner.hasSkipped) ?? [])
    } catch {
      remarks.addLoss(at: queue.time)
      link = nil
    }
  }

  private func finishLink() {
    append(link?.release() ?? [])
  }

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
      case .samples(let samples):
        queue.add(SoundBlock(samples: samples, channels: channels, sampleRate: rate))
      }
    }
  }
}
