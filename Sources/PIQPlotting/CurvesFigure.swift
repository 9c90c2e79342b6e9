public import PIQPlatform

/// The curves of a training: panels one below the other, each with some series over the epochs.
public struct CurvesFigure: Figure, Sendable {
  /// The most panels that fit in a figure.
  public static let mostPanels = 6

  /// Named points in the order of x; values that are not finite leave a gap.
  public typealias Series = (name: String, values: [(x: Double, y: Double)])

  /// Series that share an axis, under a title.
  public typealias Panel = (title: String, series: [Series])

  private let panels: [Panel]
  private let marked: Double?
  private let title: String
  private let xTitle: String?

  /// - Parameters:
  ///   - panels: from top to bottom.
  ///   - marked: the epoch that a line through all panels marks as the best.
  ///   - title: the line above.
  ///   - xTitle: what lies along the axis below, from 0 to 1; epochs if nil.
  /// - Throws: `Failure` unless there are from 1 to `mostPanels` panels.
  public init(panels: [Panel], marked: Double?, title: String, xTitle: String? = nil)
    throws(Failure)
  {
    guard (1...Self.mostPanels).contains(panels.count) else {
      throw Failure(
        .figureFailed, problem: "\(panels.count) panels of curves cannot be drawn",
        remedy: "give from 1 to \(Self.mostPanels)")
    }
    self.panels = panels
    self.marked = marked.flatMap { abs($0) < 1e9 ? $0 : nil }
    self.title = title
    self.xTitle = xTitle
  }

  private static let left = 110
  private static let legendWidth = 250
  private static let panelHeight = 240
  private static let gap = 60
  /// The number of points below which dots are drawn as well.
  private static let fewPoints = 30

  /// A palette for colour-blind readers (Okabe and Ito, 2008).
  private static let colors: [Color] = [
    0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7, 0xE69F00, 0x56B4E9, 0x000000, 0x999999,
  ].map { Color(rgb: $0) }

  /// Draws the figure: the page, and the positions of the panels on it.
  package func render() throws(Failure) -> (canvas: Canvas, panels: [Rectangle]) {
    let top = 96
    let canvas = try Canvas(
      width: 1200,
      height: top + panels.count * (Self.panelHeight + Self.gap) - Self.gap + Measure.belowPanel)
    let frames = panels.indices.map { index in
      Rectangle(
        x: Self.left, y: top + index * (Self.panelHeight + Self.gap),
        width: canvas.width - Self.left - Self.legendWidth, height: Self.panelHeight)
    }
    canvas.drawHeader(title: title, source: nil, from: Self.left, to: canvas.width - Measure.edge)
    let epochs = Self.range(
      panels.flatMap(\.series).flatMap { $0.values.map(\.x) }, margin: 0.02, widening: 0.5)
    for (panel, frame) in zip(panels, frames) { draw(panel, in: frame, epochs, on: canvas) }
    if let last = frames.last { drawEpochs(epochs, below: last, on: canvas) }
    return (canvas, frames)
  }

  private func draw(
    _ panel: Panel, in frame: Rectangle, _ epochs: ClosedRange<Double>, on canvas: Canvas
  ) {
    let values = Self.range(panel.series.flatMap { $0.values.map(\.y) }, margin: 0.06)
    func place(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
      (
        Double(frame.x) + Self.share(x, of: epochs) * Double(frame.width),
        Double(frame.maxY) - Self.share(y, of: values) * Double(frame.height)
      )
    }
    if !panel.title.isEmpty {
      canvas.write(
        canvas.elided(panel.title, to: Double(frame.width), .panelTitle), x: Double(frame.x),
        y: Double(frame.y - 13), .left, .panelTitle)
    }
    for tick in Tick.round(in: values, atMost: 6) {
      let y = place(0, tick.value).y
      canvas.fill(
        Rectangle(x: frame.x, y: Int(y.rounded()), width: frame.width, height: 1), .noData)
      canvas.write(
        tick.label, x: Double(frame.x - Measure.line - Measure.tickGap - 4), y: y + 6, .right,
        .tick)
    }
    if let marked, epochs.contains(marked) {
      let x = place(marked, values.lowerBound).x
      canvas.fill(
        Rectangle(x: Int(x.rounded()), y: frame.y, width: 2, height: frame.height), .paleInk)
    }
    for (index, series) in panel.series.enumerated() {
      let color = Self.colors[index % Self.colors.count]
      let hasDots = series.values.count < Self.fewPoints
      for stretch in Self.stretches(series.values) {
        let points = stretch.map { place($0.x, $0.y) }
        canvas.line(through: points, width: 2.5, color, in: frame)
        if hasDots || points.count == 1 {
          for point in points { canvas.dot(at: point, radius: 4.5, color, in: frame) }
        }
      }
      drawLegend(series.name, color, index, beside: frame, on: canvas)
    }
    canvas.border(around: frame, width: Measure.line, .ink)
  }

  private func drawLegend(
    _ name: String, _ color: Color, _ index: Int, beside frame: Rectangle, on canvas: Canvas
  ) {
    let y = frame.y + 14 + index * 27
    guard y < frame.maxY, !name.isEmpty else { return }
    let x = frame.maxX + 18
    canvas.fill(Rectangle(x: x, y: y - 2, width: 24, height: 5), color)
    let room = Double(canvas.width - Measure.edge - x - 34)
    canvas.write(
      canvas.elided(name, to: room, .tick), x: Double(x + 34), y: Double(y + 6), .left, .tick)
  }

  private func drawEpochs(
    _ epochs: ClosedRange<Double>, below frame: Rectangle, on canvas: Canvas
  ) {
    let ticks = Tick.round(in: epochs, atMost: 12, least: xTitle == nil ? 1 : 0.1).map { tick in
      (
        x: Double(frame.x) + Self.share(tick.value, of: epochs) * Double(frame.width),
        label: tick.label
      )
    }
    let title =
      xTitle ?? marked.map { "Epoch (the line marks the best, \(Int($0)))" } ?? "Epoch"
    canvas.drawAxis(ticks, title: title, below: frame)
  }

  /// The range of an axis: all finite values and a margin; `widening` per side if all are equal.
  private static func range(
    _ values: [Double], margin: Double, widening: Double? = nil
  ) -> ClosedRange<Double> {
    let finite = values.filter { abs($0) < 1e300 }
    guard let low = finite.min(), let high = finite.max() else { return 0...1 }
    let span = high > low ? (high - low) * margin : widening ?? max(abs(high) * 0.1, 1e-12)
    return low - span...high + span
  }

  private static func share(_ value: Double, of range: ClosedRange<Double>) -> Double {
    (value - range.lowerBound) / (range.upperBound - range.lowerBound)
  }

  /// The points between the gaps.
  private static func stretches(_ values: [(x: Double, y: Double)]) -> [[(x: Double, y: Double)]] {
    var stretches: [[(x: Double, y: Double)]] = [[]]
    for value in values {
      if abs(value.x) < 1e300, abs(value.y) < 1e300 {
        stretches[stretches.count - 1].append(value)
      } else {
        stretches.append([])
      }
    }
    return stretches.filter { !$0.isEmpty }
  }
}
