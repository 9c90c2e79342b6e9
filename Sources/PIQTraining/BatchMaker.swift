import Glibc
package import PIQAudio

/// Makes batches of spectrograms: crops clips, augments them, and computes their STFT.
package struct BatchMaker {
  /// A batch: the log-power spectrograms [B, T, F], and for each clip the probabilities that its
  /// classes should have [B, C].
  package struct Batch {
    package let logPower: Tensor
    package let targets: Tensor
  }

  private let clips: [ClipSet.Clip]
  private let classCount: Int
  private let normalize: Normalization
  private let stft: STFT
  private let cropLength: Int
  private let shortest: Int
  private let augmentation: AugmentationSettings

  /// A maker of batches of `clips` for a model of this configuration.
  ///
  /// - Parameter cropSeconds: the length of a crop.
  package init(
    _ clips: ClipSet, _ configuration: ModelConfiguration, cropSeconds: Double,
    _ augmentation: AugmentationSettings
  ) {
    self.clips = clips.clips
    classCount = configuration.labels.count
    normalize = configuration.normalize
    stft = STFT(configuration.stft)
    self.augmentation = augmentation
    // An encoder needs a minimum number of frames.
    shortest = configuration.stft.samples(
      for: configuration.embeddingModel?.settings?.minimumTrainingFrames ?? 1)
    cropLength =
      cropSeconds == 0
      ? 0 : max(shortest, Int((cropSeconds * Double(configuration.stft.sampleRate)).rounded()))
  }

  /// The batch of some clips, augmented with numbers from `random`.
  package func batch(_ indices: [Int], _ random: inout RandomStream) -> Batch {
    let longest = indices.map { clips[$0].samples.count }.max() ?? 0
    let length = cropLength > 0 ? cropLength : max(longest, shortest)
    var targets = Tensor(shape: [indices.count, classCount])
    var spectrograms: [Tensor] = []
    for (row, index) in indices.enumerated() {
      var samples = sound(index, length, &random)
      var shares = [(clips[index].label, Float(1))]
      if augmentation.mixup > 0 {
        let other = indices[random.index(below: indices.count)]
        let share = Float(random.beta(augmentation.mixup))
        let otherSamples = sound(other, length, &random)
        for i in samples.indices { samples[i] = share * samples[i] + (1 - share) * otherSamples[i] }
        shares = [(clips[index].label, share), (clips[other].label, 1 - share)]
      }
      for (label, share) in shares { targets[flat: row * classCount + label] += share }
      normalize(&samples)
      addNoise(to: &samples, &random)
      if augmentation.gain > 0 {
        let decibels = random.number(in: -augmentation.gain...augmentation.gain)
        let factor = Float(pow(10, decibels / 20))
        for i in samples.indices { samples[i] *= factor }
      }
      var logPower = stft.forward(samples).logPower()
      silence(&logPower, &random)
      spectrograms.append(logPower)
    }
    return Batch(logPower: Tensor(stacking: spectrograms), targets: targets)
  }

  /// `length` normalised samples of a clip, from a part that is not silent.
  private func sound(_ index: Int, _ length: Int, _ random: inout RandomStream) -> [Float] {
    var samples = clips[index].samples
    if augmentation.timeShift, samples.count > 1 {
      let start = random.index(below: samples.count)
      samples = Array(samples[start...] + samples[..<start])
    }
    if samples.count > length {
      let start = start(of: length, in: samples, &random)
      samples = Array(samples[start..<start + length])
    } else {
      samples += Array(repeating: 0, count: length - samples.count)
    }
    normalize(&samples)
    return samples
  }

  /// Clips of sounds are often silent for the most part; a crop without the sound would teach the
  /// class as silence.
  private func start(of length: Int, in samples: [Float], _ random: inout RandomStream) -> Int {
    func energy(_ range: Range<Int>) -> Double {
      samples[range].reduce(0) { $0 + Double($1) * Double($1) }
    }
    let enough = 0.5 * energy(samples.indices) * Double(length) / Double(samples.count)
    var best = (start: 0, energy: -1.0)
    for _ in 0..<16 {
      let start = random.index(below: samples.count - length + 1)
      let found = energy(start..<start + length)
      if found >= enough { return start }
      if found > best.energy { best = (start, found) }
    }
    return best.start
  }

  private func normalize(_ samples: inout [Float]) {
    let level = normalize.level(of: samples)
    guard level != 1 else { return }
    for i in samples.indices { samples[i] /= level }
  }

  /// Adds white noise at a random SNR to every other clip.
  private func addNoise(to samples: inout [Float], _ random: inout RandomStream) {
    guard augmentation.noise > 0 else { return }
    let isNoisy = random.unit() < 0.5
    let ratio = random.number(in: augmentation.noise...(augmentation.noise + 40))
    guard isNoisy else { return }
    let power = samples.reduce(0) { $0 + Double($1) * Double($1) } / Double(max(1, samples.count))
    let level = Float((power * pow(10, -ratio / 10)).squareRoot())
    let noise = random.normal(samples.count)
    for i in samples.indices { samples[i] += level * noise[i] }
  }

  /// Sets ranges of frames and of bins to zero.
  private func silence(_ logPower: inout Tensor, _ random: inout RandomStream) {
    let (frames, bins) = (logPower.shape[0], logPower.shape[1])
    func stretch(_ longest: Int, of count: Int, _ random: inout RandomStream) -> Range<Int> {
      let length = random.index(below: min(longest, count) + 1)
      let start = random.index(below: count - length + 1)
      return start..<start + length
    }
    for _ in 0..<augmentation.timeMasks {
      let range = stretch(augmentation.timeMaskFrames, of: frames, &random)
      logPower.withUnsafeMutableBuffer { values in
        for i in range.lowerBound * bins..<range.upperBound * bins { values[i] = 0 }
      }
    }
    for _ in 0..<augmentation.frequencyMasks {
      let range = stretch(augmentation.frequencyMaskBins, of: bins, &random)
      logPower.withUnsafeMutableBuffer { values in
        for t in 0..<frames { for f in range { values[t * bins + f] = 0 } }
      }
    }
  }
}
