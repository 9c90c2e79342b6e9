import PIQPlotting
import PIQTensor

/// A spectrogram of silence but for the cells at `loud` (frame, bin).
func grid(frames: Int, bins: Int, loud: [(Int, Int)] = [], level: Float = 2) -> Tensor {
  var elements = [Float](repeating: 0, count: frames * bins)
  for (frame, bin) in loud { elements[frame * bins + bin] = level }
  return Tensor(shape: [frames, bins], elements)
}

/// A figure of `input` whose mask is all ones.
func figure(
  _ input: Tensor, mask: Tensor? = nil, interpretation: Tensor? = nil, sampleRate: Int = 16_000,
  hopLength: Int = 186, nFFT: Int = 1024, label: String = "dog_bark", probability: Float = 0.973,
  source: String? = nil
) throws -> InterpretationFigure {
  try InterpretationFigure(
    input: input, mask: mask ?? Tensor(shape: input.shape, repeating: 1),
    interpretation: interpretation ?? input, sampleRate: sampleRate, hopLength: hopLength,
    nFFT: nFFT, label: label, probability: probability, source: source)
}

extension Canvas {
  /// The pixel in the middle of a cell of a panel that shows `frames` frames and `bins` bins.
  func cell(frame: Int, bin: Int, frames: Int, bins: Int, in panel: Rectangle) -> Color {
    let x = (Double(frame) + 0.5) / Double(frames) * Double(panel.width)
    let y = (1 - (Double(bin) + 0.5) / Double(bins)) * Double(panel.height)
    return pixel(x: panel.x + Int(x), y: panel.y + Int(y))
  }

  /// How many pixels of a rectangle are not white.
  func marks(x: Range<Int>, y: Range<Int>) -> Int {
    y.reduce(0) { sum, y in
      sum + x.reduce(0) { $0 + (pixel(x: $1, y: y).rgb == 0xFFFFFF ? 0 : 1) }
    }
  }
}
