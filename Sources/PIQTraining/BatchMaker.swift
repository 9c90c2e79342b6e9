package import PIQAudio

/// Makes batches of spectrograms: crops clips, augments them, and computes their STFT.
package struct BatchMaker {
  /// A batch: the log-power spectrograms [B, T, F], and for each clip the probabilities that its
  /// classes should have [B, C].
  package struct Batch {
    package let logPower: Tensor
    package let targets: Tensor
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
    sounds = AugmentedSounds(clips, normalize: configuration.normalize, augmentation)
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

  /// The batch of some clips, augmented with numbers from `random`.
  package func batch(_ indices: [Int], _ random: inout RandomStream) -> Batch {
    let longest = indices.map(sounds.count).max() ?? 0
    let length = cropLength > 0 ? cropLength : max(longest, shortest)
    var targets = Tensor(shape: [indices.count, classCount])
    var spectrograms: [Tensor] = []
    for (row, index) in indices.enumerated() {
      let sound = sounds.sound(index, among: indices, length: length, &random)
      for (label, share) in sound.shares { targets[flat: row * classCount + label] += share }
      var logPower = stft.forward(sound.samples).logPower()
      silence(&logPower, &random)
      spectrograms.append(logPower)
    }
    return Batch(logPower: Tensor(stacking: spectrograms), targets: targets)
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
