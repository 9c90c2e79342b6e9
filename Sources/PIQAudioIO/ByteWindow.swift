/// Bytes of a file around the place where a parser is, so that it may ask for a few at a time.
struct ByteWindow {
  // Several times what a parser asks for at a time.
  private static let size = 256 << 10

  private let source: FileBytes
  private var kept: [UInt8] = []
  private var start = 0

  /// A window that moves over `source`.
  init(_ source: FileBytes) { self.source = source }

  /// Up to `count` bytes from `offset` on; fewer at the end of the file.
  mutating func bytes(at offset: Int, count: Int) -> ArraySlice<UInt8> {
    guard offset >= 0, count > 0 else { return [] }
    if offset < start || offset - start > kept.count - count {
      // The end of the file was reached, and nothing more is there.
      let isAtEnd = kept.count < Self.size && offset >= start && start + kept.count >= source.count
      if !isAtEnd || offset < start || kept.isEmpty {
        start = offset
        kept = source.bytes(at: offset, count: max(Self.size, count))
      }
    }
    let first = min(offset - start, kept.count)
    return kept[first..<min(first + count, kept.count)]
  }
}
