/// A header whose writer never filled in how much sound follows, because it was killed or wrote to a
/// pipe. With the patches, decoders read the sound to the end of the file.
struct UnfinishedHeader {
  /// The sizes that should be in the header.
  var patches: [FileBytes.Patch]
  /// False for sizes that mean "unknown": such a file is as its writer wanted it.
  var isWorthAWarning: Bool

  /// The containers that are known, each by its first bytes.
  private static let kinds: [(mark: String, find: @Sendable (FileBytes) -> UnfinishedHeader?)] = [
    ("RIFF", { wave($0) }), ("RF64", { rf64($0) }), ("BW64", { rf64($0) }), ("FORM", { aiff($0) }),
    ("caff", { caf($0) }), (".snd", { au($0) }), ("riff", { w64($0) }),
  ]

  /// The unfinished header of `bytes`; nil where it is finished, or of an unknown kind.
  static func find(in bytes: FileBytes) -> UnfinishedHeader? {
    let head = bytes.bytes(at: 0, count: 4)
    return kinds.first { head.elementsEqual($0.mark.utf8) }?.find(bytes)
  }

  /// WAV: a data size of zero, or of less than there is, with sound behind it.
  private static func wave(_ bytes: FileBytes) -> UnfinishedHeader? {
    guard bytes.bytes(at: 8, count: 4).elementsEqual("WAVE".utf8),
      let data = Chunks(bytes, from: 12, .little).first(where: { $0.name == "data" }),
      bytes.count > data.start
    else { return nil }
    let unknown = FileBytes.Patch(offset: data.start - 4, bytes: [0xFF, 0xFF, 0xFF, 0xFF])
    if data.size == 0, !areChunks(bytes, from: data.start, .little) {
      // Writers to a pipe say so by the largest size.
      let isPipe = bytes.bytes(at: 4, count: 4).allSatisfy { $0 == 0xFF }
      return UnfinishedHeader(patches: [unknown], isWorthAWarning: !isPipe)
    }
    guard data.size > 0, isStale(bytes, data) else { return nil }
    return UnfinishedHeader(patches: [unknown], isWorthAWarning: true)
  }

  /// RF64: sizes of zero in the ds64 chunk, which has the 64 bits of all sizes.
  private static func rf64(_ bytes: FileBytes) -> UnfinishedHeader? {
    var chunks = Chunks(bytes, from: 12, .little)
    guard let wide = chunks.next(), wide.name == "ds64", wide.size >= 24,
      littleEndian(bytes.bytes(at: wide.start + 8, count: 7)) == 0,
      let data = chunks.first(where: { $0.name == "data" }),
      data.size == 0xFFFF_FFFF || data.size == 0, bytes.count > data.start
    else { return nil }
    return UnfinishedHeader(
      patches: [
        .init(offset: wide.start, bytes: .littleEndian(bytes.count - 8, width: 8)),
        .init(offset: wide.start + 8, bytes: .littleEndian(bytes.count - data.start, width: 8)),
        .init(offset: data.start - 4, bytes: [0xFF, 0xFF, 0xFF, 0xFF]),
      ], isWorthAWarning: true)
  }

  /// Whether sound follows a chunk of sound that is the last by the header: the size is one that its
  /// writer noted before the end, or lacks its upper bits.
  private static func isStale(_ bytes: FileBytes, _ chunk: Chunks.Chunk) -> Bool {
    let rest = bytes.count - chunk.end
    guard rest > leastStale, littleEndian(bytes.bytes(at: 4, count: 4)) + 8 <= chunk.end,
      !areChunks(bytes, from: chunk.end, .little)
    else { return false }
    let head = bytes.bytes(at: chunk.end, count: leastStale)
    return Tags.leadingSize(head) == nil && head.contains { $0 != 0 }
  }

  /// Fewer bytes behind the last chunk are not taken for sound.
  private static let leastStale = 4096

