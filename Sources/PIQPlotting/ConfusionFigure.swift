public import PIQPlatform

/// A confusion matrix: the predicted classes of the clips of each class.
public struct ConfusionFigure: Figure, Sendable {
  /// The most classes that fit in a figure.
  public static let mostClasses = 1000

  private let counts: [[Int]]
  private let labels: [String]
  private let title: String
  private let remark: String?

  /// - Parameters:
  ///   - counts: the number of clips of each class (row) classified as each class (column).
  ///   - labels: the names of the classes.
  ///   - title: the line above.
  ///   - remark: what is to be said of the figures, below it.
  /// - Throws: `Failure` unless there are from 1 to `mostClasses` classes, and a row and a
  ///   column for each.
  public init(counts: [[Int]], labels: [String], title: String, remark: String? = nil)
    throws(Failure)
  {
    guard (1...Self.mostClasses).contains(labels.count), counts.count == labels.count,
      counts.allSatisfy({ $0.count == labels.count })
    else {
      throw Failure(
        .figureFailed,
        problem: "\(counts.count) rows for \(labels.count) classes are no confusion matrix",
        remedy: "give a row and a column for each of 1 to \(Self.mostClasses) classes")
    }
    self.counts = counts
    self.labels = labels
    self.title = title
    self.remark = remark
  }

  /// The side of a cell in pixels.
  package var cell: Int { max(2, min(64, 1200 / labels.count)) }

  /// Draws the figure: the page, and the position of the matrix on it. The colour of a cell is its
  /// share of its row.
  package func render() throws(Failure) -> (canvas: Canvas, panels: [Rectangle]) {
    let isNamed = cell >= 22
    let margin = isNamed ? 210 : 60
    let side = cell * labels.count
    let panel = Rectangle(x: margin, y: 90, width: side, height: side)
    let canvas = try Canvas(width: max(panel.maxX + 40, 480), height: panel.maxY + margin)
    canvas.drawHeader(
      title: title, source: remark, from: Measure.edge, to: canvas.width - Measure.edge)
    canvas.border(around: panel, width: Measure.line, .ink)
    for row in labels.indices {
      let total = counts[row].reduce(0, +)
      for column in labels.indices {
        let count = counts[row][column]
        let share = total > 0 ? Float(count) / Float(total) : 0
        let square = Rectangle(
          x: panel.x + column * cell, y: panel.y + row * cell, width: cell, height: cell)
        canvas.fill(square, ColorMap.mask.color(share))
        guard isNamed, count > 0 else { continue }
        let font = Font(size: Double(cell) * 0.36, color: share > 0.5 ? .white : .ink)
        canvas.write(
          "\(count)", x: square.midX, y: square.midY + Double(cell) * 0.13, .middle, font)
      }
    }
    if isNamed { drawNames(on: canvas, beside: panel) }
    canvas.write("Taken for", x: panel.midX, y: Double(canvas.height - 18), .middle, .axis)
    canvas.writeUpwards("Class", x: 24, y: panel.midY, .axis)
    return (canvas, [panel])
  }

  private func drawNames(on canvas: Canvas, beside panel: Rectangle) {
    let font = Font(size: min(Font.tick.size, Double(cell) * 0.6))
    let room = 160.0
    for (i, label) in labels.enumerated() {
      let name = canvas.elided(label, to: room, font)
      let middle = Double(i * cell) + Double(cell) / 2
      let lift = font.size * 0.36
      canvas.write(name, x: Double(panel.x - 9), y: Double(panel.y) + middle + lift, .right, font)
      // Upwards, ending below the panel.
      canvas.writeUpwards(
        name, x: Double(panel.x) + middle + lift,
        y: Double(panel.maxY + 9) + canvas.width(of: name, font) / 2, font)
    }
  }
}
