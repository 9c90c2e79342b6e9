/// The chunks of a RIFF or IFF file: a name of four bytes, a size of four, and so many bytes.
struct Chunks: Sequence, IteratorProtocol {
  /// The order of the bytes in a size.
  enum ByteOrder {
    case little, big
  }

  struct Chunk {
    let name: String
    /// The place of the first byte of its content.
    let start: Int
    /// The size of the content that it claims, in bytes.
    let size: Int
    /// The place behind it, with the byte that pads odd sizes; may be beyond the file.
    var end: Int { start + size + size % 2 }
  }

  private let bytes: FileBytes
  private var offset: Int
  private let order: ByteOrder
  /// A valid header has a few chunks.
  private var left = 1000

  /// The chunks of `bytes` that follow each other from `offset` on.
  init(_ bytes: FileBytes, from offset: Int, _ order: ByteOrder) {
    self.bytes = bytes
    self.offset = offset
    self.order = order
  }

  mutating func next() -> Chunk? {
    let head = bytes.bytes(at: offset, count: 8)
    guard left > 0, head.count == 8 else { return nil }
    left -= 1
    let size = order == .little ? littleEndian(head[4...]) : bigEndian(head[4...])
    let name = String(String.UnicodeScalarView(head[..<4].map { Unicode.Scalar($0) }))
    let chunk = Chunk(name: name, start: offset + 8, size: size)
    offset = chunk.end
    return chunk
  }
}
