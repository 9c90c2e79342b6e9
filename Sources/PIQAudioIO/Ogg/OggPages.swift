/// What the pages of an Ogg file say of its sound, for streams that ffmpeg decodes without a word about
/// what is missing.
enum OggPages {
  /// Remarks on the first stream of `bytes`: pages that are missing, and the end.
  static func remarks(on bytes: FileBytes) -> SoundRemarks {
    var remarks = SoundRemarks()
    var scanner = OggScanner(bytes)
    var stream: (serial: UInt32, sequence: UInt32)?
    var (rate, time, hasEnded) = (0, 0.0, false)
    while let item = scanner.next() {
      guard case .page(let page) = item else {
        remarks.endsEarly = true
        break
      }
      if page.isFirst, stream == nil || hasEnded {
        stream = (page.serial, page.sequence)
        rate = page.pieces.first.flatMap { self.rate(in: Array($0.bytes)) } ?? 0
        hasEnded = false
        continue
      }
      guard let last = stream, page.serial == last.serial else { continue }
      let missing = Int32(bitPattern: page.sequence &- last.sequence) - 1
      if missing > 0 || scanner.hasSkippedPage { remarks.addLoss(at: time) }
      stream = (last.serial, page.sequence)
      if let granule = page.granule, rate > 0 { time = Double(granule) / Double(rate) }
      hasEnded = page.isLast
    }
    if scanner.hasSkippedPage { remarks.endsEarly = true }
    remarks.hasEndFlag = hasEnded || remarks.endsEarly
    return remarks
  }

  /// The frames a second that the first packet of FLAC or Speex says.
  private static func rate(in packet: [UInt8]) -> Int? {
    if packet.starts(with: [0x7F] + Array("FLAC".utf8)), packet.count >= 30 {
      // Behind the mark, its version, a count, "fLaC" and the block's header.
      return Int(packet[27]) << 12 | Int(packet[28]) << 4 | Int(packet[29]) >> 4
    }
    if packet.starts(with: "Speex   ".utf8), packet.count >= 40 {
      return littleEndian(packet[36..<40])
    }
    return nil
  }
}
