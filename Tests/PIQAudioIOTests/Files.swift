import Foundation

/// A folder of its own for a test, removed with this object.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/audio-io-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a file called `name`.
  func file(_ name: String) -> String { path + "/" + name }

  /// The path of a new file called `name` that holds `bytes`.
  func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }

  func bytes(_ name: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: URL(fileURLWithPath: file(name))))
  }

  /// Names of everything in the folder, hidden files included.
  var contents: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }
}

/// A WAV file made byte by byte, so that its header can say anything.
struct HandmadeWAV {
  var format: UInt16 = 1
  var channels: UInt16 = 1
  var sampleRate: UInt32 = 8000
  var bits: UInt16 = 16
  var data: [UInt8] = []
  /// What the header says in place of the true sizes.
  var claimedRIFFSize: UInt32?
  var claimedDataSize: UInt32?
  /// Chunks after the data.
  var trailer: [UInt8] = []

  var bytes: [UInt8] {
    let frame = UInt32(channels) * UInt32(bits / 8)
    return Array("RIFF".utf8)
      + littleEndian(claimedRIFFSize ?? UInt32(36 + data.count + trailer.count))
      + Array("WAVEfmt ".utf8) + littleEndian(UInt32(16)) + littleEndian(format)
      + littleEndian(channels) + littleEndian(sampleRate)
      + littleEndian(sampleRate.multipliedReportingOverflow(by: frame).partialValue)
      + littleEndian(UInt16(truncatingIfNeeded: frame)) + littleEndian(bits)
      + Array("data".utf8) + littleEndian(claimedDataSize ?? UInt32(data.count)) + data + trailer
  }

  /// 16-bit samples.
  init(pcm16 samples: [Int16] = []) { data = samples.flatMap { littleEndian($0) } }

  /// 32-bit floating-point samples.
  init(float32 samples: [Float]) {
    (format, bits) = (3, 32)
    data = samples.flatMap { littleEndian($0.bitPattern) }
  }

  /// 64-bit floating-point samples.
  init(float64 samples: [Double]) {
    (format, bits) = (3, 64)
    data = samples.flatMap { littleEndian($0.bitPattern) }
  }
}

func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// Noise that is the same in every run (a linear congruential generator), within ±`level`.
func noise(_ count: Int, level: Float = 0.5) -> [Float] {
  var state: UInt32 = 1
  return (0..<count).map { _ in
    state = state &* 1_664_525 &+ 1_013_904_223
    return (Float(state >> 8) / Float(1 << 23) - 1) * level
  }
}

func sine(_ frequency: Double, sampleRate: Int, count: Int, level: Double = 0.5) -> [Float] {
  (0..<count).map {
    Float(level * sin(2 * .pi * frequency * Double($0) / Double(sampleRate)))
  }
}

/// The largest absolute difference; infinite where the counts differ.
func difference(_ a: some Collection<Float>, _ b: some Collection<Float>) -> Float {
  guard a.count == b.count else { return .infinity }
  return zip(a, b).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
}
