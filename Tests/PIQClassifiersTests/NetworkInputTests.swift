import Foundation
import PIQClassifiers
import PIQSpectral
import PIQTensor
import Testing

/// Windows of clips as the inputs of a network.
@Suite struct NetworkInputTests {
  private static let stft = STFTConfiguration.speechBrainPIQ
  private let frontEnd = FrontEnd(Self.stft, normalize: .none)

  private func input(
    _ change: (inout NetworkConfiguration) -> Void = { _ in }, shape: [Int?] = [1, 1000]
  ) throws -> NetworkInput {
    var configuration = NetworkConfiguration(
      file: "a.onnx", window: 1000 / 16_000, hop: 500 / 16_000, scores: "scores")
    change(&configuration)
    try configuration.validate(sampleRate: 16_000)
    return try NetworkInput(configuration, shape: shape, stft: Self.stft)
  }

  private func inputs(_ input: NetworkInput, _ samples: [Float]) -> [Tensor] {
    var all: [Tensor] = []
    input.forEach(frontEnd.clip(samples), atOnce: 2) { all += $0 }
    return all
  }

  /// Windows start at 0, hop, two hops … until the end is covered; zeros follow it.
  @Test(arguments: [(1, 1), (999, 1), (1000, 1), (1001, 2), (1500, 2), (1501, 3), (4000, 7)])
  func windows(count: Int, expected: Int) throws {
    let samples = (1...count).map { Float($0) / 10_000 }
    let found = inputs(try input(), samples)
    #expect(found.count == expected)
    #expect(found.allSatisfy { $0.shape == [1, 1000] })
    for (index, window) in found.enumerated() {
      let own = samples.dropFirst(index * 500).prefix(1000)
      #expect(window.elements == own + [Float](repeating: 0, count: 1000 - own.count))
    }
  }

  @Test func gains() throws {
    let samples: [Float] = [0.1, -0.4, 0.2, 0.1]
    let peak = inputs(try input { $0.gain = .peak }, samples)[0].elements
    #expect(peak.prefix(4) == [0.25, -1, 0.5, 0.25])
    let standard = inputs(try input { $0.gain = .standardize }, samples)[0].elements
    #expect(abs(standard.prefix(4).reduce(0, +)) < 1e-6)
    #expect(abs(standard.prefix(4).reduce(0) { $0 + $1 * $1 } / 4 - 1) < 1e-4)
    #expect(standard.dropFirst(4).allSatisfy { $0 == 0 })
    // Silence stays silent.
    #expect(inputs(try input { $0.gain = .peak }, [0, 0])[0].elements.allSatisfy { $0 == 0 })
  }

  /// Axes of one, axes that are free, and shapes that nothing fits.
  @Test func shapes() throws {
    for shape in [[1, 1000], [nil, nil], [1, 1, 1000], [nil, 1, nil], [1000], [1, 1000, 1]]
      as [[Int?]]
    {
      let found = try input(shape: shape).inputShape
      #expect(found.reduce(1, *) == 1000 && found.count == shape.count)
    }
    for shape in [[1, 999], [3, 7, 11, 13], [2, 1000], [], [1, 1]] as [[Int?]] {
      #expect(throws: PIQError.self, "\(shape)") { try input(shape: shape) }
    }
  }

  @Test func spectrograms() throws {
    var mel = MelConfiguration()
    (mel.nFFT, mel.windowLength, mel.hopLength, mel.melCount) = (256, 200, 100, 20)
    (mel.mean, mel.deviation) = (-4, 2)
    let samples = (0..<1200).map { sin(Float($0) * 0.3) }
    let expected = MelSpectrogram(mel, sampleRate: 16_000)(Array(samples[..<1000]))
    let rows = expected.shape[0]
    let straight = inputs(
      try input({ ($0.input, $0.mel) = (.logMel, mel) }, shape: [1, 1, rows, 20]), samples)
    #expect(straight.count == 2 && straight[0].elements == expected.elements)
    let turned = inputs(
      try input(
        { ($0.input, $0.mel, $0.layout) = (.logMel, mel, .frequencyTime) }, shape: [1, 20, nil]),
      samples)
    #expect(turned[0].shape == [1, 20, rows])
    #expect(turned[0][flat: rows] == expected[flat: 1])
    // Frames that a window lacks are zeros before they are normalised.
    let longer = inputs(
      try input({ ($0.input, $0.mel) = (.logMel, mel) }, shape: [1, rows + 3, 20]), samples)
    #expect(longer[0].elements.suffix(60).allSatisfy { $0 == 2 })
    #expect(throws: PIQError.self) {
      try input({ ($0.input, $0.mel) = (.logMel, mel) }, shape: [1, rows - 1, 20])
    }
    // The log-power of the clip itself, by rows.
    let clip = frontEnd.clip(samples)
    let power = try input({ $0.input = .logPower }, shape: [1, nil, 513])
    var all: [Tensor] = []
    power.forEach(clip, atOnce: 8) { all += $0 }
    #expect(all[0].elements == clip.logPower.rows(0..<all[0].shape[1]).elements)
  }

  @Test func settingsThatCannotBe() {
    let changes: [(inout NetworkConfiguration) -> Void] = [
      { $0.file = "../a.onnx" }, { $0.file = "" }, { $0.file = ".." }, { $0.window = 0 },
      { $0.window = .nan }, { $0.window = 1e9 }, { $0.hop = 0 }, { $0.hop = 2 },
      { $0.input = .logMel },
    ]
    for (index, change) in changes.enumerated() {
      #expect(throws: PIQError.self, "\(index)") { try input(change) }
    }
  }
}
