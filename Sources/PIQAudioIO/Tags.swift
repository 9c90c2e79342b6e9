/// The tags that players write before and behind the sound of any format: ID3 and APE.
enum Tags {
  /// `bytes` without the ID3v2 tags at their beginning.
  static func removingLeading(from bytes: FileBytes) -> FileBytes {
    let start = endOfLeading(in: bytes)
    return start == 0 ? bytes : bytes.part(start..<bytes.count)
  }

  /// Where the ID3v2 tags at the beginning of `bytes` end.
  private static func endOfLeading(in bytes: FileBytes) -> Int {
    var start = 0
    while let size = leadingSize(bytes.bytes(at: start, count: 10)) {
      guard start + size <= bytes.count else { break }
      start += size
    }
    // Some writers leave zeros behind the tag.
    guard start > 0 else { return 0 }
    let padding = bytes.bytes(at: start, count: 64 << 10).prefix { $0 == 0 }.count
    return start + padding
  }

  /// The size in bytes of the ID3v2 tag or the APE tag that begins with `head`; nil for anything
  /// else.
  static func leadingSize(_ head: some Collection<UInt8>) -> Int? {
    let head = Array(head.prefix(32))
    if head.starts(with: "ID3".utf8), head.count >= 10, head[3] < 0xFF, head[4] < 0xFF,
      head[6..<10].allSatisfy({ $0 < 0x80 })
    {
      let size = head[6..<10].reduce(0) { $0 << 7 | Int($1) }
      return size + (head[5] & 0x10 != 0 ? 20 : 10)
    }
    if head.starts(with: "APETAGEX".utf8), head.count >= 24, head[23] & 0x20 != 0 {
      // The size includes the footer, and not the header.
      return littleEndian(head[12..<16]) + 32
    }
    if head.starts(with: "TAG".utf8) { return 128 }
    return nil
  }

  /// The number of bytes before the ID3v1, APE, Lyrics3 and ID3v2 tags at the end, and before zeros
  /// there if `removingZeros`.
  static func endOfSound(in bytes: FileBytes, removingZeros: Bool) -> Int {
    var end = bytes.count
    while end > 0 {
      let before = end
      end -= trailingSize(in: bytes, before: end)
      if removingZeros { end -= zeros(in: bytes, before: end) }
      if end == before { break }
    }
    return max(0, end)
  }

  private static func trailingSize(in bytes: FileBytes, before end: Int) -> Int {
    let size: Int
    let foot = bytes.bytes(at: max(0, end - 32), count: min(32, end))
    if bytes.bytes(at: end - 128, count: 3).elementsEqual("TAG".utf8) {
      size = 128
    } else if foot.count == 32, foot.starts(with: "APETAGEX".utf8) {
      size = littleEndian(foot[12..<16]) + (foot[23] & 0x80 != 0 ? 32 : 0)
    } else if foot.suffix(9).elementsEqual("LYRICS200".utf8),
      let length = Int(String(decoding: foot.suffix(15).prefix(6), as: UTF8.self))
    {
      size = length + 15
    } else if foot.suffix(10).starts(with: "3DI".utf8) {
      size = foot.suffix(4).reduce(0) { $0 << 7 | Int($1 & 0x7F) } + 20
    } else {
      size = 0
    }
    return size > 0 && size <= end ? size : 0
  }

  /// How many zeros there are before `end`, if they are more than a sound would end with.
  private static func zeros(in bytes: FileBytes, before end: Int) -> Int {
    var count = 0
    while count < end {
      let block = bytes.bytes(at: max(0, end - count - 4096), count: min(4096, end - count))
      let zeros = block.reversed().prefix { $0 == 0 }.count
      count += zeros
      if zeros < block.count || block.isEmpty { break }
    }
    return count >= 16 ? count : 0
  }
}
