/// The encodings that a WAV file can name and that libsndfile lacks.
enum WAVEncoding {
  /// Those that libsndfile or libmpg123 decode.
  private static let known: Set<Int> = [
    0x01, 0x02, 0x03, 0x06, 0x07, 0x11, 0x31, 0x40, 0x50, 0x55, 0x59, 0xFFFE,
  ]

  private static let names = [
    0x14: "G.723", 0x16: "G.726", 0x45: "G.726", 0x64: "G.726", 0x65: "G.722", 0x83: "G.729",
    0x28F: "G.722", 0xFF: "AAC", 0x160: "Windows Media Audio", 0x161: "Windows Media Audio",
    0x162: "Windows Media Audio", 0x1610: "AAC", 0x2000: "AC-3", 0x2001: "DTS", 0x706D: "AAC",
    0xA106: "AAC", 0xA109: "Speex", 0xF1AC: "FLAC",
  ]

  /// The encoding of a WAV in words that complete "holds …"; nil where libsndfile knows it, or
  /// where `bytes` are no WAV.
  static func lacking(in bytes: FileBytes) -> String? {
    guard let number = number(in: bytes), !known.contains(number), number > 0 else { return nil }
    return "\(names[number] ?? "an encoding of the number \(number)") in WAV"
  }

  /// Whether `bytes` are a WAV of MPEG audio.
  static func isMPEG(_ bytes: FileBytes) -> Bool { [0x50, 0x55].contains(number(in: bytes)) }

  /// Whether a WAV ends before its data do by its header.
  static func isCut(_ bytes: FileBytes) -> Bool {
    let data = Chunks(bytes, from: 12, .little).first { $0.name == "data" }
    // Larger ones mean "unknown".
    return data.map { $0.start + $0.size > bytes.count && $0.size < 0x7FFF_0000 } ?? false
  }

  /// The number of the encoding; nil where `bytes` are no WAV.
  private static func number(in bytes: FileBytes) -> Int? {
    let head = bytes.bytes(at: 0, count: 12)
    guard ["RIFF", "RF64"].contains(where: { head.starts(with: $0.utf8) }),
      head.dropFirst(8).elementsEqual("WAVE".utf8),
      let format = Chunks(bytes, from: 12, .little).first(where: { $0.name == "fmt " })
    else { return nil }
    let tag = bytes.bytes(at: format.start, count: 2)
    return tag.count == 2 ? littleEndian(tag) : nil
  }
}
