import PIQClassifiers
package import PIQSpectral

/// What replaces the parts of a spectrogram that a method takes away.
public enum Baseline: String, Sendable, Codable, CaseIterable {
  /// Nothing is heard there.
  case silence
  /// The mean of the clip in each frequency bin.
  case mean
}

/// The size of a part of a spectrogram.
public struct Patch: Sendable, Codable, Hashable {
  /// Its length, in seconds.
  public var seconds: Double
  /// Its height, in hertz; a tenth of all frequencies if nil.
  public var hertz: Double?

  /// A patch of this size.
  public init(seconds: Double, hertz: Double? = nil) {
    (self.seconds, self.hertz) = (seconds, hertz)
  }

  /// The same in frames and bins, at least one of each.
  package func cells(of stft: STFTConfiguration) -> (frames: Int, bins: Int) {
    let frames = (seconds * Double(stft.sampleRate) / Double(stft.hopLength)).rounded()
    let width = Double(stft.sampleRate) / Double(stft.nFFT)
    let bins = ((hertz ?? Double(stft.sampleRate) / 20) / width).rounded()
    func count(_ value: Double) -> Int { Int(max(1, min(value, 1e6))) }
    return (count(frames), count(bins))
  }
}

/// A cell of a division of spectrograms.
package struct PatchPlace: Sendable {
  package let frames, bins: Range<Int>

  /// A cell of these frames and bins.
  package init(frames: Range<Int>, bins: Range<Int>) {
    (self.frames, self.bins) = (frames, bins)
  }
}

/// Patches of one size over a spectrogram [T, F], every so many frames and bins.
package struct PatchGrid: Sendable {
  /// The most segments of a linear model: what takes a second to solve, and 72 MB.
  private static let mostSegments = 3000

  /// Patches side by side, as the segments of a linear model.
  ///
  /// - Throws: `PIQError.unsupported` of more than can be fitted.
  static func segments(
    of shape: [Int], size: (frames: Int, bins: Int), for method: any Explainer.Type
  ) throws(PIQError) -> [PatchPlace] {
    let counts = [(shape[0], size.frames), (shape[1], size.bins)].map { ($0 + $1 - 1) / $1 }
    guard counts[0] <= mostSegments, counts[0] * counts[1] <= mostSegments else {
      throw .unsupported(
        "\(method.name) would fit \(counts[0]) times \(counts[1]) segments, where "
          + "\(mostSegments) are the most: take larger patches or shorter windows")
    }
    return PatchGrid(shape: shape, size: size, stride: size).places
  }

  /// In the order of time, then frequency.
  package let places: [PatchPlace]

  /// Patches that begin at multiples of the strides, as many as it takes to reach the ends; the last ones
  /// are cut there.
  package init(shape: [Int], size: (frames: Int, bins: Int), stride: (frames: Int, bins: Int)) {
    func ranges(_ count: Int, _ size: Int, _ stride: Int) -> [Range<Int>] {
      let more = (max(0, count - size) + stride - 1) / stride
      return (0...more).map { $0 * stride..<min(count, $0 * stride + size) }
    }
    let columns = ranges(shape[1], size.bins, stride.bins)
    places = ranges(shape[0], size.frames, stride.frames).flatMap { frames in
      columns.map { PatchPlace(frames: frames, bins: $0) }
    }
  }
}
