/// Detects truncated files, and headers without sizes.
enum Truncation {
  /// Programs that write to a pipe use sizes from here on for an unknown size.
  private static let unknownSize = 0x7FFF_0000

  /// The place of a WAV header's data size where its writer did not fill it in.
  ///
  /// Such a header has a data size of zero, and a RIFF size that ends where the data begins, or
  /// earlier. libsndfile then finds no samples.
  static func unfinishedDataSize(in bytes: FileBytes) -> Int? {
    let head = bytes.bytes(at: 0, count: 12)
    guard head.starts(with: "RIFF".utf8), head.dropFirst(8).elementsEqual("WAVE".utf8) else {
      return nil
    }
    var offset = 12
    // A valid header has a few chunks.
    for _ in 0..<1000 {
      let chunk = bytes.bytes(at: offset, count: 8)
      guard chunk.count == 8 else { return nil }
      let size = littleEndian(chunk[4...])
      if chunk.starts(with: "data".utf8) {
        let start = offset + 8
        let isUnfinished = size == 0 && littleEndian(head[4..<8]) + 8 <= start
        return isUnfinished && bytes.count > start ? offset + 4 : nil
      }
      offset += 8 + size + size % 2
    }
    return nil
  }

  /// Whether an Ogg file stops before a whole page that is marked as its last.
  static func isOggWithoutEnd(_ bytes: FileBytes) -> Bool {
    // A page is a 27-byte header, up to 255 lacing values and as many times 255 bytes.
    let largestPage = 27 + 255 + 255 * 255
    let tail = bytes.bytes(at: max(0, bytes.count - largestPage), count: largestPage)
    let mark = Array("OggS".utf8)
    guard
      let start = tail.indices.dropLast(26).last(where: { tail[$0..<$0 + 4].elementsEqual(mark) })
    else { return true }
    let lacing = tail[(start + 27)...].prefix(Int(tail[start + 26]))
    let isWhole =
      lacing.count == Int(tail[start + 26])
      && lacing.reduce(start + 27 + lacing.count, { $0 + Int($1) }) <= tail.count
    return !(isWhole && tail[start + 5] & 4 != 0)
  }

  /// Whether libsndfile noted that the sound is shorter than its header says.
  static func isNoted(in log: String) -> Bool {
    log.split(separator: "\n").contains { line in
      // As in "data : 96000 (should be 47978)".
      let parts = line.split(whereSeparator: { ":()".contains($0) })
        .map { $0.drop { $0 == " " } }
      guard parts.count >= 3,
        ["data", "SSND", "Data Size", "riff", "Riff size"].contains(where: {
          parts[0].hasPrefix($0)
        }),
        parts[2].hasPrefix("should be "),
        let said = Int(parts[1].prefix { $0.isNumber }),
        let found = Int(parts[2].dropFirst("should be ".count))
      else { return false }
      return found < said && said < unknownSize
    }
  }

  private static func littleEndian(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
