import PIQPlatform
import PIQPlotting
import PIQTensor
import Testing

/// The panels without axes, for pages.
@Suite struct InterpretationPanelsTests {
  private func panels(frames: Int, bins: Int) throws -> InterpretationPanels {
    let input = grid(frames: frames, bins: bins, loud: [(0, 1)])
    return try InterpretationPanels(
      input: input, mask: input, interpretation: input, sampleRate: 16_000, hopLength: 160,
      nFFT: 2 * (bins - 1))
  }

  private func size(_ png: [UInt8]) -> [Int] {
    [16, 20].map { png[$0..<$0 + 4].reduce(0) { $0 << 8 | Int($1) } }
  }

  @Test(arguments: [(30, 20, 30, 20), (1000, 513, 640, 257), (1, 2, 1, 2)])
  func sizes(frames: Int, bins: Int, width: Int, height: Int) throws {
    let panels = try panels(frames: frames, bins: bins)
    for png in [panels.input, panels.mask, panels.interpretation] {
      #expect(png.starts(with: [0x89, 0x50, 0x4E, 0x47]))
      #expect(size(png) == [width, height])
      // With a palette: one byte a pixel.
      #expect(png[24] <= 8 && png[25] == 3)
    }
  }

  @Test func placesOnTheAxes() throws {
    let panels = try panels(frames: 101, bins: 81)
    // A frame is 10 ms and has its moment in its middle, as a bin of 100 Hz has.
    #expect(abs(panels.axes.start - 0.5 / 101) < 1e-12)
    #expect(abs(panels.axes.perSecond - 100.0 / 101) < 1e-12)
    #expect(panels.axes.time.map(\.label) == ["0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(panels.axes.time.first?.place == panels.axes.start)
    #expect(panels.axes.unit == "kHz")
    #expect(panels.axes.frequency.map(\.label) == ["0", "2", "4", "6", "8"])
    #expect(abs((panels.axes.frequency.last?.place ?? 0) - 80.5 / 81) < 1e-12)
  }

  @Test func shapesThatDoNotBelongTogether() {
    let (input, other) = (Tensor(shape: [4, 3]), Tensor(shape: [4, 2]))
    #expect(throws: Failure.self) {
      try InterpretationPanels(
        input: input, mask: other, interpretation: input, sampleRate: 16_000, hopLength: 1, nFFT: 4)
    }
  }
}
