public import PIQSpectral
public import PIQTensor

/// The seconds and the band of a sound that carried a class.
public struct Region: Sendable, Codable, Hashable {
  /// In seconds, from the beginning of the sound.
  public var start: Double
  /// In seconds.
  public var end: Double
  /// In hertz.
  public var low: Double
  /// In hertz.
  public var high: Double

  /// A region of these seconds and hertz.
  public init(start: Double, end: Double, low: Double, high: Double) {
    (self.start, self.end, self.low, self.high) = (start, end, low, high)
  }

  /// The region of a clip that a mask keeps most of; nil where it keeps nothing.
  ///
  /// - Parameters:
  ///   - mask: [T, F]: T frames, F bins.
  ///   - logPower: the clip's spectrogram [T', F], T' at least T.
  ///   - stft: the transform behind both.
  ///   - duration: of the clip, in seconds.
  public init?(of mask: Tensor, in logPower: Tensor, _ stft: STFTConfiguration, duration: Double) {
    guard let cells = RegionCells(mask, logPower) else { return nil }
    // A frame and a bin reach half way to their neighbours.
    func edge(_ index: Int, _ width: Double, _ most: Double) -> Double {
      min(max(0, (Double(index) - 0.5) * width), most)
    }
    let (hop, rate) = (Double(stft.hopLength), Double(stft.sampleRate))
    let width = rate / Double(stft.nFFT)
    start = edge(cells.frames.lowerBound, hop / rate, duration)
    end = edge(cells.frames.upperBound, hop / rate, duration)
    low = edge(cells.bins.lowerBound, width, rate / 2)
    high = edge(cells.bins.upperBound, width, rate / 2)
  }

  /// The frames of that region.
  package static func frames(of mask: Tensor, in logPower: Tensor) -> Range<Int>? {
    RegionCells(mask, logPower)?.frames
  }

  /// The same region of a sound in which the clip begins at `seconds`.
  public func shifted(by seconds: Double) -> Region {
    Region(start: start + seconds, end: end + seconds, low: low, high: high)
  }

  /// The smallest region that holds both.
  public func union(_ other: Region) -> Region {
    Region(
      start: min(start, other.start), end: max(end, other.end), low: min(low, other.low),
      high: max(high, other.high))
  }
}
