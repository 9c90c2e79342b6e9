import Foundation
import PIQ
import PIQModels
import PIQPlatform
import PIQSpectral
import TestSupport
import Testing

/// Models as people have them: diverged, edited, computed.
@Suite struct ImportFromTheFieldTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path + "/model" }

  init() throws {
    folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: Fixtures.path("small-speechbrain"), toPath: path)
  }

  private func edit(_ name: String, _ change: (String) -> String) throws {
    let file = path + "/" + name
    let text = try String(contentsOfFile: file, encoding: .utf8)
    let changed = change(text)
    try #require(changed != text)
    try changed.write(toFile: file, atomically: true, encoding: .utf8)
  }

  private static func crc32(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var crc: UInt32 = ~0
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return (0..<4).map { UInt8(truncatingIfNeeded: ~crc >> (8 * $0)) }
  }

  /// Writes a value over the first one of a stored tensor, checksum included.
  private func poison(_ name: String, with value: Float) throws {
    let file = URL(filePath: path + "/classifier.ckpt")
    var bytes = [UInt8](try Data(contentsOf: file))
    let mark = Array(name.utf8)
    let place = try #require(
      bytes.indices.dropLast(mark.count).first {
        bytes[$0...].starts(with: mark)
          && bytes[$0 - 30..<$0 - 26].elementsEqual("PK\u{3}\u{4}".utf8)
      })
    let start = place + mark.count + Int(bytes[place - 2]) + Int(bytes[place - 1]) << 8
    let size = (0..<4).reduce(0) { $0 + Int(bytes[place - 12 + $1]) << (8 * $1) }
    let old = Self.crc32(bytes[start..<start + size])
    for i in 0..<4 { bytes[start + i] = UInt8(truncatingIfNeeded: value.bitPattern >> (8 * i)) }
    let new = Self.crc32(bytes[start..<start + size])
    var changed = 0
    for i in 0..<bytes.count - 3 where bytes[i..<i + 4].elementsEqual(old) {
      bytes.replaceSubrange(i..<i + 4, with: new)
      changed += 1
    }
    try #require(changed >= 2)
    try Data(bytes).write(to: file)
  }

  @Test(arguments: [Float.nan, .infinity]) func aModelThatDiverged(value: Float) throws {
    _ = try SpeechBrainImport(path: path, name: "good")
    try poison("classifier/data/0", with: value)
    let error = #expect(throws: Failure.self) { try SpeechBrainImport(path: path, name: "bad") }
    #expect(
      error?.problem.contains("not finite") == true && error?.path?.hasSuffix(".ckpt") == true)
  }

  @Test func labelsWithAByteOrderMark() throws {
    let labels = try SpeechBrainImport(path: path, name: "m").configuration.labels
    try edit("label_encoder.txt") { "\u{FEFF}" + $0 }
    #expect(try SpeechBrainImport(path: path, name: "m").configuration.labels == labels)
  }

  @Test func arithmeticInSettings() throws {
    let configuration = try SpeechBrainImport(path: path, name: "m").configuration
    let rate = configuration.stft.sampleRate
    try edit("hyperparams.yaml") { text in
      text.replacing(
        "sample_rate: \(rate)", with: "half: \(rate / 2)\nsample_rate: !ref <half> * 2")
    }
    #expect(try SpeechBrainImport(path: path, name: "m").configuration == configuration)
  }
}
