import Foundation
import PIQSpectral
import PIQTensor
import Testing

@Suite struct STFTTests {
  /// n_fft, hop, window, samples; odd where they can be.
  static let measures = [
    (30, 7, 19, 53), (30, 7, 20, 70), (64, 16, 64, 1), (64, 16, 64, 15), (64, 16, 64, 16),
    (34, 11, 11, 200), (2, 1, 1, 5), (50, 13, 37, 0), (1024, 186, 372, 1000),
  ]

  static func stft(_ nFFT: Int, _ hop: Int, _ window: Int) throws -> STFT {
    try STFT(
      STFTConfiguration(sampleRate: 8000, nFFT: nFFT, hopLength: hop, windowLength: window))
  }

  @Test(arguments: measures)
  func equalsItsDefinition(_ nFFT: Int, _ hop: Int, _ window: Int, _ count: Int) throws {
    let stft = try Self.stft(nFFT, hop, window)
    let samples = noise(count)
    let spectrogram = stft.forward(samples)
    #expect(spectrogram.values.shape == [count / hop + 1, nFFT / 2 + 1, 2])
    #expect(spectrogram.frames == stft.configuration.frames(for: count))
    let expected = NaiveTransform(configuration: stft.configuration).forward(samples)
    #expect(relativeDifference(spectrogram.values.elements, expected) < 1e-6)
  }

  @Test(arguments: measures, [nil, 0, 1, 40, 90, 400] as [Int?])
  func inverseEqualsItsDefinition(
    _ measures: (Int, Int, Int, Int), _ length: Int?
  ) throws {
    let stft = try Self.stft(measures.0, measures.1, measures.2)
    let (frames, bins) = (5, stft.configuration.bins)
    let values = noise(frames * bins * 2)
    let actual = stft.inverse(
      Spectrogram(values: Tensor(shape: [frames, bins, 2], values)), length: length)
    let count = length ?? (frames - 1) * measures.1
    #expect(actual.count == count)
    let expected = NaiveTransform(configuration: stft.configuration)
      .inverse(values.map { Double($0) }, frames: frames, length: count)
    #expect(relativeDifference(actual, expected) < 2e-6)
  }

  @Test(arguments: [0, 1, 185, 186, 187, 800, 12_345, 80_000])
  func thereAndBackAgain(_ count: Int) {
    let stft = STFT(.speechBrainPIQ)
    let samples = noise(count)
    let spectrogram = stft.forward(samples)
    #expect(relativeDifference(stft.inverse(spectrogram, length: count), samples) < 1e-6)
    let trimmed = stft.inverse(spectrogram)
    #expect(trimmed.count == count / 186 * 186)
    #expect(relativeDifference(trimmed, Array(samples[..<trimmed.count])) < 1e-6)
  }

  @Test func isLinear() {
    let stft = STFT(.speechBrainPIQ)
    let (a, b) = (noise(3000), noise(3000, seed: 2))
    let sum = stft.forward(zip(a, b).map { 2 * $0 - $1 }).values.elements
    let parts = zip(stft.forward(a).values.elements, stft.forward(b).values.elements)
    #expect(relativeDifference(sum, parts.map { 2 * $0 - $1 }) < 1e-6)
  }

  @Test func silenceStaysSilence() {
    let stft = STFT(.speechBrainPIQ)
    let spectrogram = stft.forward([Float](repeating: 0, count: 1000))
    #expect(spectrogram.values.elements.allSatisfy { $0 == 0 })
    #expect(spectrogram.logPower().elements.allSatisfy { abs($0 - 1e-7) < 1e-12 })
    #expect(stft.inverse(spectrogram, length: 1000).allSatisfy { $0 == 0 })
  }

  @Test func aSineIsInItsBin() {
    let samples = (0..<16_000).map { Float(sin(2 * .pi * 1000 * Double($0) / 16_000)) }
    let row = STFT(.speechBrainPIQ).forward(samples).magnitude().rows(40..<41).elements
    #expect(row.indices.max { row[$0] < row[$1] } == 64)
    // Half of the window's sum, but for what leaks from the negative frequency.
    #expect(abs(row[64] - 372 * 0.54 / 2) < 0.2)
  }

