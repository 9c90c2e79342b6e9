import Foundation
import PIQPlatform

/// The levels of a sound's channels and of the one channel that is taken of them, as it is read.
///
/// Levels are those of what varies: an offset is no sound.
struct ChannelLevels {
  /// Sums of numbers and of their squares.
  private struct Power {
    var sum = 0.0
    var squares = 0.0

    /// The variance of `count` numbers.
    func variance(_ count: Int) -> Double {
      let mean = sum / Double(max(count, 1))
      return max(0, squares / Double(max(count, 1)) - mean * mean)
    }
  }

  /// How far below what unrelated channels would leave the mean of channels that cancel is, as a
  /// ratio of powers: 12 dB. Two equally loud channels must be opposite in all but a sixteenth of it.
  private static let cancellation = 1.0 / 16
  /// A mean so far below the loudest channel is nothing, in dB.
  private static let mostDecibels = 120.0

  private var channels: [Power]
  private var taken = Power()
  private var frames = 0
  private var (lowest, highest) = (Float.infinity, -Float.infinity)

  /// - Parameter channels: how many there are.
  init(channels: Int) { self.channels = Array(repeating: Power(), count: channels) }

  /// Adds a block.
  ///
  /// - Parameter mono: what is taken of it.
  mutating func add(_ block: SoundBlock, taken mono: [Float]) {
    for sample in mono {
      lowest = min(lowest, sample)
      highest = max(highest, sample)
    }
    let count = channels.count
    // A part with other channels is not comparable.
    guard count > 1, block.channels == count else { return }
    frames += block.frames
    Self.add(mono, from: 0, stride: 1, to: &taken)
    for channel in 0..<count {
      Self.add(block.samples, from: channel, stride: count, to: &channels[channel])
    }
  }

  private static func add(
    _ samples: [Float], from first: Int, stride: Int, to power: inout Power
  ) {
    var (sum, squares) = (0.0, 0.0)
    samples.withUnsafeBufferPointer { samples in
      var i = first
      while i < samples.count {
        let sample = Double(samples[i])
        sum += sample
        squares += sample * sample
        i += stride
      }
    }
    power.sum += sum
    power.squares += squares
  }

  /// Whether what is taken is silent.
  var isSilent: Bool { lowest > highest || Silence.spans(lowest, highest) }

  /// What to say of channels that cancel in their mean; nil where they do not, or there is one.
  var remark: String? {
    let levels = channels.map { $0.variance(frames) }
    guard let loudest = levels.max(), loudest > Double(Silence.level * Silence.level) else {
      return nil
    }
    let mean = taken.variance(frames)
    // The powers of unrelated channels add up, whatever each one's level is.
    let unrelated = levels.reduce(0, +) / Double(levels.count * levels.count)
    guard mean < Self.cancellation * unrelated else { return nil }
    let decibels = 10 * log10(loudest / mean)
    let loss =
      decibels > Self.mostDecibels
      ? "nothing is left in their mean"
      : "their mean is \(Int(decibels.rounded())) dB below channel "
        + "\((levels.firstIndex(of: loudest) ?? 0) + 1)"
    return "has channels that cancel: \(loss); \(SoundFileReader.channelAdvice)"
  }
}
