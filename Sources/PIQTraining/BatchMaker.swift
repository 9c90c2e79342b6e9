package import PIQAudio

/// Makes batches of spectrograms: crops clips, augments them, and computes their STFT.
package struct BatchMaker {
  /// A batch: the log-power spectrograms [B, T, F], for each clip the probabilities that its classes
  /// should have [B, C], and its sound without the parts that are masked in the spectrogram.
  package struct Batch {
    package let logPower: Tensor
    package let targets: Tensor
    let sounds: [[Float]]
  }

  private let sounds: AugmentedSounds
  private let classCount: Int
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
    sounds = AugmentedSounds(
      clips, sampleRate: configuration.stft.sampleRate, normalize: configuration.normalize,
      augmentation)
    classCount = configuration.labels.count
    stft = STFT(configuration.stft)
    self.augmentation = augmentation
    // An encoder needs a minimum number of frames.
    shortest = configuration.stft.samples(
      for: configuration.embeddingModel?.settings?.minimumTrainingFrames ?? 1)
    cropLength =
      cropSeconds == 0
      ? 0 : max(shortest, Int((cropSeconds * Double(configuration.stft.sampleRate)).rounded()))
  }

  /// The batch of some clips, each augmented with random numbers of its own; several at the same time.
  ///
  /// - Parameters:
  ///   - seed: of all random numbers.
  ///   - path: names the batch.
  package func batch(_ indices: [Int], seed: UInt64, path: [Int]) throws -> Batch {
    let longest = indices.map(sounds.count).max() ?? 0
    let length = cropLength > 0 ? cropLength : max(longest, shortest)
    let made = inOrder(count: indices.count) { row in
      var random = RandomStream(seed: seed, path: path + [row])
      let sound = sounds.sound(indices[row], among: indices, length: length, &random)
      var logPower = stft.forward(sound.samples).logPower()
      silence(&logPower, &random)
      return (sound: sound, logPower: logPower)
    }
    var targets = Tensor(shape: [indices.count, classCount])
    for (row, example) in made.enumerated() {
      for (label, share) in example.sound.shares {
        targets[flat: row * classCount + label] += share
      }
    }
    return Batch(
      logPower: Tensor(stacking: made.map(\.logPower)), targets: targets,
      sounds: made.map(\.sound.samples))
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
