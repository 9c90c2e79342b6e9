import PIQPlatform
import PIQPlotting
import PIQTensor
import Testing

@Suite struct SpectrogramFigureTests {
  private func figure(_ spectrogram: Tensor, title: String = "") throws -> SpectrogramFigure {
    try SpectrogramFigure(
      spectrogram, sampleRate: 16_000, hopLength: 186, nFFT: 1024, title: title)
  }

  @Test func aLoudCellIsBrightWhereItBelongs() throws {
    let drawn = try figure(grid(frames: 50, bins: 33, loud: [(10, 30)])).render()
    let loud = drawn.canvas.cell(frame: 10, bin: 30, frames: 50, bins: 33, in: drawn.panels[0])
    let mirrored = drawn.canvas.cell(frame: 10, bin: 2, frames: 50, bins: 33, in: drawn.panels[0])
    #expect(loud == ColorMap.logPower.color(1))
    #expect(mirrored == ColorMap.logPower.color(0))
  }

  @Test func theColorBarRunsFromLowestToHighest() throws {
    let drawn = try figure(grid(frames: 4, bins: 4, loud: [(1, 1)])).render()
    let panel = drawn.panels[0]
    // Right of the panel comes the bar's border, then the bar.
    let x = try #require(
      (panel.maxX + 4..<drawn.canvas.width).first {
        drawn.canvas.pixel(x: $0, y: panel.maxY - 20) == ColorMap.logPower.color(0.05)
      })
    #expect(drawn.canvas.pixel(x: x, y: panel.y) == ColorMap.logPower.color(1))
    #expect(drawn.canvas.pixel(x: x, y: panel.maxY - 1) == ColorMap.logPower.color(0))
  }

  /// Silence, a constant far below any recording's noise, is dark; the noise of 16 bits is not.
  @Test func silenceIsDark() throws {
    for (level, isDark) in [(Float(9e-8), true), (1e-4, false)] {
      let drawn = try figure(Tensor(shape: [4, 4], repeating: level)).render()
      let color = drawn.canvas.cell(frame: 1, bin: 1, frames: 4, bins: 4, in: drawn.panels[0])
      #expect(isDark ? color.luminance < 20 : color == ColorMap.logPower.color(1))
    }
  }

  @Test(arguments: [(0, 1), (1, 1), (1, 513), (7, 2), (10_000, 3)])
  func everySizeIsDrawn(frames: Int, bins: Int) throws {
    let drawn = try figure(Tensor(shape: [frames, bins], repeating: 1), title: "one\ntwo").render()
    #expect(try drawn.canvas.png().count > 1000)
  }

  @Test(arguments: [[], [3], [3, 0], [1, 3, 4]])
  func otherShapesAreRefused(shape: [Int]) {
    #expect(throws: Failure.self) { try figure(Tensor(shape: shape)) }
  }
}
