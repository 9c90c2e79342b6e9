import PIQPlatform
import PIQPlotting
import Testing

@Suite struct ConfusionFigureTests {
  private func figure(_ counts: [[Int]]) throws -> ConfusionFigure {
    try ConfusionFigure(
      counts: counts, labels: counts.indices.map { "class \($0)" }, title: "model\n")
  }

  @Test func aCellIsAsDarkAsItsShareOfItsRow() throws {
    let figure = try figure([[30, 10], [0, 0]])
    let (canvas, panels) = try figure.render()
    let panel = panels[0]
    // The corners of the cells, away from the numbers.
    func corner(_ row: Int, _ column: Int) -> Color {
      canvas.pixel(x: panel.x + column * figure.cell + 2, y: panel.y + row * figure.cell + 2)
    }
    #expect(corner(0, 0) == ColorMap.mask.color(0.75))
    #expect(corner(0, 1) == ColorMap.mask.color(0.25))
    #expect(corner(1, 0) == ColorMap.mask.color(0))
    // The number in the middle.
    let middle = panel.x + 10..<panel.x + figure.cell - 10
    let rows = panel.y + 10..<panel.y + figure.cell - 10
    #expect(middle.contains { x in rows.contains { canvas.pixel(x: x, y: $0) != corner(0, 0) } })
  }

  @Test(arguments: [1, 10, 50, 300, 1000]) func everySizeIsDrawn(classes: Int) throws {
    let counts = (0..<classes).map { i in (0..<classes).map { $0 == i ? 3 : 0 } }
    let (canvas, panels) = try figure(counts).render()
    #expect(panels[0].maxX < canvas.width && panels[0].maxY < canvas.height)
    #expect(try canvas.png().count > 1000)
  }

  @Test(arguments: [[], [[1, 2]], [[1], [2, 3]]])
  func otherShapesAreRefused(counts: [[Int]]) {
    #expect(throws: Failure.self) { try figure(counts) }
  }
}
