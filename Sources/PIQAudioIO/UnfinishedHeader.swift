/// A header whose sizes are not those of the file: its writer never filled them in, because it was killed
/// or wrote to a pipe, or stopped to bring them up to date; or the file was cut. With the patches, decoders
/// read the sound to the end of the file.
struct UnfinishedHeader {
  /// The sizes that should be in the header.
  var patches: [FileBytes.Patch]
  /// False for sizes that mean "unknown": such a file is as its writer wanted it.
  var isWorthAWarning: Bool
  /// Whether the header promises more than there is.
  var isCut = false

  /// The containers that are known, each by its first bytes.
  private static let kinds: [(mark: String, find: @Sendable (FileBytes) -> UnfinishedHeader?)] = [
    ("RIFF", { wave($0, .little) }), ("RIFX", { wave($0, .big) }), ("RF64", { rf64($0) }),
    ("BW64", { rf64($0) }), ("FORM", { aiff($0) }), ("caff", { caf($0) }), (".snd", { au($0) }),
    ("riff", { w64($0) }),
  ]

  /// The unfinished header of `bytes`; nil where it is finished, or of an unknown kind.
  static func find(in bytes: FileBytes) -> UnfinishedHeader? {
    let head = bytes.bytes(at: 0, count: 4)
    return kinds.first { head.elementsEqual($0.mark.utf8) }?.find(bytes)
  }

  /// WAV: a data size of zero, or of less than there is, with sound behind it.
  private static func wave(
    _ bytes: FileBytes, _ order: Chunks.ByteOrder
  ) -> UnfinishedHeader? {
    guard bytes.bytes(at: 8, count: 4).elementsEqual("WAVE".utf8),
      let data = Chunks(bytes, from: 12, order).first(where: { $0.name == "data" }),
      bytes.count > data.start
    else { return nil }
    let unknown = FileBytes.Patch(offset: data.start - 4, bytes: [0xFF, 0xFF, 0xFF, 0xFF])
    if data.size == 0, !areChunks(bytes, from: data.start, order) {
      // Writers to a pipe say so by the largest size.
      let isPipe = bytes.bytes(at: 4, count: 4).allSatisfy { $0 == 0xFF }
      return UnfinishedHeader(patches: [unknown], isWorthAWarning: !isPipe)
    }
    let end = size(bytes, at: 4, order) + 8
    guard data.size > 0, isStale(bytes, behind: data.end, header: end, order) else { return nil }
    return UnfinishedHeader(patches: [unknown], isWorthAWarning: true)
  }

  /// RF64 and BW64 (ITU-R BS.2088): sizes of zero, of all ones or of less than there is in the ds64
  /// chunk, which has the 64 bits of all sizes; or no such chunk. libsndfile knows the first mark alone.
  private static func rf64(_ bytes: FileBytes) -> UnfinishedHeader? {
    var chunks = Chunks(bytes, from: 12, .little)
    let mark = { (text: String) in FileBytes.Patch(offset: 0, bytes: Array(text.utf8)) }
    guard let wide = chunks.next(), wide.name == "ds64", wide.size >= 24 else {
      let hasData = Chunks(bytes, from: 12, .little).contains { $0.name == "data" }
      return hasData ? UnfinishedHeader(patches: [mark("RIFF")], isWorthAWarning: true) : nil
    }
    guard let data = chunks.first(where: { $0.name == "data" }), bytes.count > data.start else {
      return nil
    }
    let isWide = data.size == 0xFFFF_FFFF || data.size == 0
    let said = bytes.bytes(at: wide.start + 8, count: 8)
    let isPipe = said.allSatisfy { $0 == 0xFF }
    let count = isWide ? littleEndian(said.prefix(7)) : data.size
    let end = littleEndian(bytes.bytes(at: wide.start, count: 7)) + 8
    let isUnknown = isWide && (count == 0 || isPipe)
    guard
      isUnknown
        || isWide && isStale(bytes, behind: data.start + count, header: end, .little)
    else { return UnfinishedHeader(patches: [mark("RF64")], isWorthAWarning: false) }
    return UnfinishedHeader(
      patches: [
        mark("RF64"),
        .init(offset: wide.start, bytes: .littleEndian(bytes.count - 8, width: 8)),
        .init(offset: wide.start + 8, bytes: .littleEndian(bytes.count - data.start, width: 8)),
        .init(offset: data.start - 4, bytes: [0xFF, 0xFF, 0xFF, 0xFF]),
      ], isWorthAWarning: !isPipe)
  }

  /// Whether sound follows what is the last chunk by the header: the size is one that its writer noted
  /// before the end, or lacks its upper bits.
  ///
  /// - Parameters:
  ///   - end: the place behind the chunk.
  ///   - header: the end of the file by its header.
  private static func isStale(
    _ bytes: FileBytes, behind end: Int, header: Int, _ order: Chunks.ByteOrder
  ) -> Bool {
    (header <= end || header >= bytes.count - 1) && !areChunks(bytes, from: end, order)
      && isSound(bytes, from: end)
  }

  /// Whether what follows may be sound: it is long, no tag, and not all zero.
  private static func isSound(_ bytes: FileBytes, from start: Int) -> Bool {
    guard bytes.count - start > leastStale else { return false }
    let head = bytes.bytes(at: start, count: leastStale)
    return Tags.leadingSize(head) == nil && head.contains { $0 != 0 }
  }

  /// Fewer bytes behind the last chunk are not taken for sound.
  private static let leastStale = 4096