  /// AIFF: no frames in COMM, and an SSND chunk of no more than its own header.
  private static func aiff(_ bytes: FileBytes) -> UnfinishedHeader? {
    guard bytes.bytes(at: 8, count: 3).elementsEqual("AIF".utf8) else { return nil }
    var common: (start: Int, frameSize: Int)?
    for chunk in Chunks(bytes, from: 12, .big) {
      if chunk.name == "COMM" {
        let fields = bytes.bytes(at: chunk.start, count: 8)
        guard fields.count == 8 else { return nil }
        common = (chunk.start, bigEndian(fields[0..<2]) * ((bigEndian(fields[6..<8]) + 7) / 8))
      }
      guard chunk.name == "SSND" else { continue }
      let rest = bytes.count - chunk.start - 8
      guard let common, common.frameSize > 0, chunk.size <= 8, rest > 0, rest < 0xFFFF_FF00,
        !areChunks(bytes, from: chunk.start + chunk.size, .big)
      else { return nil }
      return UnfinishedHeader(
        patches: [
          .init(offset: 4, bytes: .bigEndian(bytes.count - 8, width: 4)),
          .init(offset: common.start + 2, bytes: .bigEndian(rest / common.frameSize, width: 4)),
          .init(offset: chunk.start - 4, bytes: .bigEndian(rest + 8, width: 4)),
        ], isWorthAWarning: true)
    }
    return nil
  }

  /// CAF: a data size of zero, or of −1, which the format allows for the last chunk.
  private static func caf(_ bytes: FileBytes) -> UnfinishedHeader? {
    var offset = 8
    for _ in 0..<1000 {
      let head = bytes.bytes(at: offset, count: 12)
      guard head.count == 12 else { return nil }
      let (size, start) = (bigEndian(head[5...]), offset + 12)
      let isUnknown = head[4...].allSatisfy { $0 == 0xFF }
      if head.starts(with: "data".utf8) {
        let rest = bytes.count - start
        // Four bytes count edits.
        guard rest > 4, isUnknown || head[4...].allSatisfy({ $0 == 0 }) else { return nil }
        return UnfinishedHeader(
          patches: [.init(offset: offset + 4, bytes: .bigEndian(rest, width: 8))],
          isWorthAWarning: !isUnknown)
      }
      guard !isUnknown, head[4] == 0, size < bytes.count - start else { return nil }
      offset = start + size
    }
    return nil
  }

  /// AU: a data size of zero; that of −1 means "unknown".
  private static func au(_ bytes: FileBytes) -> UnfinishedHeader? {
    let head = bytes.bytes(at: 4, count: 8)
    guard head.count == 8, bigEndian(head[4...]) == 0, case let start = bigEndian(head[..<4]),
      bytes.count > start, start >= 24
    else { return nil }
    return UnfinishedHeader(
      patches: [
        .init(offset: 8, bytes: .bigEndian(min(bytes.count - start, 0xFFFF_FFFF), width: 4))
      ],
      isWorthAWarning: true)
  }

  /// W64: a data chunk of no more than its own header.
  private static func w64(_ bytes: FileBytes) -> UnfinishedHeader? {
    var offset = 40
    for _ in 0..<1000 {
      let head = bytes.bytes(at: offset, count: 24)
      guard head.count == 24, head[23] == 0 else { return nil }
      let size = littleEndian(head[16..<23])
      if head.starts(with: "data".utf8) {
        let rest = bytes.count - offset
        guard size <= 24, rest > 24 else { return nil }
        return UnfinishedHeader(
          patches: [
            .init(offset: 16, bytes: .littleEndian(bytes.count, width: 8)),
            .init(offset: offset + 16, bytes: .littleEndian(rest, width: 8)),
          ], isWorthAWarning: true)
      }
      guard size >= 24, size < bytes.count - offset else { return nil }
      offset += (size + 7) & ~7
    }
    return nil
  }

  /// Whether `bytes` from `start` on are whole chunks: an empty chunk before them is empty.
  private static func areChunks(
    _ bytes: FileBytes, from start: Int, _ order: Chunks.ByteOrder
  ) -> Bool {
    var end = start
    for chunk in Chunks(bytes, from: start, order) {
      guard chunk.name.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else { return false }
      end = chunk.end
    }
    return end >= bytes.count && end <= bytes.count + 1
  }
}
