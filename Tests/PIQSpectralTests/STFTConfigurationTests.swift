import Foundation
import PIQSpectral
import Testing

@Suite struct STFTConfigurationTests {
  @Test func speechBrainsMilliseconds() throws {
    let configuration = try STFTConfiguration(
      sampleRate: 16_000, nFFT: 1024, hopMilliseconds: 11.6099, windowMilliseconds: 23.2199)
    #expect(configuration == .speechBrainPIQ)
    #expect(configuration.hopLength == 186 && configuration.windowLength == 372)
    #expect(configuration.bins == 513)
    #expect(configuration.frames(for: 80_000) == 431)
    #expect(configuration.frames(for: 0) == 1)
    #expect(configuration.samples(for: 431) == 79_980)
    #expect(configuration.samples(for: 0) == 0)
  }

  @Test func halvesGoToTheEvenNeighbour() throws {
    let configuration = try STFTConfiguration(
      sampleRate: 1000, nFFT: 16, hopMilliseconds: 2.5, windowMilliseconds: 11.5)
    #expect(configuration.hopLength == 2)
    #expect(configuration.windowLength == 12)
  }

  @Test func jsonKeys() throws {
    let text = #"{"sample_rate":16000,"n_fft":1024,"hop_length":186,"win_length":372}"#
    let decoded = try JSONDecoder().decode(STFTConfiguration.self, from: Data(text.utf8))
    #expect(decoded == .speechBrainPIQ)
    let encoded = try JSONSerialization.jsonObject(with: JSONEncoder().encode(decoded))
    #expect(
      encoded as? [String: Int]
        == ["sample_rate": 16000, "n_fft": 1024, "hop_length": 186, "win_length": 372])
  }

  @Test(arguments: [
    (0, 1024, 186, 372, "sample_rate"), (Int.max, 1024, 186, 372, "sample_rate"),
    (16_000, 0, 186, 372, "n_fft"), (16_000, 1023, 186, 372, "n_fft"),
    (16_000, 1 << 40, 186, 372, "n_fft"), (16_000, -2, 1, 1, "n_fft"),
    (16_000, 1024, 0, 372, "hop_length"), (16_000, 1024, 373, 372, "hop_length"),
    (16_000, 1024, 186, 0, "win_length"), (16_000, 1024, 186, 1025, "win_length"),
  ])
  func impossibleMeasures(
    _ rate: Int, _ nFFT: Int, _ hop: Int, _ window: Int, _ name: String
  ) throws {
    let error = try #require(throws: STFTConfigurationError.self) {
      try STFTConfiguration(sampleRate: rate, nFFT: nFFT, hopLength: hop, windowLength: window)
    }
    #expect(error.name == name)
    #expect(error.description.hasPrefix("\(name): is \(error.value); it must be "))
    let text =
      #"{"sample_rate":\#(rate),"n_fft":\#(nFFT),"hop_length":\#(hop),"win_length":\#(window)}"#
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(STFTConfiguration.self, from: Data(text.utf8))
    }
  }

  @Test(arguments: [Double.nan, .infinity, -1, 0, 1e300])
  func impossibleTimes(_ time: Double) {
    #expect(throws: STFTConfigurationError.self) {
      try STFTConfiguration(
        sampleRate: 16_000, nFFT: 1024, hopMilliseconds: time, windowMilliseconds: 23)
    }
  }
}
