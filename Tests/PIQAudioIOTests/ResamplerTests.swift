import Foundation
import PIQAudioIO
import Testing

@Suite struct ResamplerTests {
  /// torchaudio's definition, word by word and in double precision, for some of the output.
  static func definition(
    _ input: [Float], from: Int, to: Int, outputs: StrideTo<Int>
  ) -> [Float] {
    func divisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : divisor(b, a % b) }
    let (from, to) = (from / divisor(from, to), to / divisor(from, to))
    let cutoff = Double(min(from, to)) * 0.99
    return outputs.map { output in
      let (block, phase) = (output / to, output % to)
      var sum = 0.0
      for (i, sample) in input.enumerated() {
        // torchaudio divides the phase in single precision.
        let time = Double(Float(-phase) / Float(to)) + Double(i - block * from) / Double(from)
        let t = min(max(time * cutoff, -6), 6)
        let window = pow(cos(t * .pi / 12), 2)
        let sinc = t == 0 ? 1 : sin(.pi * t) / (.pi * t)
        sum += Double(sample) * sinc * window * cutoff / Double(from)
      }
      return Float(sum)
    }
  }

  @Test(arguments: [
    (44_100, 16_000, 500), (48_000, 16_000, 500), (22_050, 16_000, 333), (8000, 16_000, 100),
    (11_025, 16_000, 100), (2, 3, 50), (3, 2, 51), (7, 5, 1), (5, 7, 2), (192_000, 16_000, 1000),
    // Many phases: in a table, and computed on the fly.
    (44_101, 16_000, 400), (1_000_003, 16_000, 1000), (11, 400_009, 3), (999_999_937, 16_000, 5),
  ])
  func equalsItsDefinition(_ from: Int, _ to: Int, _ count: Int) {
    let input = noise(count)
    let actual = Resampler(from: from, to: to).resample(input)
    let step = stride(from: 0, to: actual.count, by: 1 + actual.count / 2000)
    let expected = Self.definition(input, from: from, to: to, outputs: step)
    #expect(difference(step.map { actual[$0] }, expected) < 5e-7)
  }

  @Test(arguments: [
    (44_100, 16_000), (48_000, 16_000), (8000, 16_000), (44_101, 16_000), (3, 1), (1, 3),
    (1_000_003, 16_000), (16_000, 16_000), (Int.max, 1), (Int.max, Int.max - 1),
  ])
  func lengthIsRoundedUp(_ from: Int, _ to: Int) {
    let resampler = Resampler(from: from, to: to)
    for count in [0, 1, 2, 440, 441, 442] {
      let exact = to.multipliedFullWidth(by: count)
      let (quotient, remainder) = from.dividingFullWidth(exact)
      let expected = quotient + (remainder > 0 ? 1 : 0)
      #expect(resampler.outputCount(for: count) == expected)
      #expect(resampler.resample(noise(count)).count == expected)
    }
  }

  @Test func equalRatesChangeNothing() {
    #expect(Resampler(from: 44_100, to: 44_100).resample(noise(100)) == noise(100))
  }

  @Test func isLinear() {
    let resampler = Resampler(from: 44_100, to: 16_000)
    let (a, b) = (noise(2000), sine(50, sampleRate: 1000, count: 2000))
    let sum = resampler.resample(zip(a, b).map { 2 * $0 - $1 })
    let expected = zip(resampler.resample(a), resampler.resample(b)).map { 2 * $0 - $1 }
    #expect(difference(sum, expected) < 1e-6)
  }

  @Test(arguments: [8000, 11_025, 22_050, 32_000, 44_100, 48_000, 44_101, 96_000, 192_000])
  func aSineKeepsFrequencyAndLevel(_ rate: Int) {
    let output = Resampler(from: rate, to: 16_000)
      .resample(sine(1000, sampleRate: rate, count: rate / 4))
    let expected = sine(1000, sampleRate: 16_000, count: 4000)
    // Apart from the ends, where the sound is cut off.
    #expect(difference(output[100..<3900], expected[100..<3900]) < 2e-3)
  }

  @Test func whatTheLowerRateCannotHoldIsRemoved() {
    let output = Resampler(from: 48_000, to: 16_000)
      .resample(sine(12_000, sampleRate: 48_000, count: 12_000))
    #expect(output[100..<3900].allSatisfy { $0.magnitude < 1e-3 })
  }
}
