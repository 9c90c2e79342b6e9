/// The formats that only ffmpeg decodes, by their first bytes.
struct ForeignFormat: Sendable {
  /// The name in messages; completes "holds …".
  let name: String
  private let isBegunBy: @Sendable ([UInt8]) -> Bool

  private static let all: [ForeignFormat] = [
    .init("sound in MP4 (AAC, ALAC and others)") { $0.dropFirst(4).starts(with: "ftyp".utf8) },
    .init("sound in QuickTime") { $0.dropFirst(4).starts(with: "moov".utf8) },
    .init("sound in Matroska or WebM") { $0.starts(with: [0x1A, 0x45, 0xDF, 0xA3]) },
    .init("AAC") { $0.count > 6 && $0[0] == 0xFF && $0[1] & 0xF6 == 0xF0 && $0[2] >> 2 & 15 < 13 },
    .init("AAC") { $0.starts(with: "ADIF".utf8) },
    .init("Windows Media Audio") { $0.starts(with: [0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF]) },
    .init("WavPack") { $0.starts(with: "wvpk".utf8) },
    .init("Monkey's Audio") { $0.starts(with: "MAC ".utf8) },
    .init("AMR") { $0.starts(with: "#!AMR".utf8) },
    .init("Musepack") { $0.starts(with: "MPCK".utf8) || $0.starts(with: "MP+".utf8) },
    .init("True Audio") { $0.starts(with: "TTA1".utf8) || $0.starts(with: "TTA2".utf8) },
    .init("TAK") { $0.starts(with: "tBaK".utf8) },
    .init("AC-3") { $0.starts(with: [0x0B, 0x77]) },
    .init("DTS") { $0.starts(with: [0x7F, 0xFE, 0x80, 0x01]) },
    .init("DSD") { $0.starts(with: "DSD ".utf8) || $0.starts(with: "FRM8".utf8) },
  ]

  /// The format that begins with `head`; nil for any other.
  static func find(_ head: [UInt8]) -> ForeignFormat? { all.first { $0.isBegunBy(head) } }

  private init(_ name: String, isBegunBy: @escaping @Sendable ([UInt8]) -> Bool) {
    self.name = name
    self.isBegunBy = isBegunBy
  }
}
