/// Finds the frames of MPEG audio in a file, and what is no frame between them.
struct MPEGScanner {
  /// What follows in the file.
  enum Item {
    /// A whole frame.
    case frame(MPEGFrameHeader, ArraySlice<UInt8>)
    /// So many bytes that are neither frames nor tags, before a frame.
    case garbage(Int)
    /// A frame that the file ends in.
    case cut
  }

  private var window: ByteWindow
  private(set) var offset: Int
  /// The place behind the last frame that may be.
  private let end: Int
  /// The kind of the frames so far.
  private var kind: UInt32?
  /// In free format: the size of a frame without padding.
  private var freeSize: Int?
  /// The largest frame, of 640 kbit/s at 32 kHz.
  private static let largestFrame = 2881
  /// The most bytes behind the last frame that are not taken for lost sound.
  private static let mostBehind = 4096

  /// A scanner of `bytes`.
  init(_ bytes: FileBytes) {
    window = ByteWindow(bytes)
    offset = 0
    end = Tags.endOfSound(in: bytes, removingZeros: false)
  }

  /// Whether sound begins within `limit` bytes.
  mutating func begins(within limit: Int) -> Bool {
    var probe = self
    switch probe.next(searching: limit) {
    case .frame: return true
    case .garbage(let count): return count <= limit
    case .cut, nil: return false
    }
  }

  /// The next item; nil at the end.
  ///
  /// - Parameter limit: how many bytes to search for a frame.
  mutating func next(searching limit: Int = .max) -> Item? {
    skipTags()
    guard offset < end else { return nil }
    if let header = header(at: offset), let size = size(of: header, at: offset) {
      let isExpected = header.kind == kind
      if isExpected, size > end - offset {
        offset = end
        return .cut
      }
      // Of a frame from which bytes were left out, the next one begins before its end.
      if isFollowed(header, size, times: isExpected ? 1 : 2)
        || isExpected && firstFrame(in: offset + 1..<offset + size) == nil
      {
        return take(header, size)
      }
    }
    return search(limit)
  }

  private mutating func take(_ header: MPEGFrameHeader, _ size: Int) -> Item {
    let frame = window.bytes(at: offset, count: size)
    offset += size
    kind = header.kind
    freeSize = header.size == nil ? size - header.padding : nil
    return .frame(header, frame)
  }

  /// Skips to the next frame that others follow, or to a tag.
  private mutating func search(_ limit: Int) -> Item? {
    let start = offset
    let bound = limit < end - start ? start + limit + 1 : end
    if let frame = firstFrame(in: min(start + 1, bound)..<bound) {
      offset = frame
      return .garbage(frame - start)
    }
    guard bound == end, kind != nil else { return nil }
    offset = end
    // A few bytes behind the last frame are something that players add; zeros are no sound.
    return end - start > Self.mostBehind && !isZero(start..<end) ? .cut : nil
  }

  /// Where the first frame that others follow, or the first tag, begins in `range`.
  private mutating func firstFrame(in range: Range<Int>) -> Int? {
    let here = offset
    defer { offset = here }
    offset = range.lowerBound
    while offset < range.upperBound {
      let block = window.bytes(at: offset, count: min(4096, range.upperBound - offset))
      guard let first = block.firstIndex(where: Self.mayBegin) else {
        offset += max(1, block.count)
        continue
      }
      offset += first - block.startIndex
      if let header = header(at: offset), let size = size(of: header, at: offset),
        size <= end - offset, isFollowed(header, size, times: 2)
      {
        return offset
      }
      if Tags.leadingSize(window.bytes(at: offset, count: 32)) != nil { return offset }
      offset += 1
    }
    return nil
  }

  private mutating func isZero(_ range: Range<Int>) -> Bool {
    var place = range.lowerBound
    while place < range.upperBound {
      let block = window.bytes(at: place, count: min(4096, range.upperBound - place))
      guard !block.isEmpty, block.allSatisfy({ $0 == 0 }) else { return false }
      place += block.count
    }
    return true
  }

  /// Whether a frame or a tag may begin with `byte`.
  private static func mayBegin(_ byte: UInt8) -> Bool {
    byte == 0xFF || byte == UInt8(ascii: "I") || byte == UInt8(ascii: "A")
      || byte == UInt8(ascii: "T")
  }

  /// Whether `times` frames follow the one of `size` bytes, or a tag, or the end.
  private mutating func isFollowed(_ header: MPEGFrameHeader, _ size: Int, times: Int) -> Bool {
    var (place, size) = (offset, size)
    for _ in 0..<times {
      place += size
      if place >= end { return kind != nil || place == end && place - offset > size }
      if Tags.leadingSize(window.bytes(at: place, count: 32)) != nil { return true }
      guard let next = self.header(at: place), next.layer == header.layer,
        let nextSize = self.size(of: next, at: place)
      else { return false }
      size = nextSize
    }
    return true
  }

  private mutating func header(at place: Int) -> MPEGFrameHeader? {
    MPEGFrameHeader(window.bytes(at: place, count: 4))
  }

  /// The size of a frame in bytes; in free format, the distance to the next one of its kind.
  private mutating func size(of header: MPEGFrameHeader, at place: Int) -> Int? {
    if let size = header.size { return size >= 24 ? size : nil }
    if let freeSize, header.kind == kind { return freeSize + header.padding }
    // A stream is of free format from its first frame on, or not at all.
    guard kind == nil || freeSize != nil else { return nil }
    let bytes = window.bytes(at: place, count: Self.largestFrame + 4)
    for i in bytes.indices.dropFirst(32).dropLast(3) where bytes[i] == 0xFF {
      if let next = MPEGFrameHeader(bytes[i...]), next.kind == header.kind, next.size == nil,
        next.channels == header.channels
      {
        return i - bytes.startIndex
      }
    }
    return nil
  }

  /// Skips tags: joined files have some between them.
  private mutating func skipTags() {
    while offset < end, let size = Tags.leadingSize(window.bytes(at: offset, count: 32)) {
      offset += min(size, end - offset)
    }
  }
}
