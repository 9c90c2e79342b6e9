import Glibc
package import PIQAudio

/// Clips as a training hears them: cropped, mixed, shifted, louder or quieter, and with noise.
package struct AugmentedSounds {
  /// A sound, and the parts that classes have in it.
  package struct Sound {
    package let samples: [Float]
    /// The index of a class, and its part, which add up to 1.
    package let shares: [(label: Int, share: Float)]
  }

  private let clips: [ClipSet.Clip]
  private let sampleRate: Int
  private let normalize: Normalization
  private let augmentation: AugmentationSettings

  /// The sounds of `clips`, which have `sampleRate` samples a second.
  package init(
    _ clips: ClipSet, sampleRate: Int, normalize: Normalization,
    _ augmentation: AugmentationSettings
  ) {
    self.clips = clips.clips
    (self.sampleRate, self.normalize, self.augmentation) = (sampleRate, normalize, augmentation)
  }

  /// The length of a clip, in samples.
  package func count(_ index: Int) -> Int { clips[index].samples.count }

  /// A clip with other draws each time.
  ///
  /// - Parameters:
  ///   - others: the clips of which one may be mixed in.
  ///   - length: of the sound, in samples.
  package func sound(
    _ index: Int, among others: [Int], length: Int, _ random: inout RandomStream
  ) -> Sound {
    var samples = sound(index, length, &random)
    var shares = [(label: clips[index].label, share: Float(1))]
    if augmentation.mixup > 0 {
      let other = others[random.index(below: others.count)]
      let share = Float(random.beta(augmentation.mixup))
      let otherSamples = sound(other, length, &random)
      for i in samples.indices { samples[i] = share * samples[i] + (1 - share) * otherSamples[i] }
      shares = [(clips[index].label, share), (clips[other].label, 1 - share)]
    }
    normalize(&samples)
    addNoise(to: &samples, &random)
    if augmentation.gain > 0 {
      let decibels = random.number(in: -augmentation.gain...augmentation.gain)
      let factor = Float(pow(10, decibels / 20))
      for i in samples.indices { samples[i] *= factor }
    }
    return Sound(samples: samples, shares: shares)
  }

  /// `length` normalised samples of a clip, from a part that is not silent.
  private func sound(_ index: Int, _ length: Int, _ random: inout RandomStream) -> [Float] {
    var samples = clips[index].samples
    if augmentation.timeShift, samples.count > 1 {
      let start = random.index(below: samples.count)
      samples = Array(samples[start...] + samples[..<start])
    }
    let speed = augmentation.speed > 0 ? speed(&random) : 1
    let needed = speed == 1 ? length : PlaybackSpeed.samples(for: length, at: speed)
    if samples.count > needed {
      let start = start(of: needed, in: samples, &random)
      samples = Array(samples[start..<start + needed])
    } else {
      samples += Array(repeating: 0, count: needed - samples.count)
    }
    if speed != 1 { samples = PlaybackSpeed.change(samples, to: length, at: speed) }
    if augmentation.equalizer > 0 { equalize(&samples, &random) }
    normalize(&samples)
    return samples
  }

  /// A speed that is as often below 1 as above.
  private func speed(_ random: inout RandomStream) -> Double {
    let most = log(1 + augmentation.speed)
    return exp(random.number(in: -most...most))
  }

  /// Raises or lowers three bands between 60 Hz and nine tenths of the highest frequency.
  private func equalize(_ samples: inout [Float], _ random: inout RandomStream) {
    let (low, high) = (log(60.0), log(0.45 * Double(sampleRate)))
    guard low < high else { return }
    for _ in 0..<3 {
      let filter = PeakingFilter(
        frequency: exp(random.number(in: low...high)),
        gain: random.number(in: -augmentation.equalizer...augmentation.equalizer),
        quality: random.number(in: 0.4...2), sampleRate: sampleRate)
      filter(&samples)
    }
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
}
