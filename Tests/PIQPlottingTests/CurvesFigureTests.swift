import Foundation
import PIQPlatform
import PIQPlotting
import TestSupport
import Testing

@Suite struct CurvesFigureTests {
  private func figure(
    _ values: [(x: Double, y: Double)], marked: Double? = nil
  ) throws -> CurvesFigure {
    try CurvesFigure(
      panels: [("loss", [("loss", values)])], marked: marked, title: "Training")
  }

  private let blue = Color(rgb: 0x0072B2)

  /// How many pixels of a column of the panel have a colour.
  private func count(_ color: Color, inColumn share: Double, of figure: CurvesFigure) throws -> Int
  {
    let (canvas, panels) = try figure.render()
    let panel = try #require(panels.first)
    let x = panel.x + Int(share * Double(panel.width - 1))
    return (panel.y..<panel.maxY).count { canvas.pixel(x: x, y: $0) == color }
  }

  @Test func linePassesThroughItsPoints() throws {
    let (canvas, panels) = try figure((0..<101).map { (Double($0), Double($0)) }).render()
    let panel = try #require(panels.first)
    // A straight line from corner to corner, but for the margins: its middle is the panel's.
    let (x, y) = (panel.x + panel.width / 2, panel.y + panel.height / 2)
    #expect((y - 2...y + 2).contains { canvas.pixel(x: x, y: $0) == blue })
    #expect((panel.y..<y - 20).allSatisfy { canvas.pixel(x: x, y: $0) != blue })
  }

  @Test func gapWhereAValueIsNoNumber() throws {
    let gap = try figure([(1, 1), (2, 1), (3, .nan), (4, 1), (5, 1)])
    #expect(try count(blue, inColumn: 0.5, of: gap) == 0)
    #expect(try count(blue, inColumn: 0.15, of: gap) > 0)
  }

  @Test func singleEpochIsADot() throws {
    #expect(try count(blue, inColumn: 0.5, of: figure([(1, 0.3)])) >= 5)
  }

  @Test func bestEpochIsMarked() throws {
    let values = (1...9).map { (x: Double($0), y: 1.0) }
    let marked = try figure(values, marked: 5)
    #expect(try count(Color(rgb: 0x666666), inColumn: 0.5022, of: marked) > 100)
    #expect(try count(Color(rgb: 0x666666), inColumn: 0.5022, of: figure(values)) == 0)
  }

  @Test(arguments: [[], [(1, Double.infinity)], [(1, 0)], [(1, 1e-30), (2, 2e-30)], [(1, -1e299)]])
  func extremes(values: [(x: Double, y: Double)]) throws {
    #expect(try !figure(values).render().canvas.png().isEmpty)
  }

  @Test func sameFigureSameBytes() throws {
    let folder = try TemporaryFolder()
    let (one, other) = (folder("a.png"), folder("b.png"))
    for path in [one, other] { try figure([(1, 2), (2, 1)], marked: 2).write(toPNG: path) }
    #expect(
      try Data(contentsOf: URL(filePath: one)) == Data(contentsOf: URL(filePath: other)))
  }

  @Test(arguments: [0, CurvesFigure.mostPanels + 1]) func panelsThatHaveNoRoom(count: Int) {
    #expect(throws: Failure.self) {
      try CurvesFigure(
        panels: Array(repeating: ("", []), count: count), marked: nil, title: ""
      )
    }
  }

  @Test func ticksWithinARange() {
    #expect(
      Tick.round(in: 0.93...2.1, atMost: 6).map(\.label) == [
        "1.0", "1.2", "1.4", "1.6", "1.8", "2.0",
      ])
    #expect(Tick.round(in: 0.9...3.1, atMost: 12, least: 1).map(\.label) == ["1", "2", "3"])
    #expect(
      Tick.round(in: 0...2.1e-4, atMost: 6).map(\.label) == [
        "0", "5e-05", "0.0001", "0.00015", "0.0002",
      ])
    #expect(
      Tick.round(in: -1.1...1.1, atMost: 6).map(\.label) == ["-1.0", "-0.5", "0", "0.5", "1.0"])
    #expect(Tick.round(in: 1...1, atMost: 6).isEmpty)
  }
}
