import PIQPlatform
package import PIQSpectral
package import PIQTensor

/// Turns clips into the inputs of a network: windows that start at 0, one hop, two hops and so on until
/// the clip's end is covered. What is missing at the end is zero.
package struct NetworkInput: Sendable {
  private let configuration: NetworkConfiguration
  private let window, hop: Int
  /// The shape of an input; 1 everywhere but for time and frequency.
  private let shape: [Int]
  private let mel: MelSpectrogram?
  private let stft: STFTConfiguration

  /// Inputs for a network.
  ///
  /// - Parameters:
  ///   - shape: that of the network's input, nil where an axis is free.
  ///   - stft: the model's front end.
  /// - Throws: `PIQError.configuration` when nothing fits the shape.
  package init(
    _ configuration: NetworkConfiguration, shape: [Int?], stft: STFTConfiguration
  ) throws(PIQError) {
    let rate = stft.sampleRate
    let window = configuration.windowLength(at: rate)
    let mel = configuration.mel.map { MelSpectrogram($0, sampleRate: rate) }
    let wanted: [Int] =
      switch configuration.input {
      case .waveform: [window]
      case .logPower: Self.axes(configuration, stft.frames(for: window), stft.bins)
      case .mel, .logMel:
        Self.axes(
          configuration, configuration.mel?.frames(for: window) ?? 0,
          configuration.mel?.melCount ?? 0)
      }
    (self.configuration, self.stft, self.mel, self.window) = (configuration, stft, mel, window)
    hop = configuration.hopLength(at: rate)
    self.shape = try Self.fit(wanted, into: shape, of: configuration)
  }

  private static func axes(
    _ configuration: NetworkConfiguration, _ frames: Int, _ bands: Int
  ) -> [Int] {
    configuration.layout == .timeFrequency ? [frames, bands] : [bands, frames]
  }

  /// The shape of an input of these extents, whose other axes are 1.
  private static func fit(
    _ wanted: [Int], into shape: [Int?], of configuration: NetworkConfiguration
  ) throws(PIQError) -> [Int] {
    var result = shape.map { $0 ?? 1 }
    // Those that are not 1; else free ones, the last first, for the batch comes first.
    var axes = shape.indices.filter { shape[$0] != 1 && shape[$0] != nil }
    let free = shape.indices.filter { shape[$0] == nil }
    if axes.count < wanted.count { axes = (axes + free.suffix(wanted.count - axes.count)).sorted() }
    guard axes.count == wanted.count else { throw mismatch(wanted, shape, configuration) }
    let time = configuration.layout == .timeFrequency ? 0 : wanted.count - 1
    for (index, (axis, extent)) in zip(axes, wanted).enumerated() {
      // Frames that a window lacks are added.
      let mayLack = configuration.mel != nil && index == time
      guard let fixed = shape[axis] else {
        result[axis] = extent
        continue
      }
      guard fixed == extent || mayLack && fixed > extent else {
        throw mismatch(wanted, shape, configuration)
      }
    }
    return result
  }

  private static func mismatch(
    _ wanted: [Int], _ shape: [Int?], _ configuration: NetworkConfiguration
  ) -> PIQError {
    let own = wanted.map { "\($0)" }.joined(separator: ", ")
    return .configuration(
      "the network takes [\(words(shape))], which a window of \(configuration.window) s as "
        + "\(configuration.input.rawValue), [\(own)], does not fit")
  }

  /// The extents of a shape, for messages.
  package static func words(_ shape: [Int?]) -> String {
    shape.map { $0.map { "\($0)" } ?? "?" }.joined(separator: ", ")
  }

  /// The shape of each input.
  package var inputShape: [Int] { shape }

  /// How many windows a clip of `count` samples has.
  package func windowCount(of count: Int) -> Int {
    count <= window ? 1 : (count - window + hop - 1) / hop + 1
  }

  /// Calls `body` with the inputs of a clip, a few at a time.
  package func forEach(_ clip: Clip, atOnce most: Int, _ body: ([Tensor]) throws -> Void) rethrows {
    if configuration.input == .logPower {
      try forEachSpectrogram(clip.logPower, most, body)
      return
    }
    let samples = clip.samples
    try forEach(0..<windowCount(of: samples.count), of: samples, atOnce: most, body)
  }

  /// Calls `body` with the inputs of some windows of a sound, a few at a time.
  func forEach(
    _ windows: Range<Int>, of samples: [Float], atOnce most: Int, _ body: ([Tensor]) throws -> Void
  ) rethrows {
    for first in stride(from: windows.lowerBound, to: windows.upperBound, by: most) {
      try body(
        (first..<min(windows.upperBound, first + most)).map { input(of: samples, from: $0 * hop) })
    }
  }

  /// The windows of a sound of `count` samples that hear some of its places; nil where windows are not cut
  /// from samples.
  func windows(hearing places: Range<Int>, of count: Int) -> Range<Int>? {
    guard configuration.input != .logPower else { return nil }
    let all = windowCount(of: count)
    let first = max(0, (places.lowerBound - window) / hop + (places.lowerBound >= window ? 1 : 0))
    return min(first, all)..<max(min(first, all), min(all, (places.upperBound + hop - 1) / hop))
  }

  private func input(of samples: [Float], from start: Int) -> Tensor {
    var values = Array(samples[min(start, samples.count)..<min(start + window, samples.count)])
    // By the sound alone, as transformers does.
    scale(&values)
    let frames = mel.map { $0.configuration.frames(for: values.count) } ?? 0
    if configuration.padsFrames != true || frames == 0 {
      values += repeatElement(0, count: window - values.count)
    }
    guard let mel else { return Tensor(shape: shape, values) }
    return arranged(completed(mel(values), mel.configuration))
  }

  /// A spectrogram [T, M] with the frames that a window lacks of what the network takes: zeros before
  /// they are normalised, as transformers has them.
  private func completed(_ spectrogram: Tensor, _ mel: MelConfiguration) -> Tensor {
    let missing = shape.reduce(1, *) - spectrogram.count
    guard missing > 0 else { return spectrogram }
    let bands = spectrogram.shape[1]
    let rest = Tensor(
      shape: [missing / bands, bands], repeating: Float(-mel.mean / mel.deviation))
    return Tensor(concatenating: [spectrogram, rest])
  }

  private func scale(_ values: inout [Float]) {
    switch configuration.gain {
    case .none: break
    case .peak:
      let level = Normalization.peak.level(of: values)
      if level != 1 { for i in values.indices { values[i] /= level } }
    case .standardize:
      let mean = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
      let variance =
        values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
        / Double(values.count)
      // As transformers does.
      let deviation = (variance + 1e-7).squareRoot()
      for i in values.indices { values[i] = Float((Double(values[i]) - mean) / deviation) }
    }
  }

  private func forEachSpectrogram(
    _ logPower: Tensor, _ most: Int, _ body: ([Tensor]) throws -> Void
  ) rethrows {
    let (frames, bins) = (logPower.shape[0], logPower.shape[1])
    let (length, step) = (stft.frames(for: window), max(1, stft.frames(for: hop) - 1))
    let count = frames <= length ? 1 : (frames - length + step - 1) / step + 1
    for first in stride(from: 0, to: count, by: most) {
      try body(
        (first..<min(count, first + most)).map { index in
          let part = logPower.rows(index * step..<min(frames, index * step + length))
          let missing = Tensor(shape: [length - part.shape[0], bins])
          return arranged(Tensor(concatenating: [part, missing]))
        })
    }
  }

  /// A spectrogram [T, F] as an input.
  private func arranged(_ spectrogram: Tensor) -> Tensor {
    guard configuration.layout == .frequencyTime else { return spectrogram.reshaped(shape) }
    let (rows, columns) = (spectrogram.shape[0], spectrogram.shape[1])
    return spectrogram.withUnsafeBuffer { from in
      Tensor(shape: shape) { to in
        for row in 0..<rows {
          for column in 0..<columns { to[column * rows + row] = from[row * columns + column] }
        }
      }
    }
  }
}
