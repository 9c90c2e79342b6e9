/// The time and frequency axes of a spectrogram in seconds and hertz.
///
/// Frames are centred: frame t is centred at the time t * hopLength / sampleRate, and bin k at the
/// frequency k * sampleRate / nFFT. Each is drawn as a cell with that point in its middle.
/// All numbers but that of the frames are positive, as `STFTConfiguration` checks.
struct SpectrogramAxes {
  let frames: Int
  let bins: Int
  let sampleRate: Int
  let hopLength: Int
  let nFFT: Int

  /// The right edge, in seconds.
  var lastSecond: Double { (Double(frames) - 0.5) * Double(hopLength) / Double(sampleRate) }
  /// The top edge, in hertz.
  var lastHertz: Double { (Double(bins) - 0.5) * Double(sampleRate) / Double(nFFT) }

  /// Hertz in one unit of the frequency axis: kilohertz where the axis is long enough.
  var hertzPerUnit: Double { lastHertz >= 2000 ? 1000 : 1 }
  var frequencyUnit: String { hertzPerUnit == 1000 ? "kHz" : "Hz" }

  /// A time's position on the axis: 0 is its left end, 1 its right end.
  func share(seconds: Double) -> Double {
    (seconds * Double(sampleRate) / Double(hopLength) + 0.5) / Double(max(frames, 1))
  }

  /// A frequency's position on the axis: 0 is its lower end, 1 its upper end.
  func share(hertz: Double) -> Double {
    (hertz * Double(nFFT) / Double(sampleRate) + 0.5) / Double(max(bins, 1))
  }
}
