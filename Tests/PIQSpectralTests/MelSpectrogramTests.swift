import Foundation
import PIQCheckpoints
import PIQSpectral
import PIQTensor
import TestSupport
import Testing

/// Spectrograms in mel bands, beside those of torchaudio, librosa, Kaldi and TensorFlow.
@Suite struct MelSpectrogramTests {
  private struct Case: Decodable, Sendable {
    let configuration: MelConfiguration
  }

  private struct Missing: Error { let name: String }

  private struct Goldens: Decodable {
    let sampleRate: Int
    let cases: [String: Case]
    let uncentered: [String: Case]

    enum CodingKeys: String, CodingKey {
      case cases
      case sampleRate = "sample_rate"
      case uncentered = "frames_of_n_fft"
    }
  }

  @Test func goldens() throws {
    let text = try Data(contentsOf: URL(filePath: Fixtures.path("networks/mel-goldens.json")))
    let goldens = try JSONDecoder().decode(Goldens.self, from: text)
    let arrays = try NPZ.read(path: Fixtures.path("networks/mel-goldens.npz"))
    func array(_ name: String) throws -> Tensor {
      guard case .float32(let tensor) = arrays[name] else { throw Missing(name: name) }
      return tensor
    }
    let signal = try array("signal").elements
    var cases = goldens.cases
    for (name, value) in goldens.uncentered {
      var configuration = value.configuration
      configuration.padding = .uncentered
      cases[name] = Case(configuration: configuration)
    }
    #expect(cases.count == 6)
    for (name, value) in cases {
      try value.configuration.validate(sampleRate: goldens.sampleRate)
      let spectrogram = MelSpectrogram(value.configuration, sampleRate: goldens.sampleRate)(signal)
      let golden = try array(name)
      #expect(spectrogram.shape == golden.shape, "\(name)")
      let difference = zip(spectrogram.elements, golden.elements).reduce(0) {
        max($0, abs($1.0 - $1.1))
      }
      #expect(difference < 2e-4, "\(name): \(difference)")
    }
  }

  @Test func framesOfLengths() {
    var configuration = MelConfiguration()
    (configuration.nFFT, configuration.hopLength, configuration.windowLength) = (512, 160, 400)
    for (padding, first) in [(MelConfiguration.Padding.none, 400), (.uncentered, 512)] {
      configuration.padding = padding
      #expect(
        [0, 1, first - 1, first, first + 159, first + 160].map(configuration.frames) == [
          0, 0, 0, 1, 1, 2,
        ])
      #expect(configuration.frames(for: configuration.samples(for: 7)) == 7)
    }
    configuration.padding = .reflect
    #expect([1, 159, 160].map(configuration.frames) == [1, 1, 2])
    #expect(configuration.frames(for: configuration.samples(for: 7)) == 7)
  }

  @Test func whatCannotBe() {
    let changes: [(inout MelConfiguration) -> Void] = [
      { $0.nFFT = 0 }, { $0.nFFT = 3 }, { $0.windowLength = 0 }, { $0.windowLength = 2048 },
      { $0.hopLength = 0 }, { $0.melCount = 0 }, { $0.lowest = -1 }, { $0.lowest = 9000 },
      { $0.highest = 9000 }, { ($0.lowest, $0.highest) = (500, 400) }, { $0.power = 3 },
      { $0.preemphasis = 1 }, { $0.logFloor = 0 }, { $0.logFloor = .nan }, { $0.deviation = 0 },
      { $0.mean = .infinity },
    ]
    for (index, change) in changes.enumerated() {
      var configuration = MelConfiguration()
      change(&configuration)
      #expect(throws: STFTConfigurationError.self, "\(index)") {
        try configuration.validate(sampleRate: 16_000)
      }
    }
    #expect(throws: Never.self) { try MelConfiguration().validate(sampleRate: 16_000) }
  }
}
