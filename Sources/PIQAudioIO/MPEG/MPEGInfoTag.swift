/// The first frame of many MP3s, which holds no sound: the length of the stream, and how much of its
/// ends encoder and decoder added (the headers of Xing, LAME and Fraunhofer).
struct MPEGInfoTag: Equatable {
  /// How many frames follow; nil if the encoder did not know.
  var frameCount: Int?
  /// Samples before the sound, with the decoder's delay.
  var delay = 0
  /// Samples behind the sound that the decoder gives.
  var padding = 0

  /// How much a decoder of layer III delays the sound, in samples.
  private static let decoderDelay = 529

  /// The tag in a frame; nil where it holds sound.
  static func find(in frame: ArraySlice<UInt8>, _ header: MPEGFrameHeader) -> MPEGInfoTag? {
    guard header.layer == 3 else { return nil }
    // LAME leaves no room for a checksum that the header promises.
    for checksum in [0, header.checksumSize] {
      let body = frame.dropFirst(4 + checksum + header.sideInfoSize)
      if body.starts(with: "Xing".utf8) || body.starts(with: "Info".utf8) {
        return MPEGInfoTag(xing: body.dropFirst(4))
      }
    }
    let body = frame.dropFirst(36)
    guard body.starts(with: "VBRI".utf8), body.count >= 18 else { return nil }
    return MPEGInfoTag(vbri: body)
  }

  private init(vbri: ArraySlice<UInt8>) {
    let count = bigEndian(vbri.dropFirst(14).prefix(4))
    frameCount = count > 0 ? count : nil
  }

  private init(xing: ArraySlice<UInt8>) {
    let flags = bigEndian(xing.prefix(4))
    var rest = xing.dropFirst(4)
    if flags & 1 != 0 {
      let count = bigEndian(rest.prefix(4))
      frameCount = count > 0 ? count : nil
      rest = rest.dropFirst(4)
    }
    // The size in bytes, the table of contents, the quality.
    rest = rest.dropFirst((flags & 2 != 0 ? 4 : 0) + (flags & 4 != 0 ? 100 : 0))
    rest = rest.dropFirst(flags & 8 != 0 ? 4 : 0)
    // LAME's extension begins with the encoder's name.
    let fields = Array(rest.dropFirst(21).prefix(3))
    guard fields.count == 3, rest.first.map({ $0 >= 0x20 }) == true else { return }
    let (before, behind) = (bigEndian(fields) >> 12, bigEndian(fields) & 0xFFF)
    guard before > 0 || behind > 0 else { return }
    delay = before + Self.decoderDelay
    padding = max(0, behind - Self.decoderDelay)
  }
}
