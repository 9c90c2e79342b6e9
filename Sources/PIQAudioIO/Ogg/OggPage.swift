/// A page of an Ogg bitstream (RFC 3533).
struct OggPage {
  /// Pieces of packets.
  struct Piece {
    let bytes: ArraySlice<UInt8>
    /// Whether the packet ends with it.
    let isLast: Bool
  }

  /// The stream that the page belongs to.
  let serial: UInt32
  /// Counts the pages of a stream.
  let sequence: UInt32
  /// The position behind the last packet that ends on the page, in the codec's units; nil where none
  /// does.
  let granule: Int?
  /// Whether the first piece goes on with a packet of the page before.
  let isContinued: Bool
  /// Whether a stream begins.
  let isFirst: Bool
  /// Whether a stream ends.
  let isLast: Bool
  let pieces: [Piece]

  /// The size in bytes of everything before the lacing values.
  static let headerSize = 27
  /// The largest page: 255 lacing values, and as many times 255 bytes.
  static let mostBytes = 27 + 255 + 255 * 255

  /// The size of the page that begins with `bytes`; nil where none does, or its header is cut.
  static func size(of bytes: ArraySlice<UInt8>) -> Int? {
    guard isMarked(bytes), bytes.count >= headerSize else { return nil }
    let count = Int(bytes[bytes.startIndex + 26])
    let lacing = bytes.dropFirst(headerSize).prefix(count)
    guard lacing.count == count else { return nil }
    return lacing.reduce(headerSize + count) { $0 + Int($1) }
  }

  /// Whether `bytes` begin as a page of the format's only version does.
  static func isMarked(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.starts(with: "OggS".utf8) && (bytes.count < 5 || bytes[bytes.startIndex + 4] == 0)
  }

  /// The page that `bytes` are; nil where the checksum does not fit.
  init?(_ bytes: ArraySlice<UInt8>) {
    guard Self.size(of: bytes) == bytes.count else { return nil }
    let header = Array(bytes.prefix(Self.headerSize))
    guard littleEndian(header[22..<26]) == Int(OggChecksum.of(bytes)) else { return nil }
    isContinued = header[5] & 1 != 0
    isFirst = header[5] & 2 != 0
    isLast = header[5] & 4 != 0
    let position = header[6..<14].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    granule = position >= 1 << 62 ? nil : Int(position)
    serial = UInt32(littleEndian(header[14..<18]))
    sequence = UInt32(littleEndian(header[18..<22]))
    let lacing = bytes.dropFirst(Self.headerSize).prefix(Int(header[26]))
    var (pieces, start, size): ([Piece], Int, Int) = ([], lacing.endIndex, 0)
    for value in lacing {
      size += Int(value)
      guard value < 255 else { continue }
      pieces.append(Piece(bytes: bytes[start..<start + size], isLast: true))
      (start, size) = (start + size, 0)
    }
    if lacing.last == 255 { pieces.append(Piece(bytes: bytes[start...], isLast: false)) }
    self.pieces = pieces
  }
}

/// The checksum of Ogg's pages: CRC-32 with the polynomial 0x04C11DB7, most significant bit first.
enum OggChecksum {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte) << 24) { sum, _ in
      sum << 1 ^ (sum >> 31 == 0 ? 0 : 0x04C1_1DB7)
    }
  }

  /// The checksum of a page, whose own field counts as zeros.
  static func of(_ page: ArraySlice<UInt8>) -> UInt32 {
    table.withUnsafeBufferPointer { table in
      page.withUnsafeBufferPointer { page in
        var sum: UInt32 = 0
        for i in page.indices {
          let byte = (22..<26).contains(i) ? 0 : page[i]
          sum = sum << 8 ^ table[Int(UInt8(sum >> 24) ^ byte)]
        }
        return sum
      }
    }
  }
}
