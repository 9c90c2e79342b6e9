/// Finds the pages of an Ogg file, and notices what is none between them.
struct OggScanner {
  /// What follows in the file.
  enum Item {
    /// A whole page with the right checksum.
    case page(OggPage)
    /// A page that the file ends in.
    case cut
  }

  private var window: ByteWindow
  private var offset = 0
  private let end: Int
  /// Whether bytes were skipped since the last page.
  private(set) var hasSkipped = false
  /// Whether a damaged page was among them.
  private(set) var hasSkippedPage = false

  /// A scanner of `bytes`.
  init(_ bytes: FileBytes) {
    window = ByteWindow(bytes)
    end = bytes.count
  }

  /// The next item; nil at the end.
  mutating func next() -> Item? {
    (hasSkipped, hasSkippedPage) = (false, false)
    var isCut = false
    while offset < end {
      let bytes = window.bytes(at: offset, count: min(OggPage.mostBytes, end - offset))
      if let size = OggPage.size(of: bytes) {
        if size > bytes.count {
          isCut = true
        } else if let page = OggPage(bytes.prefix(size)) {
          offset += size
          // A page that claims more than there is was cut, if others follow.
          hasSkippedPage = hasSkippedPage || isCut
          return .page(page)
        } else {
          hasSkippedPage = true
        }
      } else {
        isCut = isCut || isCutMark(bytes)
      }
      hasSkipped = true
      let rest = bytes.dropFirst()
      guard !rest.isEmpty else { break }
      // Pages may also begin within one that is damaged.
      let mark = rest.firstIndex { $0 == UInt8(ascii: "O") } ?? rest.endIndex
      offset += mark - bytes.startIndex
    }
    offset = end
    return isCut ? .cut : nil
  }

  /// Whether the file ends in the header of a page.
  private func isCutMark(_ bytes: ArraySlice<UInt8>) -> Bool {
    offset + bytes.count == end && bytes.count < OggPage.headerSize + 255
      && ("OggS".utf8.starts(with: bytes.prefix(4)) || OggPage.isMarked(bytes))
  }
}
