import Foundation
import PIQAudioIO
import PIQPlatform
import Testing

/// Files beyond the 32-bit sizes of WAV, and files that change while they are read.
@Suite struct LargeFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func smallFileStaysWAV() throws {
    let path = folder.file("a.wav")
    var isRF64 = true
    try SoundFileWriter.write(to: path, sampleRate: 16_000, growsToRF64: true) { writer in
      for _ in 0..<3 { try writer.write(noise(1000)) }
      isRF64 = writer.isRF64
    }
    #expect(!isRF64)
    #expect(try folder.bytes("a.wav").starts(with: "RIFF".utf8))
    let reader = try SoundFileReader(path: path)
    #expect(reader.declaredFrames == 3000)
    #expect(try reader.read(upTo: 4000) == noise(1000) + noise(1000) + noise(1000))
    #expect(reader.warning == nil)
  }

  /// A file with a hole: its header, and so much nothing.
  private func sparse(_ name: String, _ header: [UInt8], size: Int) throws -> String {
    let path = try folder.file(name, header)
    try #require(truncate(path, size) == 0)
    return path
  }

  private static let format =
    littleEndian(UInt16(1)) + littleEndian(UInt16(1)) + littleEndian(UInt32(8000))
    + littleEndian(UInt32(16_000)) + littleEndian(UInt16(2)) + littleEndian(UInt16(16))
  private static let dataSize = 5_000_000_000

  @Test func readsRF64Beyond4GiB() throws {
    let rest = UInt32.max
    let header =
      Array("RF64".utf8) + littleEndian(rest) + Array("WAVEds64".utf8) + littleEndian(UInt32(28))
      + littleEndian(UInt64(Self.dataSize + 72)) + littleEndian(UInt64(Self.dataSize))
      + littleEndian(UInt64(Self.dataSize / 2)) + littleEndian(UInt32(0))
      + Array("fmt ".utf8) + littleEndian(UInt32(16)) + Self.format
      + Array("data".utf8) + littleEndian(rest)
    try expectLong(sparse("a.wav", header, size: header.count + Self.dataSize))
  }

  @Test func readsCAFBeyond4GiB() throws {
    func big(_ value: some FixedWidthInteger) -> [UInt8] { littleEndian(value).reversed() }
    let header =
      Array("caff".utf8) + big(UInt16(1)) + big(UInt16(0)) + Array("desc".utf8) + big(UInt64(32))
      + big((8000.0).bitPattern) + Array("lpcm".utf8) + big(UInt32(2)) + big(UInt32(2))
      + big(UInt32(1)) + big(UInt32(1)) + big(UInt32(16)) + Array("data".utf8)
      + big(UInt64(Self.dataSize + 4)) + big(UInt32(0))
    try expectLong(sparse("a.caf", header, size: header.count + Self.dataSize))
  }

  @Test func readsW64Beyond4GiB() throws {
    func chunk(_ name: String, _ tail: [UInt8]) -> [UInt8] { Array(name.utf8) + tail }
    let guid: [UInt8] = [0xF3, 0xAC, 0xD3, 0x11, 0x8C, 0xD1, 0x00, 0xC0, 0x4F, 0x8E, 0xDB, 0x8A]
    let riff: [UInt8] = [0x2E, 0x91, 0xCF, 0x11, 0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0x00, 0x00]
    let header =
      chunk("riff", riff) + littleEndian(UInt64(104 + Self.dataSize)) + chunk("wave", guid)
      + chunk("fmt ", guid) + littleEndian(UInt64(40)) + Self.format
      + chunk("data", guid) + littleEndian(UInt64(24 + Self.dataSize))
    try expectLong(sparse("a.w64", header, size: header.count + Self.dataSize))
  }

  private func expectLong(_ path: String) throws {
    let reader = try SoundFileReader(path: path)
    #expect(reader.declaredFrames == Self.dataSize / 2)
    #expect(try reader.read(upTo: 1000) == [Float](repeating: 0, count: 1000))
  }

  @Test func fileThatShrinks() throws {
    let path = try folder.file("a.wav", HandmadeWAV(float32: noise(300_000)).bytes)
    let reader = try SoundFileReader(path: path)
    _ = try reader.read(upTo: 1000)
    try #require(truncate(path, 400_000) == 0)
    let error = #expect(throws: SoundFileError.self) {
      while !reader.isAtEnd { _ = try reader.read(upTo: 50_000) }
    }
    #expect(error?.problem == .shrank)
    #expect(error?.description.contains("became shorter while it was read; wait") == true)
  }
}
