import Foundation
import PIQPlatform
import PIQPlotting
import PIQTensor
import Testing

@Suite struct InterpretationFigureTests {
  @Test func aLoudCellIsBrightWhereItBelongs() throws {
    let input = grid(frames: 100, bins: 65, loud: [(20, 50), (70, 3)])
    let drawn = try figure(input).render()
    for panel in [drawn.panels[0], drawn.panels[2]] {
      for (frame, bin) in [(20, 50), (70, 3)] {
        let color = drawn.canvas.cell(frame: frame, bin: bin, frames: 100, bins: 65, in: panel)
        #expect(color.luminance > 150)
      }
      // The places where they would be with an axis reversed.
      for (frame, bin) in [(20, 14), (79, 50), (70, 61), (29, 3)] {
        let color = drawn.canvas.cell(frame: frame, bin: bin, frames: 100, bins: 65, in: panel)
        #expect(color.luminance < 15)
      }
    }
  }

  @Test func panelsAreOfOneSizeAndSideBySide() throws {
    let drawn = try figure(grid(frames: 10, bins: 9)).render()
    #expect(drawn.panels.count == 3)
    for (left, right) in zip(drawn.panels, drawn.panels.dropFirst()) {
      #expect(left.maxX < right.x)
      #expect((left.y, left.width, left.height) == (right.y, right.width, right.height))
    }
  }

  @Test func inputAndInterpretationShareTheirScale() throws {
    // A magnitude of expm1(2) is a log-power of 2.
    let input = Tensor(shape: [8, 8], repeating: 2)
    let interpretation = Tensor(shape: [8, 8], repeating: Float(expm1(2.0)))
    let drawn = try figure(input, interpretation: interpretation).render()
    let colors = [0, 2].map {
      drawn.canvas.cell(frame: 4, bin: 4, frames: 8, bins: 8, in: drawn.panels[$0])
    }
    #expect(colors == [ColorMap.logPower.color(1), ColorMap.logPower.color(1)])
  }

  @Test func theMaskRunsFromLightToDark() throws {
    let mask = Tensor(shape: [3, 1], [0, 0.5, 1])
    let drawn = try figure(grid(frames: 3, bins: 1), mask: mask).render()
    for (frame, value) in [Float(0), 0.5, 1].enumerated() {
      let color = drawn.canvas.cell(frame: frame, bin: 0, frames: 3, bins: 1, in: drawn.panels[1])
      #expect(color == ColorMap.mask.color(value))
    }
  }

  @Test func framesThatTheMaskDoesNotCoverAreGrey() throws {
    let short = Tensor(shape: [6, 4], repeating: 1)
    let drawn = try figure(
      Tensor(shape: [8, 4], repeating: 1), mask: short, interpretation: short
    ).render()
    for (index, color) in [ColorMap.logPower.color(1), .noData, .noData].enumerated() {
      let last = drawn.canvas.cell(frame: 7, bin: 2, frames: 8, bins: 4, in: drawn.panels[index])
      #expect(last == color)
    }
    let covered = drawn.canvas.cell(frame: 5, bin: 2, frames: 8, bins: 4, in: drawn.panels[1])
    #expect(covered == ColorMap.mask.color(1))
  }

  @Test func aMaskMayHaveAFrameMoreThanTheInput() throws {
    let drawn = try figure(
      Tensor(shape: [4, 4], repeating: 1), mask: Tensor(shape: [5, 4], repeating: 1)
    ).render()
    let color = drawn.canvas.cell(frame: 4, bin: 2, frames: 5, bins: 4, in: drawn.panels[0])
    #expect(color == .noData)
  }

  @Test func whatIsNoNumberTakesTheLowestColor() throws {
    let input = Tensor(shape: [4, 1], [.nan, .infinity, -.infinity, 1])
    let drawn = try figure(input, mask: input, interpretation: input).render()
    for (index, map) in [ColorMap.logPower, .mask, .logPower].enumerated() {
      let colors = (0..<4).map {
        drawn.canvas.cell(frame: $0, bin: 0, frames: 4, bins: 1, in: drawn.panels[index])
      }
      #expect(colors[..<3].allSatisfy { $0 == map.color(0) })
      #expect(colors[3] != map.color(0))
    }
  }

  @Test func upToTwoFramesAPixelAreAveragedAndMoreGiveTheirMaximum() throws {
    let width = try figure(grid(frames: 1, bins: 1)).render().panels[1].width
    for (framesAPixel, expected) in [(1, Float(1)), (2, 0.5), (3, 1), (10, 1)] {
      // One frame of each pixel is loud.
      let frames = width * framesAPixel
      let mask = Tensor(shape: [frames, 1], (0..<frames).map { $0 % framesAPixel == 0 ? 1 : 0 })
      let drawn = try figure(grid(frames: frames, bins: 1), mask: mask).render()
      let panel = drawn.panels[1]
      #expect(panel.width == width)
      for x in panel.x..<panel.maxX {
        #expect(drawn.canvas.pixel(x: x, y: panel.y + 9) == ColorMap.mask.color(expected))
      }
    }
  }

