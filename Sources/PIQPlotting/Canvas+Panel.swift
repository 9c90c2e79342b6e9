/// The dimensions shared by all figures, in pixels.
enum Measure {
  static let edge = 20
  static let panelHeight = 344
  static let line = 2
  static let tickLength = 7
  static let titleBaseline = 42
  /// Below a panel: ticks, their labels, the axis label and the edge.
  static let belowPanel = 76
  static let barGap = 16
  static let barWidth = 17
  /// Between a tick and its label.
  static let tickGap = 5
  /// From tick labels to the baseline of the rotated label beside them, or back to its top.
  static let axisLabelGap = 11
  static let axisLabelHeight = 17
  /// How far the label of a time tick may extend beyond its panel.
  static let overhang = 26.0
}

extension Canvas {
  /// Draws an image in its frame.
  func drawPanel(_ image: Raster, in frame: Rectangle, title: String? = nil) {
    draw(image, x: frame.x, y: frame.y)
    border(around: frame, width: Measure.line, .ink)
    if let title { write(title, x: frame.midX, y: Double(frame.y - 13), .middle, .panelTitle) }
  }

  /// Draws the ticks below a panel, and the axis label.
  func drawTimeAxis(_ axes: SpectrogramAxes, below frame: Rectangle) {
    func position(_ tick: Tick) -> Double {
      Double(frame.x) + axes.share(seconds: tick.value) * Double(frame.width)
    }
    let ticks = Tick.fitting(upTo: axes.lastSecond, atMost: frame.width / 60) { tick in
      (position(tick), width(of: tick.label, .tick) + 14)
    }
    let labelled = ticks.map { tick in
      let end = position(tick) + width(of: tick.label, .tick) / 2
      let hasRoom = end <= Double(frame.maxX) + Measure.overhang
      return (x: position(tick), label: hasRoom ? tick.label : "")
    }
    drawAxis(labelled, title: axes.frames == 0 ? "no frames" : "Time (s)", below: frame)
  }

  /// Draws ticks with their labels below a panel, and the axis label.
  func drawAxis(_ ticks: [(x: Double, label: String)], title: String, below frame: Rectangle) {
    let top = frame.maxY + Measure.line
    for tick in ticks {
      fill(
        Rectangle(
          x: mark(tick.x, within: frame.x..<frame.maxX), y: top, width: Measure.line,
          height: Measure.tickLength), .ink)
      if !tick.label.isEmpty {
        write(tick.label, x: tick.x, y: Double(top + 26), .middle, .tick)
      }
    }
    write(title, x: frame.midX, y: Double(top + 53), .middle, .axis)
  }

  /// The ticks beside a panel. Values are in the axis's unit.
  func frequencyTicks(_ axes: SpectrogramAxes, height: Int) -> [Tick] {
    Tick.fitting(upTo: axes.lastHertz / axes.hertzPerUnit, atMost: height / 52) { tick in
      (axes.share(hertz: tick.value * axes.hertzPerUnit) * Double(height), Font.tick.size * 1.4)
    }
  }

  /// Draws the ticks left of a panel and, if `isLabelled`, their labels and the axis label.
  func drawFrequencyAxis(_ axes: SpectrogramAxes, leftOf frame: Rectangle, isLabelled: Bool) {
    let ticks = frequencyTicks(axes, height: frame.height)
    let left = frame.x - Measure.line - Measure.tickLength
    for tick in ticks {
      let share = axes.share(hertz: tick.value * axes.hertzPerUnit)
      let y = Double(frame.maxY) - share * Double(frame.height)
      fill(
        Rectangle(
          x: left, y: mark(y, within: frame.y..<frame.maxY), width: Measure.tickLength,
          height: Measure.line), .ink)
      if isLabelled {
        write(tick.label, x: Double(left - Measure.tickGap), y: y + 7, .right, .tick)
      }
    }
    if isLabelled {
      let x = Double(left - Measure.tickGap - Measure.axisLabelGap) - widest(ticks)
      writeUpwards("Frequency (\(axes.frequencyUnit))", x: x, y: frame.midY, .axis)
    }
  }

  /// The width of the labelled frequency axis left of a panel.
  func frequencyAxisWidth(_ axes: SpectrogramAxes) -> Int {
    Measure.line + Measure.tickLength + Measure.tickGap + Measure.axisLabelGap
      + Measure.axisLabelHeight
      + Int(widest(frequencyTicks(axes, height: Measure.panelHeight)).rounded(.up))
  }

  /// Draws the colours of a scale right of a panel, with ticks and label.
  func drawColorBar(_ scale: ColorScale, rightOf frame: Rectangle) {
    let bar = Rectangle(
      x: frame.maxX + Measure.barGap, y: frame.y, width: Measure.barWidth, height: frame.height)
    var image = Raster(width: bar.width, height: bar.height, pixels: [])
    for y in (0..<bar.height).reversed() {
      let pixel = scale.map.pixel(Float(y) / Float(max(bar.height - 1, 1)))
      image.pixels += [UInt32](repeating: pixel, count: bar.width)
    }
    draw(image, x: bar.x, y: bar.y)
    border(around: bar, width: Measure.line, .ink)

    let ticks = barTicks(scale, height: bar.height)
    let right = bar.maxX + Measure.line
    let labels = right + Measure.tickLength + Measure.tickGap
    for tick in ticks {
      let y = Double(bar.maxY) - Double(scale.share(of: Float(tick.value))) * Double(bar.height)
      fill(
        Rectangle(
          x: right, y: mark(y, within: bar.y..<bar.maxY), width: Measure.tickLength,
          height: Measure.line), .ink)
      write(tick.label, x: Double(labels), y: y + 7, .left, .tick)
    }
    let baseline = Double(labels + Measure.axisLabelGap + Measure.axisLabelHeight) + widest(ticks)
    writeUpwards(scale.label, x: baseline, y: bar.midY, .axis)
  }

  /// The width of a colour bar right of its panel.
  func colorBarWidth(_ scale: ColorScale) -> Int {
    Measure.barGap + Measure.barWidth + Measure.line + Measure.tickLength + Measure.tickGap
      + Int(widest(barTicks(scale, height: Measure.panelHeight)).rounded(.up))
      + Measure.axisLabelGap + Measure.axisLabelHeight + 5  // the descenders of the label
  }

  private func barTicks(_ scale: ColorScale, height: Int) -> [Tick] {
    Tick.fitting(upTo: Double(scale.highest), atMost: 6) { tick in
      (Double(scale.share(of: Float(tick.value))) * Double(height), Font.tick.size * 1.4)
    }
  }

  private func widest(_ ticks: [Tick]) -> Double {
    ticks.map { width(of: $0.label, .tick) }.max() ?? 0
  }

  /// The first pixel of a tick mark whose middle is `position`, kept within the panel.
  private func mark(_ position: Double, within range: Range<Int>) -> Int {
    let start = Int(position.rounded()) - Measure.line / 2
    return min(max(start, range.lowerBound), range.upperBound - Measure.line)
  }
}
