import Foundation
package import PIQPlatform
import PIQTensor

/// A long recording in one figure: spectrogram, mask and classes stacked over one time axis.
public struct OverviewFigure: Figure, Sendable {
  /// A time interval, in seconds, that was classified as a class.
  public typealias Interval = (range: Range<Double>, label: String, probability: Float)

  /// What carried a class, in seconds and hertz.
  public typealias Box = (seconds: Range<Double>, hertz: Range<Double>)

  /// The number of classes with their own row; the others share one.
  static let mostClasses = 12
  private static let rowHeight = 24
  private static let panelHeight = 260

  private let pool: OverviewPool
  private let range: ClosedRange<Double>
  private let intervals: [Interval]
  private let boxes: [Box]
  private let axes: SpectrogramAxes
  private let title: String
  private let source: String?
  private let showsExplanation: Bool

  /// A figure of the part of a recording in `range`.
  ///
  /// - Parameters:
  ///   - pool: spectrogram and mask from the start of `range` on.
  ///   - range: in seconds.
  ///   - intervals: the classified intervals, in any order.
  ///   - boxes: outlined on spectrogram and mask.
  ///   - sampleRate: in hertz.
  ///   - bins: of the spectrogram, before it was pooled.
  ///   - nFFT: samples in a frame's Fourier transform.
  ///   - title: the line above.
  ///   - source: the source of the sound, such as a file name.
  ///   - showsExplanation: whether mask and classes are drawn below the spectrogram.
  public init(
    _ pool: OverviewPool, range: ClosedRange<Double>, intervals: [Interval], boxes: [Box] = [],
    sampleRate: Int, bins: Int, nFFT: Int, title: String, source: String? = nil,
    showsExplanation: Bool = true
  ) {
    self.pool = pool
    self.range = range
    self.intervals = intervals.filter { $0.range.overlaps(range) }
    self.boxes = boxes.filter { $0.seconds.overlaps(range) }
    self.title = title
    self.source = source
    self.showsExplanation = showsExplanation
    axes = SpectrogramAxes(
      frames: pool.columns, bins: bins, sampleRate: sampleRate, hopLength: pool.samplesPerColumn,
      nFFT: nFFT)
  }

  /// Draws the figure: the page, and the positions of the two images and the rows of classes on it.
  package func render() throws(Failure) -> (canvas: Canvas, panels: [Rectangle]) {
    let rows = classRows
    let (top, gap) = (98, 46)
    let explanationHeight =
      showsExplanation ? Self.panelHeight + 2 * gap + max(1, rows.count) * Self.rowHeight : 0
    let height = top + Self.panelHeight + explanationHeight + Measure.belowPanel
    let canvas = try Canvas(width: 1500, height: height)
    let scale = ColorScale.logPower(upTo: pool.input.max() ?? 0)
    let names = rows.map { canvas.width(of: canvas.elided($0.label, to: 190, .tick), .tick) }
    let left =
      Measure.edge + max(canvas.frequencyAxisWidth(axes), Int((names.max() ?? 0).rounded(.up)) + 16)
    let right =
      canvas.width - Measure.edge - max(canvas.colorBarWidth(scale), canvas.colorBarWidth(.mask))
    var panel = Rectangle(x: left, y: top, width: right - left, height: Self.panelHeight)
    var panels = [panel]
    canvas.drawHeader(title: title, source: source, from: left, to: right)
    canvas.drawPanel(image(pool.input, panel, scale), in: panel, title: "Input")
    if !isCrowded(panel) { draw(boxes, in: panel, on: canvas) }
    canvas.drawFrequencyAxis(axes, leftOf: panel, isLabelled: true)
    canvas.drawColorBar(scale, rightOf: panel)
    if showsExplanation {
      panel.y += Self.panelHeight + gap
      panels.append(panel)
      canvas.drawPanel(maskImage(panel), in: panel, title: "Mask")
      draw(boxes, in: panel, on: canvas)
      canvas.drawFrequencyAxis(axes, leftOf: panel, isLabelled: true)
      canvas.drawColorBar(.mask, rightOf: panel)
      panel.y += Self.panelHeight + gap
      panel.height = max(1, rows.count) * Self.rowHeight
      panels.append(panel)
      draw(rows, in: panel, on: canvas)
    }
    let ticks = Tick.clock(in: range, atMost: panel.width / 100).map { tick in
      let share = (tick.value - range.lowerBound) / (range.upperBound - range.lowerBound)
      return (x: Double(panel.x) + share * Double(panel.width), label: tick.label)
    }
    canvas.drawAxis(ticks, title: "Time (h:min:s)", below: panel)
    return (canvas, panels)
  }

  // MARK: Spectrogram and mask

