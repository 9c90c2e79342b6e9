import Foundation
public import PIQPlatform
public import PIQTensor

/// An explanation in one figure: input, mask and interpretation of a clip side by side, as
/// spectrograms over one frequency axis.
///
/// Input and interpretation share a colour scale, so that equal colours are equal magnitudes.
///
///     let figure = try InterpretationFigure(
///       input: logPower, mask: mask, interpretation: magnitude,
///       sampleRate: 16_000, hopLength: 186, nFFT: 1024,
///       label: "dog_bark", probability: 0.973, source: "garden.wav")
///     try figure.write(toPNG: "garden.interpretation.png")
public struct InterpretationFigure: Figure, Sendable {
  private let input: Tensor
  private let mask: Tensor
  private let interpretation: Tensor
  private let axes: SpectrogramAxes
  private let title: String
  private let source: String?

  /// A figure of one clip. Where mask and interpretation have fewer frames than the input, the
  /// rest of their panels stays grey. NaN and infinite elements are drawn as 0.
  ///
  /// - Parameters:
  ///   - input: the log-power spectrogram, log(1 + magnitude), [T, F] with T frames and F bins.
  ///   - mask: the weight of each time-frequency bin, 0 to 1, [T', F].
  ///   - interpretation: the interpretation's magnitude, linear, [T', F].
  ///   - sampleRate: in hertz.
  ///   - hopLength: the hop between frames, in samples.
  ///   - nFFT: samples in a frame's Fourier transform.
  ///   - label: the name of the class.
  ///   - probability: of that class, 0 to 1.
  ///   - known: how likely it is that the sound is of any class, 0 to 1; nil where that is not known.
  ///   - source: the source of the sound, such as a file name.
  /// - Throws: `Failure` when the shapes do not match.
  public init(
    input: Tensor, mask: Tensor, interpretation: Tensor, sampleRate: Int, hopLength: Int, nFFT: Int,
    label: String, probability: Float, known: Float? = nil, source: String? = nil
  ) throws(Failure) {
    try Self.checkShapes(input, mask, interpretation)
    self.input = input
    self.mask = mask
    self.interpretation = interpretation
    axes = SpectrogramAxes(
      frames: [input, mask, interpretation].map { $0.shape[0] }.max() ?? 0, bins: input.shape[1],
      sampleRate: sampleRate, hopLength: hopLength, nFFT: nFFT)
    title =
      label
      + (probability.isFinite ? String(format: ", %.1f\u{A0}%%", Double(probability) * 100) : "")
      + (known.map { String(format: ", known %.2f", $0) } ?? "")
    self.source = source
  }

  /// - Throws: `Failure` when the shapes do not match.
  static func checkShapes(
    _ input: Tensor, _ mask: Tensor, _ interpretation: Tensor
  ) throws(Failure) {
    let shapes = [input.shape, mask.shape, interpretation.shape]
    guard shapes.allSatisfy({ $0.count == 2 && $0[1] > 0 && $0[1] == shapes[0].last }) else {
      throw Failure(
        .figureFailed,
        problem: "input, mask and interpretation of shapes "
          + shapes.map(\.description).joined(separator: ", ") + " do not belong together",
        remedy: "give three spectrograms [frames, bins] of as many bins")
    }
  }

  /// The colours of input and interpretation, given as to `init`.
  static func scale(_ input: Tensor, _ interpretation: Tensor) -> ColorScale {
    .logPower(upTo: max(input.largestFinite, logPower(ofMagnitude: interpretation.largestFinite)))
  }

  /// Draws the figure: the page, and the positions of the three panels' images on it.
  package func render() throws(Failure) -> (canvas: Canvas, panels: [Rectangle]) {
    let top = 98
    let canvas = try Canvas(width: 1500, height: top + Measure.panelHeight + Measure.belowPanel)
    let scale = Self.scale(input, interpretation)

    let left = Measure.edge + canvas.frequencyAxisWidth(axes)
    let gaps = [40, canvas.colorBarWidth(.mask) + 30]
    let right = Measure.edge + canvas.colorBarWidth(scale)
    let width = (canvas.width - left - gaps[0] - gaps[1] - right) / 3
    var panel = Rectangle(x: left, y: top, width: width, height: Measure.panelHeight)
    var panels: [Rectangle] = []
    for gap in gaps + [0] {
      panels.append(panel)
      panel.x += width + gap
    }

    func image(_ grid: Tensor, _ scale: ColorScale, isMagnitude: Bool = false) -> Raster {
      Raster(
        grid, frames: axes.frames, width: width, height: panel.height, scale: scale,
        isMagnitude: isMagnitude)
    }
    let images = [
      image(input, scale), image(mask, .mask), image(interpretation, scale, isMagnitude: true),
    ]
    canvas.drawHeader(title: title, source: source, from: left, to: panels[2].maxX)
    for (index, title) in ["Input", "Mask", "Interpretation"].enumerated() {
      canvas.drawPanel(images[index], in: panels[index], title: title)
      canvas.drawTimeAxis(axes, below: panels[index])
      canvas.drawFrequencyAxis(axes, leftOf: panels[index], isLabelled: index == 0)
    }
    canvas.drawColorBar(.mask, rightOf: panels[1])
    canvas.drawColorBar(scale, rightOf: panels[2])
    return (canvas, panels)
  }
}
