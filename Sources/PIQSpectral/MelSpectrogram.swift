import Foundation
public import PIQTensor

/// Spectrograms in mel bands (`librosa.feature.melspectrogram`,
/// `torchaudio.transforms.MelSpectrogram`, `torchaudio.compliance.kaldi.fbank`). An object may be
/// shared by threads.
public final class MelSpectrogram: Sendable {
  /// The parameters.
  public let configuration: MelConfiguration
  private let window: [Float]
  /// For each band its first bin and the weights from there on.
  private let bands: [(first: Int, weights: [Float])]
  private let transform: FourierTransform

  /// Spectrograms of sound of `sampleRate` hertz.
  ///
  /// - Precondition: the configuration passed `validate(sampleRate:)`.
  public init(_ configuration: MelConfiguration, sampleRate: Int) {
    self.configuration = configuration
    let count = configuration.windowLength
    window = (0..<count).map { i in
      switch configuration.window {
      case .hann: Float(0.5 - 0.5 * cos(2 * .pi * Double(i) / Double(count)))
      case .symmetricHann: Float(0.5 - 0.5 * cos(2 * .pi * Double(i) / Double(max(1, count - 1))))
      case .hamming: Float(0.54 - 0.46 * cos(2 * .pi * Double(i) / Double(count)))
      }
    }
    bands = Self.bands(configuration, sampleRate: sampleRate)
    transform = FourierTransform(count: configuration.nFFT)
  }

  /// The spectrogram of `samples`: [T, M], T frames and M bands.
  public func callAsFunction(_ samples: [Float]) -> Tensor {
    let (frames, count) = (configuration.frames(for: samples.count), configuration.melCount)
    let buffers = FourierBuffers(count: configuration.nFFT)
    let bins = configuration.nFFT / 2 + 1
    var powers = [Float](repeating: 0, count: bins)
    return Tensor(shape: [frames, count]) { values in
      for frame in 0..<frames {
        fill(buffers.signal, with: samples, frame)
        transform.forward(buffers)
        for bin in 0..<bins {
          let (x, y) = (buffers.spectrumValues[2 * bin], buffers.spectrumValues[2 * bin + 1])
          let square = x * x + y * y
          powers[bin] = configuration.power == 2 ? square : square.squareRoot()
        }
        for (band, weights) in bands.enumerated() {
          var sum: Float = 0
          for (i, weight) in weights.weights.enumerated() {
            sum += weight * powers[weights.first + i]
          }
          values[frame * count + band] = scaled(sum)
        }
      }
    }
  }

  private func fill(_ signal: UnsafeMutablePointer<Float>, with samples: [Float], _ frame: Int) {
    let (nFFT, length) = (configuration.nFFT, configuration.windowLength)
    // Kaldi's windows begin with the frame, others are in its middle.
    let offset = configuration.padding == .none ? 0 : (nFFT - length) / 2
    let first = frame * configuration.hopLength
    let start =
      switch configuration.padding {
      case .none, .uncentered: first + offset
      case .reflect, .constant: first + offset - nFFT / 2
      }
    for i in 0..<nFFT { signal[i] = 0 }
    var values = (0..<length).map { sample(start + $0, of: samples) }
    if configuration.removesMean {
      let mean = values.reduce(0, +) / Float(length)
      for i in values.indices { values[i] -= mean }
    }
    if configuration.preemphasis > 0 {
      let share = Float(configuration.preemphasis)
      for i in (1..<length).reversed() { values[i] -= share * values[i - 1] }
      values[0] -= share * values[0]
    }
    for i in 0..<length { signal[offset + i] = values[i] * window[i] }
  }

  /// The sample at a position, which may be outside.
  private func sample(_ position: Int, of samples: [Float]) -> Float {
    if samples.indices.contains(position) { return samples[position] }
    guard configuration.padding == .reflect, samples.count > 1 else { return 0 }
    // Mirrored at the first and the last sample, again and again.
    let period = 2 * (samples.count - 1)
    let place = ((position % period) + period) % period
    return samples[min(place, period - place)]
  }

  private func scaled(_ value: Float) -> Float {
    let inner = max(value + Float(configuration.logOffset), Float(configuration.logFloor))
    let logarithm =
      switch configuration.logarithm {
      case .none: value
      case .ln: log(inner)
      case .log10: log10(inner)
      case .decibel: 10 * log10(inner)
      }
    return (logarithm - Float(configuration.mean)) / Float(configuration.deviation)
  }

  // MARK: Bands

  private static func bands(
    _ configuration: MelConfiguration, sampleRate: Int
  ) -> [(first: Int, weights: [Float])] {
    let scale = configuration.scale
    let half = Double(sampleRate) / 2
    let low = mel(configuration.lowest, scale)
    let step =
      (mel(configuration.highest ?? half, scale) - low) / Double(configuration.melCount + 1)
    let width = Double(sampleRate) / Double(configuration.nFFT)
    // The positions of edges and bins on the axis on which bands are triangles.
    let position = { (mels: Double) in scale == .kaldi ? mels : hertz(mels, scale) }
    let bins = (0...configuration.nFFT / 2).map { bin in
      scale == .kaldi ? mel(Double(bin) * width, scale) : Double(bin) * width
    }
    return (0..<configuration.melCount).map { band in
      let edges = (0...2).map { position(low + Double(band + $0) * step) }
      let norm =
        configuration.normalizesArea
        ? 2
          / (hertz(low + Double(band + 2) * step, scale) - hertz(low + Double(band) * step, scale))
        : 1
      let weights = bins.map { bin in
        max(
          0, min((bin - edges[0]) / (edges[1] - edges[0]), (edges[2] - bin) / (edges[2] - edges[1]))
        )
          * norm
      }
      guard let first = weights.firstIndex(where: { $0 > 0 }),
        let last = weights.lastIndex(where: { $0 > 0 })
      else { return (0, []) }
      return (first, weights[first...last].map { Float($0) })
    }
  }

  private static func mel(_ hertz: Double, _ scale: MelConfiguration.Scale) -> Double {
    switch scale {
    case .htk: 2595 * log10(1 + hertz / 700)
    case .kaldi: 1127 * log(1 + hertz / 700)
    case .slaney: hertz < 1000 ? hertz * 3 / 200 : 15 + log(hertz / 1000) / slaneyStep
    }
  }

  private static func hertz(_ mel: Double, _ scale: MelConfiguration.Scale) -> Double {
    switch scale {
    case .htk: 700 * (pow(10, mel / 2595) - 1)
    case .kaldi: 700 * (exp(mel / 1127) - 1)
    case .slaney: mel < 15 ? mel * 200 / 3 : 1000 * exp((mel - 15) * slaneyStep)
    }
  }

  /// 27 bands make a factor of 6.4.
  private static let slaneyStep = log(6.4) / 27
}
