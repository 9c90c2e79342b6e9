import Foundation

/// A WAV file made byte by byte, so that its header can say anything.
struct WAV {
  /// 1 for integers, 3 for floating point.
  var format: UInt16 = 1
  var channels: UInt16 = 1
  var sampleRate: UInt32 = 16_000
  var bits: UInt16 = 16
  /// What the header says of the data's length in place of the truth, and of the file's.
  var claimedSize: UInt32?
  var data: [UInt8]

  var bytes: [UInt8] {
    let frame = channels &* (bits / 8)
    return Array("RIFF".utf8) + littleEndian(claimedSize ?? UInt32(36 + data.count))
      + Array("WAVEfmt ".utf8) + littleEndian(UInt32(16)) + littleEndian(format)
      + littleEndian(channels) + littleEndian(sampleRate)
      + littleEndian(sampleRate &* UInt32(frame)) + littleEndian(frame) + littleEndian(bits)
      + Array("data".utf8) + littleEndian(claimedSize ?? UInt32(data.count)) + data
  }

  /// How many frames the data holds.
  var frames: Int { data.count / Int(channels) / Int(bits / 8) }

  /// `frames` frames of noise as integers of `bits` bits, the same in every run.
  static func noise(
    _ frames: Int, channels: UInt16 = 1, sampleRate: UInt32 = 16_000, bits: UInt16 = 16
  ) -> WAV {
    var state: UInt32 = 1
    let data = (0..<frames * Int(channels) * Int(bits / 8)).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(state >> 24)
    }
    return WAV(channels: channels, sampleRate: sampleRate, bits: bits, data: data)
  }

  /// More than is kept of a pipe in memory, though it lasts 5 s only.
  static var long: WAV {
    let noise = noise(8192, channels: 16, sampleRate: 400_000)
    let data = [[UInt8]](repeating: noise.data, count: 260).joined()
    return WAV(channels: 16, sampleRate: 400_000, data: Array(data))
  }

  static func floats(_ samples: [Float], channels: UInt16 = 1) -> WAV {
    WAV(
      format: 3, channels: channels, bits: 32,
      data: samples.flatMap { littleEndian($0.bitPattern) })
  }

  static func doubles(_ samples: [Double]) -> WAV {
    WAV(format: 3, bits: 64, data: samples.flatMap { littleEndian($0.bitPattern) })
  }
}

func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// The first half of a clip in Fixtures.
func firstHalf(ofClip name: String) throws -> Data {
  let bytes = try Data(contentsOf: URL(filePath: Program.fixture("clips/\(name)")))
  return bytes.prefix(bytes.count / 2)
}

extension Workspace {
  /// A short clip that nothing is wrong with.
  func writeGoodClip(_ name: String = "good.wav") throws {
    try write(name, WAV.noise(2000).bytes)
  }
}
