import PIQAudioIO
import Testing

/// A recording that is resampled block by block.
@Suite struct ResamplerStreamTests {
  @Test(arguments: [
    (44_100, 16_000), (48_000, 16_000), (8000, 16_000), (16_000, 16_000), (7, 5), (5, 7),
    // Computed on the fly.
    (44_101, 16_000), (1_000_003, 16_000),
  ])
  func blocksMakeTheSameBits(_ from: Int, _ to: Int) {
    let resampler = Resampler(from: from, to: to)
    let input = noise(3001)
    let whole = resampler.resample(input)
    for size in [1, 7, 64, 1000, 3000, 3001, 5000] {
      var stream = ResamplerStream(resampler)
      var output: [Float] = []
      for first in stride(from: 0, to: input.count, by: size) {
        output += stream.resample(Array(input[first..<min(first + size, input.count)]))
      }
      output += stream.finish()
      #expect(output.map(\.bitPattern) == whole.map(\.bitPattern), "blocks of \(size)")
    }
  }

  @Test func emptyBlocksAndRecordings() {
    var stream = ResamplerStream(Resampler(from: 3, to: 2))
    #expect(stream.resample([]) == [])
    #expect(stream.finish() == [])
    #expect(Resampler(from: 3, to: 2).resample([]) == [])
  }

  /// What a filter needs has been received when its sample comes out: nothing is held back for long.
  @Test func samplesComeOutSoon() {
    var stream = ResamplerStream(Resampler(from: 48_000, to: 16_000))
    let received = stream.resample(noise(48_000)).count
    #expect(received > 15_980 && received <= 16_000)
  }
}
