import Foundation
import PIQNeuralNetwork
import PIQPipeline
import TestSupport

/// A sound that is the same in every run: a rising tone in noise.
func sound(_ count: Int, rate: Int = 16_000) -> [Float] {
  var generator = SeededGenerator(seed: 21)
  return (0..<count).map { i in
    let time = Float(i) / Float(rate)
    return 0.4 * sin(2 * .pi * (300 + 1500 * time) * time)
      + Float.random(in: -0.1...0.1, using: &generator)
  }
}

/// A WAV file of 32-bit floats; `samples` holds all channels of a frame side by side.
func wavFile(_ samples: [Float], rate: Int, channels: Int) -> Data {
  var data = Data("RIFF".utf8)
  func append(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
  }
  let bytes = UInt32(samples.count * 4)
  append(36 + bytes)
  data += Data("WAVEfmt ".utf8)
  append(UInt32(16))
  append(UInt16(3))
  append(UInt16(channels))
  append(UInt32(rate))
  append(UInt32(rate * channels * 4))
  append(UInt16(channels * 4))
  append(UInt16(32))
  data += Data("data".utf8)
  append(bytes)
  for sample in samples { append(sample.bitPattern) }
  return data
}

extension ClipOutcome {
  /// The report of a clip that was not skipped, and the seconds it took by stage.
  var timed: (report: ClipReport, seconds: [String: Double])? {
    if case .done(let report, let seconds) = self { (report, seconds) } else { nil }
  }

  var isSkipped: Bool { timed == nil }
}
