import PIQPlatform
import PIQPlotting
import PIQTensor
import Testing

/// Pictures of long recordings.
@Suite struct OverviewFigureTests {
  /// A recording at 100 Hz with a hop of 10, in pieces of 50 frames; loud in one frame.
  private func pool(frames: Int, loud: Int, explained: Range<Int>) -> OverviewPool {
    var pool = OverviewPool(origin: 0, hopLength: 10)
    for first in stride(from: 0, to: frames, by: 50) {
      let logPower = grid(
        frames: 50, bins: 33,
        loud: (first..<first + 50).contains(loud) ? [(loud - first, 32)] : [])
      let span = first * 10..<(first + 50) * 10
      pool.add(
        OverviewPiece(
          logPower: logPower,
          mask: explained.contains(first) ? Tensor(shape: [50, 33], repeating: 1) : nil, level: 1,
          start: first * 10, hopLength: 10, span: span), in: 0..<frames * 10)
    }
    return pool
  }

  private func figure(
    _ pool: OverviewPool, seconds: Double, classes: Int = 2, boxes: [OverviewFigure.Box] = []
  ) -> OverviewFigure {
    OverviewFigure(
      pool, range: 0...seconds,
      intervals: (0..<classes).map { i in
        let start = seconds * Double(i) / Double(classes)
        return (start..<start + seconds / Double(classes), "class \(i)", 1)
      }, boxes: boxes, sampleRate: 100, bins: 33, nFFT: 64, title: "a.wav")
  }

  /// A click is seen however long the recording is, where it is.
  @Test(arguments: [500, 20_000]) func aClickIsSeen(frames: Int) throws {
    let loud = frames / 4 * 3
    let drawn = try figure(
      pool(frames: frames, loud: loud, explained: 0..<frames), seconds: Double(frames) / 10
    ).render()
    let panel = drawn.panels[0]
    let bright = (0..<panel.width).filter {
      drawn.canvas.pixel(x: panel.x + $0, y: panel.y + 1).luminance > 40
    }
    let place = Double(bright.reduce(0, +)) / Double(max(bright.count, 1)) / Double(panel.width)
    #expect(!bright.isEmpty && abs(place - 0.75) < 0.01, "\(place)")
  }

  @Test func whatWasNotExplainedIsGrey() throws {
    let drawn = try figure(pool(frames: 1000, loud: 0, explained: 0..<500), seconds: 100).render()
    let panel = drawn.panels[1]
    func color(_ share: Double) -> Color {
      drawn.canvas.pixel(
        x: panel.x + Int(share * Double(panel.width)), y: panel.y + panel.height / 2)
    }
    #expect(color(0.25) == ColorMap.mask.color(1))
    #expect(color(0.75) == Color.noData)
  }

  /// Outlined on spectrogram and mask, in the picture of the part that they are in.
  @Test func boxesLieAroundTheirSecondsAndHertz() throws {
    let pool = pool(frames: 1000, loud: 0, explained: 0..<1000)
    let box: OverviewFigure.Box = (25..<50, 10..<40)
    let (plain, boxed) = (
      try figure(pool, seconds: 100).render(),
      try figure(pool, seconds: 100, boxes: [box, (120..<130, 0..<50)]).render()
    )
    for number in 0...1 {
      let panel = plain.panels[number]
      var changed: (x: [Int], y: [Int]) = ([], [])
      for y in 0..<panel.height {
        for x in 0..<panel.width {
          let (a, b) = (
            plain.canvas.pixel(x: panel.x + x, y: panel.y + y),
            boxed.canvas.pixel(x: panel.x + x, y: panel.y + y)
          )
          if a != b { (changed.x, changed.y) = (changed.x + [x], changed.y + [y]) }
        }
      }
      func share(_ values: [Int], of size: Int) throws -> (low: Double, high: Double) {
        let (low, high) = (try #require(values.min()), try #require(values.max()))
        return (Double(low) / Double(size), Double(high + 1) / Double(size))
      }
      let (x, y) = (
        try share(changed.x, of: panel.width), try share(changed.y, of: panel.height)
      )
      #expect(abs(x.low - 0.25) < 0.01 && abs(x.high - 0.5) < 0.01, "\(x)")
      // The highest of 50 Hz is on top.
      #expect(abs(y.low - 0.2) < 0.04 && abs(y.high - 0.8) < 0.04, "\(y)")
    }
  }

  @Test func classesHaveRows() throws {
    let pool = pool(frames: 1000, loud: 0, explained: 0..<500)
    let few = try figure(pool, seconds: 100).render()
    let panel = few.panels[2]
    let (x, y) = (panel.x + panel.width / 4, panel.y + panel.height / 4)
    #expect(few.canvas.pixel(x: x, y: y) == ColorMap.mask.color(1))
    #expect(few.canvas.pixel(x: x + panel.width / 2, y: y).rgb == 0xFFFFFF)
    let many = try figure(pool, seconds: 100, classes: 40).render()
    #expect(many.panels[2].height == panel.height * 6)
    let none = try figure(pool, seconds: 100, classes: 0).render()
    #expect(none.panels[2].height == panel.height / 2)
  }

  @Test func levelIsThatOfTheRecording() throws {
    func brightness(_ level: Float) throws -> Double {
      var pool = OverviewPool(origin: 0, hopLength: 10)
      for (first, level) in [(0, Float(1)), (50, level)] {
        pool.add(
          OverviewPiece(
            logPower: Tensor(shape: [50, 33], repeating: 2), mask: nil, level: level,
            start: first * 10, hopLength: 10, span: first * 10..<(first + 50) * 10), in: 0..<1000)
      }
      let drawn = try figure(pool, seconds: 10).render()
      let panel = drawn.panels[0]
      return drawn.canvas.pixel(x: panel.x + panel.width * 3 / 4, y: panel.midPixel).luminance
    }
    #expect(try brightness(0.1) < brightness(0.5))
    #expect(try brightness(0.5) < brightness(1))
  }

  @Test func clock() {
    #expect(
      Tick.clock(in: 0...7200, atMost: 5).map(\.label) == [
        "0:00", "30:00", "1:00:00", "1:30:00", "2:00:00",
      ])
    #expect(
      Tick.clock(in: 3600...7200, atMost: 3).map(\.label) == ["1:00:00", "1:30:00", "2:00:00"])
    #expect(
      Tick.clock(in: 0...4, atMost: 10).map(\.label) == ["0:00", "0:01", "0:02", "0:03", "0:04"])
    #expect(
      Tick.clock(in: 0...400_000, atMost: 4).map(\.label) == ["0:00", "48:00:00", "96:00:00"])
    #expect(clockText(3725) == "1:02:05")
  }
}

extension Rectangle {
  fileprivate var midPixel: Int { y + height / 2 }
}