  @Test func aClickInAnHourIsSeen() throws {
    let frames = 300_000
    let input = grid(frames: frames, bins: 4, loud: [(123_456, 2)])
    let drawn = try figure(input).render()
    let color = drawn.canvas.cell(
      frame: 123_456, bin: 2, frames: frames, bins: 4, in: drawn.panels[0])
    #expect(color == ColorMap.logPower.color(1))
  }

  @Test(arguments: [(0, 1), (0, 513), (1, 1), (1, 513), (2, 3), (431, 513), (3000, 5000)])
  func everySizeIsDrawn(frames: Int, bins: Int) throws {
    for value: Float in [0, 1, -3, .greatestFiniteMagnitude] {
      let drawn = try figure(Tensor(shape: [frames, bins], repeating: value)).render()
      #expect((drawn.canvas.width, drawn.canvas.height) == (1500, 518))
    }
  }

  @Test(arguments: [
    (1, 1, 1), (.max, 1, 1), (1, .max, 1), (1, 1, .max), (.max, .max, .max), (192_000, 64, 8192),
  ])
  func everyAxisLeavesRoomForItsLabels(sampleRate: Int, hopLength: Int, nFFT: Int) throws {
    let drawn = try figure(
      grid(frames: 40, bins: 30), sampleRate: sampleRate, hopLength: hopLength, nFFT: nFFT
    ).render()
    let canvas = drawn.canvas
    #expect(drawn.panels[0].width > 200)
    // Nothing is cut off at the edges of the page.
    let (width, height) = (canvas.width, canvas.height)
    #expect(canvas.marks(x: 0..<8, y: 0..<height) == 0)
    #expect(canvas.marks(x: width - 8..<width, y: 0..<height) == 0)
    #expect(canvas.marks(x: 0..<width, y: 0..<8) == 0)
    #expect(canvas.marks(x: 0..<width, y: height - 8..<height) == 0)
  }

  @Test(arguments: [
    "", "garden.wav", "чайка 🐦 かもめ.flac", "a\u{0}b\nc\u{1B}[31m", "\u{202E}gnp.wav",
    String(repeating: "long", count: 50), String(repeating: "x", count: 1_000_000),
    "e" + String(repeating: "\u{301}", count: 100_000),
  ])
  func everyTextStaysInTheHeader(text: String) throws {
    let silence = grid(frames: 4, bins: 4)
    let drawn = try figure(silence, label: text, source: text).render()
    let panels = drawn.panels
    #expect(try !drawn.canvas.png().isEmpty)
    #expect(drawn.canvas.marks(x: 0..<panels[0].x - 4, y: 0..<60) == 0)
    #expect(drawn.canvas.marks(x: panels[2].maxX + 4..<drawn.canvas.width, y: 0..<60) == 0)
  }

  @Test func theTitleNamesLabelProbabilityAndSource() throws {
    let silence = grid(frames: 4, bins: 4)
    func header(_ label: String, _ probability: Float, _ source: String?) throws -> [Color] {
      let canvas = try figure(
        silence, label: label, probability: probability, source: source
      ).render().canvas
      return (0..<60).flatMap { y in (0..<canvas.width).map { canvas.pixel(x: $0, y: y) } }
    }
    let headers = [
      try header("dog", 0.973, nil), try header("cat", 0.973, nil), try header("dog", 0.5, nil),
      try header("dog", .nan, nil), try header("dog", 0.973, "dog.wav"),
    ]
    for (index, one) in headers.enumerated() {
      for other in headers[(index + 1)...] { #expect(one != other) }
    }
  }

  @Test(arguments: [
    ([4], [4, 8], [4, 8]), ([4, 8], [4, 9], [4, 8]), ([4, 8], [4, 8], [4, 7]),
    ([4, 8], [4, 8, 1], [4, 8]), ([4, 0], [4, 0], [4, 0]), ([], [], []),
  ])
  func shapesThatDoNotBelongTogetherAreRefused(input: [Int], mask: [Int], rest: [Int]) {
    let error = #expect(throws: Failure.self) {
      try figure(
        Tensor(shape: input), mask: Tensor(shape: mask), interpretation: Tensor(shape: rest))
    }
    #expect(error?.description.contains("\(input), \(mask), \(rest)") == true)
  }
}