  /// AIFF: no frames in COMM, and an SSND chunk of no more than its own header, or of less than there
  /// is.
  private static func aiff(_ bytes: FileBytes) -> UnfinishedHeader? {
    guard bytes.bytes(at: 8, count: 3).elementsEqual("AIF".utf8) else { return nil }
    var common: (start: Int, frameSize: Int, isLinear: Bool)?
    for chunk in Chunks(bytes, from: 12, .big) {
      if chunk.name == "COMM" {
        let fields = bytes.bytes(at: chunk.start, count: 22)
        guard fields.count >= 18 else { return nil }
        let frameSize = bigEndian(fields[0..<2]) * ((bigEndian(fields[6..<8]) + 7) / 8)
        // AIFC has an encoding there.
        let encoding = String(decoding: fields[18...], as: UTF8.self)
        let isLinear =
          chunk.size < 22 || ["NONE", "sowt", "twos", "fl32", "FL32"].contains(encoding)
        common = (chunk.start, frameSize, isLinear)
      }
      guard chunk.name == "SSND" else { continue }
      let rest = bytes.count - chunk.start - 8
      guard let common, common.frameSize > 0, rest > 0, rest < 0xFFFF_FF00 else { return nil }
      let isEmpty = chunk.size <= 8 && !areChunks(bytes, from: chunk.start + chunk.size, .big)
      let end = size(bytes, at: 4, .big) + 8
      guard
        isEmpty
          || chunk.size > 8 && common.isLinear
            && isStale(bytes, behind: chunk.end, header: end, .big)
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

  /// CAF: a data size of zero, or of −1, which the format allows for the last chunk; of less or more than
  /// there is.
  private static func caf(_ bytes: FileBytes) -> UnfinishedHeader? {
    var offset = 8
    for _ in 0..<1000 {
      let head = bytes.bytes(at: offset, count: 12)
      guard head.count == 12 else { return nil }
      let (size, start) = (bigEndian(head[5...]), offset + 12)
      let isUnknown = head[4...].allSatisfy { $0 == 0xFF }
      if head.starts(with: "data".utf8) {
        let rest = bytes.count - start
        let isCut = !isUnknown && size > rest
        let isStale =
          size < rest && !isCAFChunk(bytes, at: start + size) && isSound(bytes, from: start + size)
        // Four bytes count edits.
        guard rest > 4, isUnknown || isCut || isStale || head[4...].allSatisfy({ $0 == 0 }) else {
          return nil
        }
        return UnfinishedHeader(
          patches: [.init(offset: offset + 4, bytes: .bigEndian(rest, width: 8))],
          isWorthAWarning: !isUnknown && !isCut, isCut: isCut)
      }
      guard !isUnknown, head[4] == 0, size < bytes.count - start else { return nil }
      offset = start + size
    }
    return nil
  }

  private static func isCAFChunk(_ bytes: FileBytes, at offset: Int) -> Bool {
    let head = bytes.bytes(at: offset, count: 12)
    return head.count == 12 && head[..<4].allSatisfy { (0x20..<0x7F).contains($0) }
      && head[4] == 0 && bigEndian(head[5...]) <= bytes.count - offset - 12
  }

  /// AU: a data size of zero, or of less than there is; the largest ones mean "unknown".
  private static func au(_ bytes: FileBytes) -> UnfinishedHeader? {
    let head = bytes.bytes(at: 4, count: 8)
    guard head.count == 8,
      case (let start, let size) = (bigEndian(head[..<4]), bigEndian(head[4...])),
      bytes.count > start, start >= 24
    else { return nil }
    let rest = bytes.count - start
    let isUnknown = (0x7FFF_0000..<0xFFFF_FFFF).contains(size) && size > rest
    guard size == 0 || isUnknown || size < rest && isSound(bytes, from: start + size) else {
      return nil
    }
    return UnfinishedHeader(
      patches: [.init(offset: 8, bytes: .bigEndian(min(rest, 0xFFFF_FFFF), width: 4))],
      isWorthAWarning: !isUnknown)
  }

  /// W64: a data chunk of no more than its own header; of less or more than there is.
  private static func w64(_ bytes: FileBytes) -> UnfinishedHeader? {
    var offset = 40
    for _ in 0..<1000 {
      guard let size = w64Size(bytes, at: offset) else { return nil }
      let rest = bytes.count - offset
      if bytes.bytes(at: offset, count: 4).elementsEqual("data".utf8) {
        let end = offset + (size + 7) & ~7
        let isStale =
          size > 24 && size < rest && !isW64Chunk(bytes, at: end) && isSound(bytes, from: end)
        guard rest > 24, size <= 24 || size > rest || isStale else { return nil }
        return UnfinishedHeader(
          patches: [
            .init(offset: 16, bytes: .littleEndian(bytes.count, width: 8)),
            .init(offset: offset + 16, bytes: .littleEndian(rest, width: 8)),
          ], isWorthAWarning: size <= rest, isCut: size > rest)
      }
      guard size >= 24, size < rest else { return nil }
      offset += (size + 7) & ~7
    }
    return nil
  }

  /// The size of a W64 chunk, its header of 24 bytes included.
  private static func w64Size(_ bytes: FileBytes, at offset: Int) -> Int? {
    let head = bytes.bytes(at: offset, count: 24)
    return head.count == 24 && head[23] == 0 ? littleEndian(head[16..<23]) : nil
  }

  private static func isW64Chunk(_ bytes: FileBytes, at offset: Int) -> Bool {
    w64Size(bytes, at: offset).map { $0 >= 24 && $0 <= bytes.count - offset } ?? false
  }

  private static func size(_ bytes: FileBytes, at offset: Int, _ order: Chunks.ByteOrder) -> Int {
    let field = bytes.bytes(at: offset, count: 4)
    return order == .little ? littleEndian(field) : bigEndian(field)
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