  /// The number of columns in the width.
  private var columnsAcross: Int {
    let samples = (range.upperBound - range.lowerBound) * Double(axes.sampleRate)
    return max(pool.columns, Int((samples / Double(pool.samplesPerColumn)).rounded(.up)), 1)
  }

  private func image(_ cells: [Float], _ panel: Rectangle, _ scale: ColorScale) -> Raster {
    Raster(
      Tensor(shape: [pool.columns, max(1, pool.rows)], cells), frames: columnsAcross,
      width: panel.width, height: panel.height, scale: scale)
  }

  /// The mask, with parts not explained in the colour of missing data.
  private func maskImage(_ panel: Rectangle) -> Raster {
    var image = image(pool.meanMask, panel, .mask)
    let columns = Pooling(samples: columnsAcross, pixels: panel.width)
    for x in 0..<panel.width {
      let isEmpty = columns.spans[x].range.allSatisfy {
        $0 >= pool.columns || pool.maskFrames[$0] == 0
      }
      guard isEmpty else { continue }
      for y in 0..<panel.height { image.pixels[y * panel.width + x] = Color.noData.rgb }
    }
    return image
  }

  // MARK: Boxes

  /// Whether so many boxes would hide the spectrogram.
  private func isCrowded(_ panel: Rectangle) -> Bool { boxes.count > panel.width / 24 }

  private func draw(_ boxes: [Box], in panel: Rectangle, on canvas: Canvas) {
    let span = range.upperBound - range.lowerBound
    let width = isCrowded(panel) ? 1 : 2
    for box in boxes {
      func x(_ seconds: Double) -> Int {
        let share = min(max((seconds - range.lowerBound) / span, 0), 1)
        return panel.x + Int((share * Double(panel.width)).rounded())
      }
      func y(_ hertz: Double) -> Int {
        let share = min(max(axes.share(hertz: hertz), 0), 1)
        return panel.maxY - Int((share * Double(panel.height)).rounded())
      }
      let (left, top) = (x(box.seconds.lowerBound), y(box.hertz.upperBound))
      let least = 2 * width + 1
      let frame = Rectangle(
        x: min(left, panel.maxX - least), y: min(top, panel.maxY - least),
        width: max(least, x(box.seconds.upperBound) - left),
        height: max(least, y(box.hertz.lowerBound) - top))
      canvas.border(around: frame.inset(by: width), width: width, .accent)
    }
  }

  // MARK: Classes

  private struct ClassRow {
    let label: String
    var intervals: [Interval]
  }

  /// A row for each class, the one with the longest duration on top; the last row holds the rest.
  private var classRows: [ClassRow] {
    var seconds: [String: Double] = [:]
    for interval in intervals {
      seconds[interval.label, default: 0] += interval.range.upperBound - interval.range.lowerBound
    }
    let labels = seconds.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
    let isCrowded = labels.count > Self.mostClasses
    let own = labels.prefix(isCrowded ? Self.mostClasses - 1 : Self.mostClasses)
    var rows = own.map { label in
      ClassRow(label: label, intervals: intervals.filter { $0.label == label })
    }
    if isCrowded {
      rows.append(
        ClassRow(
          label: "\(labels.count - own.count) others",
          intervals: intervals.filter { !own.contains($0.label) }))
    }
    return rows
  }

  private func draw(_ rows: [ClassRow], in panel: Rectangle, on canvas: Canvas) {
    canvas.border(around: panel, width: Measure.line, .ink)
    canvas.write("Class", x: panel.midX, y: Double(panel.y - 13), .middle, .panelTitle)
    let span = range.upperBound - range.lowerBound
    for (index, row) in rows.enumerated() {
      let y = panel.y + index * Self.rowHeight
      // The likeliest window within each pixel.
      var pixels = [Float](repeating: 0, count: panel.width)
      for interval in row.intervals {
        func place(_ seconds: Double) -> Double {
          min(max((seconds - range.lowerBound) / span, 0), 1) * Double(panel.width)
        }
        let first = Int(place(interval.range.lowerBound))
        let last = Int(place(interval.range.upperBound).rounded(.up))
        for x in first..<max(first, min(last, panel.width)) {
          pixels[x] = max(pixels[x], interval.probability)
        }
      }
      for x in pixels.indices where pixels[x] > 0 {
        canvas.fill(
          Rectangle(x: panel.x + x, y: y + 2, width: 1, height: Self.rowHeight - 4),
          ColorMap.mask.color(pixels[x]))
      }
      canvas.write(
        canvas.elided(row.label, to: 190, .tick), x: Double(panel.x - 9), y: Double(y + 18), .right,
        .tick)
    }
  }
}