  @Test func featuresEqualTheirDefinitions() {
    let values: [Float] = [3, 4, 0, 0, -1, 0, 0, -2, -1e-9, 1e-9, 1e30, 1e30]
    let spectrogram = Spectrogram(values: Tensor(shape: [2, 3, 2], values))
    #expect(spectrogram.frames == 2 && spectrogram.bins == 3)
    let pairs = stride(from: 0, to: 12, by: 2).map { (Double(values[$0]), Double(values[$0 + 1])) }
    #expect(spectrogram.phase().shape == [2, 3])
    #expect(
      relativeDifference(spectrogram.phase().elements, pairs.map { atan2($1, $0) }) < 1e-7)
    #expect(
      relativeDifference(
        Array(spectrogram.magnitude().elements), pairs.map { hypot($0, $1) }) < 1e-7)
    #expect(
      relativeDifference(
        Array(spectrogram.logPower().elements[..<5]),
        pairs[..<5].map { log1p(($0 * $0 + $1 * $1 + 1e-14).squareRoot()) }) < 1e-7)
  }

  @Test func ownMagnitudesMakeTheSameSignal() {
    let stft = STFT(.speechBrainPIQ)
    let spectrogram = stft.forward(noise(5000))
    let actual = stft.inverse(
      magnitude: spectrogram.magnitude(), phaseOf: spectrogram, length: 5000)
    #expect(relativeDifference(actual, noise(5000)) < 1e-6)
  }

  @Test func fewerMagnitudesThanPhases() throws {
    let stft = try Self.stft(64, 16, 48)
    let spectrogram = stft.forward(noise(1000))
    let magnitude = spectrogram.magnitude().rows(0..<20)
    let part = Spectrogram(values: spectrogram.values.rows(0..<20))
    let actual = stft.inverse(magnitude: magnitude, phaseOf: spectrogram)
    #expect(actual.count == 19 * 16)
    #expect(relativeDifference(actual, stft.inverse(part)) < 1e-6)
    #expect(
      stft.inverse(magnitude: Tensor(shape: [0, 33]), phaseOf: spectrogram, length: 3)
        == [0, 0, 0])
    #expect(stft.inverse(magnitude: Tensor(shape: [0, 33]), phaseOf: spectrogram).isEmpty)
  }

  @Test func phasesAreThoseOfTheArcTangent() throws {
    let stft = try Self.stft(16, 4, 16)
    let tiny: Float = 1e-30
    let values: [Float] =
      [0, 0, -0.0, 0, tiny, tiny, -tiny, 0, 1e25, -1e25, 0, 1, 3, 4, -1, -1, 2, 0]
    let spectrogram = Spectrogram(values: Tensor(shape: [1, 9, 2], values))
    let magnitudes = noise(9)
    let turned = zip(magnitudes, spectrogram.phase().elements).flatMap { magnitude, angle in
      [magnitude * cos(angle), magnitude * sin(angle)]
    }
    let actual = stft.inverse(
      magnitude: Tensor(shape: [1, 9], magnitudes), phaseOf: spectrogram, length: 8)
    let expected = stft.inverse(
      Spectrogram(values: Tensor(shape: [1, 9, 2], turned)), length: 8)
    #expect(relativeDifference(actual, expected) < 1e-6)
  }

  @Test func threadsShareATransform() async throws {
    let shared = STFT(.speechBrainPIQ)
    let expected = STFT(.speechBrainPIQ).forward(noise(20_000))
    let inverse = STFT(.speechBrainPIQ).inverse(expected)
    await withTaskGroup(of: Bool.self) { group in
      for i in 0..<16 {
        group.addTask {
          // Other sizes are planned while this one is in use.
          let other = try? Self.stft(100 + 2 * i, 10, 50)
          let spectrogram = shared.forward(noise(20_000))
          return spectrogram == expected && other?.forward(noise(99)).frames == 10
            && shared.inverse(spectrogram) == inverse
        }
      }
      for await same in group { #expect(same) }
    }
  }
}
