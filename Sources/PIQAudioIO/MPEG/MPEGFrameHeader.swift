/// The four bytes before each frame of MPEG audio (ISO 11172-3, 13818-3, and the unofficial MPEG-2.5).
struct MPEGFrameHeader: Equatable {
  /// 1 to 3.
  let layer: Int
  /// In hertz.
  let sampleRate: Int
  /// 1 or 2.
  let channels: Int
  /// Samples a frame, of each channel.
  let frames: Int
  /// The frame's size in bytes with its header; nil in free format, which does not say it.
  let size: Int?
  /// The byte that free format adds to some frames.
  let padding: Int
  /// The bytes of a layer III frame between checksum and main data.
  let sideInfoSize: Int
  /// The bytes between header and side information.
  let checksumSize: Int
  /// What all frames of one stream have in common.
  let kind: UInt32

  /// Frames a second of MPEG-1.
  private static let rates = [44_100, 48_000, 32_000]
  /// Kilobits a second by index, for MPEG-1 layers I, II and III, MPEG-2 layer I, and its layers II
  /// and III.
  private static let bitRates: [[Int]] = [
    [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  ]

  /// The header in the first four of `bytes`; nil where they are none.
  init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count >= 4 else { return nil }
    let word = bytes.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    func field(_ shift: UInt32, _ bits: UInt32) -> Int { Int(word >> shift & (1 << bits - 1)) }
    let (version, layerCode, bitRate, rate) = (
      field(19, 2), field(17, 2), field(12, 4), field(10, 2)
    )
    guard field(21, 11) == 0x7FF, version != 1, layerCode != 0, bitRate != 15, rate != 3,
      field(0, 2) != 2
    else { return nil }
    let isFirstVersion = version == 3
    layer = 4 - layerCode
    sampleRate = Self.rates[rate] >> (isFirstVersion ? 0 : version == 2 ? 1 : 2)
    channels = field(6, 2) == 3 ? 1 : 2
    frames = layer == 1 ? 384 : layer == 3 && !isFirstVersion ? 576 : 1152
    checksumSize = field(16, 1) == 0 ? 2 : 0
    sideInfoSize = isFirstVersion ? (channels == 1 ? 17 : 32) : (channels == 1 ? 9 : 17)
    padding = field(9, 1) * (layer == 1 ? 4 : 1)
    kind = word & 0xFFFE_0C00
    let table = isFirstVersion ? layer - 1 : layer == 1 ? 3 : 4
    let bits = Self.bitRates[table][bitRate] * 1000
    let slots = frames / 8 * bits / sampleRate
    size = bitRate == 0 ? nil : layer == 1 ? slots / 4 * 4 + padding : slots + padding
  }

  /// What a frame holds, by its side information.
  enum Contents {
    /// Coefficients that are not zero.
    case sound
    /// None.
    case silence
    /// Of layers I and II, which have no side information.
    case unknown
  }

  /// What `frame` holds.
  func contents(of frame: ArraySlice<UInt8>) -> Contents {
    guard layer == 3, frame.count >= 4 + checksumSize + sideInfoSize else { return .unknown }
    let side = frame.dropFirst(4 + checksumSize).prefix(sideInfoSize)
    func field(_ offset: Int, _ count: Int) -> Int {
      (offset..<offset + count).reduce(0) { value, bit in
        value << 1 | Int(side[side.startIndex + bit / 8] >> UInt8(7 - bit % 8) & 1)
      }
    }
    let isFirstVersion = frames == 1152
    // main_data_begin, private bits, and scfsi of each channel; then granules of 59 or 63 bits.
    let head = isFirstVersion ? 9 + (channels == 1 ? 5 : 3) + 4 * channels : 8 + channels
    let (granules, size) = isFirstVersion ? (2 * channels, 59) : (channels, 63)
    for granule in 0..<granules {
      // part2_3_length of 12 bits, and big_values of 9.
      let place = head + granule * size
      if field(place, 12) > 0, field(place + 12, 9) > 0 { return .sound }
    }
    return .silence
  }
}
