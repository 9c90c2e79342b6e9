public import PIQPlatform
public import PIQTensor

/// The three spectrograms of an explanation as bare images, for pages that draw the axes
/// themselves and move something over them.
///
/// Colours are those of `InterpretationFigure`.
public struct InterpretationPanels: Sendable {
  /// The spectrogram of the clip, as a PNG file.
  public let input: [UInt8]
  /// The mask, likewise.
  public let mask: [UInt8]
  /// The masked spectrogram, likewise.
  public let interpretation: [UInt8]
  /// The axes of each of them, in seconds and hertz.
  public let axes: Axes

  /// The axes of an image.
  public struct Axes: Sendable, Encodable {
    /// The position of second 0 between the left edge (0) and the right edge (1).
    public let start: Double
    /// The length of a second, in widths of an image.
    public let perSecond: Double
    /// The position of 0 Hz between the lower edge (0) and the upper edge (1).
    public let lowest: Double
    /// The height of a hertz, in heights of an image.
    public let perHertz: Double
    /// Round times in seconds.
    public let time: [Mark]
    /// Round frequencies in `unit`.
    public let frequency: [Mark]
    /// Hz or kHz.
    public let unit: String
  }

  /// A tick of an axis.
  public struct Mark: Sendable, Encodable {
    public let label: String
    /// Its position: 0 at the left or lower edge, 1 at the right or upper edge.
    public let place: Double
  }

  /// The most pixels of an image, to keep the page small.
  private static let most = (width: 640, height: 257)

  /// Draws the panels. Arguments are those of `InterpretationFigure`.
  ///
  /// - Throws: `Failure` when the shapes do not match, or drawing fails.
  public init(
    input: Tensor, mask: Tensor, interpretation: Tensor, sampleRate: Int, hopLength: Int, nFFT: Int
  ) throws(Failure) {
    try InterpretationFigure.checkShapes(input, mask, interpretation)
    let axes = SpectrogramAxes(
      frames: [input, mask, interpretation].map { $0.shape[0] }.max() ?? 0, bins: input.shape[1],
      sampleRate: sampleRate, hopLength: hopLength, nFFT: nFFT)
    let scale = InterpretationFigure.scale(input, interpretation)
    let width = min(max(axes.frames, 1), Self.most.width)
    let height = min(axes.bins, Self.most.height)
    func png(
      _ grid: Tensor, _ scale: ColorScale, isMagnitude: Bool = false
    ) throws(Failure) -> [UInt8] {
      try PNGEncoder.encodeSmall(
        Raster(
          grid, frames: axes.frames, width: width, height: height, scale: scale,
          isMagnitude: isMagnitude))
    }
    self.input = try png(input, scale)
    self.mask = try png(mask, .mask)
    self.interpretation = try png(interpretation, scale, isMagnitude: true)
    let (start, unit) = (axes.share(seconds: 0), axes.hertzPerUnit)
    let lowest = axes.share(hertz: 0)
    self.axes = Axes(
      start: start, perSecond: axes.share(seconds: 1) - start, lowest: lowest,
      perHertz: axes.share(hertz: 1) - lowest,
      time: Tick.round(upTo: axes.lastSecond, atMost: 7).map {
        Mark(label: $0.label, place: axes.share(seconds: $0.value))
      },
      frequency: Tick.round(upTo: axes.lastHertz / unit, atMost: 5).map {
        Mark(label: $0.label, place: axes.share(hertz: $0.value * unit))
      }, unit: axes.frequencyUnit)
  }
}
