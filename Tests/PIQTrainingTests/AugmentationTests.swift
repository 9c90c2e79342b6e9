import Foundation
import PIQNeuralNetwork
import PIQTensor
import PIQTraining
import Testing

/// What training does to sounds and weights.
@Suite struct AugmentationTests {
  private static let rate = 8000

  private static func tone(_ frequency: Double, _ count: Int) -> [Float] {
    (0..<count).map { Float(sin(2 * Double.pi * frequency * Double($0) / Double(rate))) }
  }

  /// The amplitude of a frequency.
  private static func level(_ samples: [Float], at frequency: Double) -> Double {
    var (real, imaginary) = (0.0, 0.0)
    for (i, sample) in samples.enumerated() {
      let angle = 2 * Double.pi * frequency * Double(i) / Double(rate)
      real += Double(sample) * cos(angle)
      imaginary += Double(sample) * sin(angle)
    }
    return 2 * (real * real + imaginary * imaginary).squareRoot() / Double(samples.count)
  }

  /// A tone played faster is a higher one.
  @Test(arguments: [0.8, 1.0, 1.25]) func speed(factor: Double) {
    let count = 4000
    let needed = PlaybackSpeed.samples(for: count, at: factor)
    let played = PlaybackSpeed.change(Self.tone(400, needed), to: count, at: factor)
    #expect(played.count == count)
    let wanted = Self.tone(400 * factor, count)
    // The cubics of a frequency of a twentieth of the rate.
    let error = zip(played, wanted).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
    #expect(error < 0.01, "\(error)")
    #expect(factor != 1 || played == wanted)
  }

  /// A band is raised by as much as is asked for, and what is far from it stays.
  @Test(arguments: [-12.0, 6.0, 20.0]) func equalizer(gain: Double) {
    let filter = PeakingFilter(frequency: 1000, gain: gain, quality: 2, sampleRate: Self.rate)
    func change(_ frequency: Double) -> Double {
      var samples = Self.tone(frequency, 16_000)
      filter(&samples)
      return 20 * log10(Self.level(Array(samples[8000...]), at: frequency))
    }
    #expect(abs(change(1000) - gain) < 0.05)
    #expect(abs(change(60)) < 0.3)
    #expect(abs(change(3900)) < 0.3)
  }

  /// The average of constant weights is the weights; it follows others slowly, is what `applied` shows,
  /// and leaves the weights as they were.
  @Test func average() throws {
    let parameter = Parameter(Tensor(shape: [2], [1, 2]))
    let average = WeightAverage(of: [("w", parameter)], decay: 0.5)
    average.update()
    average.applied { #expect(parameter.value.elements == [1, 2]) }
    parameter.value = Tensor(shape: [2], [3, 0])
    for _ in 0..<8 { average.update() }
    // min(0.5, (1 + n) / (10 + n)) of the old for n = 1 to 8.
    var kept = 1.0
    for n in 1...8 { kept *= min(0.5, Double(1 + n) / Double(10 + n)) }
    average.applied {
      let values = parameter.value.elements
      #expect(abs(Double(values[0]) - (3 - 2 * kept)) < 1e-6)
      #expect(abs(Double(values[1]) - 2 * kept) < 1e-6)
    }
    #expect(parameter.value.elements == [3, 0])
  }
}
