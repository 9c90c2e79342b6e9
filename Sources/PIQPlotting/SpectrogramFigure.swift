public import PIQPlatform
public import PIQTensor

/// One spectrogram with its axes and colour bar.
public struct SpectrogramFigure: Figure, Sendable {
  private let spectrogram: Tensor
  private let axes: SpectrogramAxes
  private let title: String

  /// A figure of one spectrogram. NaN and infinite elements are drawn as 0.
  ///
  /// - Parameters:
  ///   - spectrogram: log-power, log(1 + magnitude), [T, F] with T frames and F bins.
  ///   - sampleRate: in hertz.
  ///   - hopLength: the hop between frames, in samples.
  ///   - nFFT: samples in a frame's Fourier transform.
  ///   - title: the line above, such as the name of the file.
  /// - Throws: `Failure` when the shape is not that of a spectrogram.
  public init(
    _ spectrogram: Tensor, sampleRate: Int, hopLength: Int, nFFT: Int, title: String
  ) throws(Failure) {
    guard spectrogram.shape.count == 2, spectrogram.shape[1] > 0 else {
      throw Failure(
        .figureFailed, problem: "a tensor of shape \(spectrogram.shape) is no spectrogram",
        remedy: "give a spectrogram [frames, bins] of at least one bin")
    }
    self.spectrogram = spectrogram
    self.title = title
    axes = SpectrogramAxes(
      frames: spectrogram.shape[0], bins: spectrogram.shape[1],
      sampleRate: sampleRate, hopLength: hopLength, nFFT: nFFT)
  }

  /// Draws the figure: the page, and the position of the image on it.
  package func render() throws(Failure) -> (canvas: Canvas, panels: [Rectangle]) {
    let top = 66
    let canvas = try Canvas(width: 1200, height: top + Measure.panelHeight + Measure.belowPanel)
    let scale = ColorScale.logPower(upTo: spectrogram.largestFinite)
    let left = Measure.edge + canvas.frequencyAxisWidth(axes)
    let right = Measure.edge + canvas.colorBarWidth(scale)
    let panel = Rectangle(
      x: left, y: top, width: canvas.width - left - right, height: Measure.panelHeight)

    let image = Raster(
      spectrogram, frames: axes.frames, width: panel.width, height: panel.height, scale: scale)
    canvas.drawHeader(title: title, source: nil, from: panel.x, to: panel.maxX)
    canvas.drawPanel(image, in: panel)
    canvas.drawTimeAxis(axes, below: panel)
    canvas.drawFrequencyAxis(axes, leftOf: panel, isLabelled: true)
    canvas.drawColorBar(scale, rightOf: panel)
    return (canvas, [panel])
  }
}
