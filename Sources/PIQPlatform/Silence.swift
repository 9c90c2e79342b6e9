/// When sound says nothing: digital silence, or the constant offset of a dead microphone.
///
/// The noise of the best converters is some ten steps of 24 bits, and one step of 16 bits is 256 of
/// them. What stays within a single step was not recorded, however quiet the place.
public enum Silence {
  /// One step of 24 bits, as a part of full scale: the level below which there is no sound.
  public static let level: Float = 0x1p-23

  /// Whether samples from `lowest` to `highest` are silent: they are equal, to within a step each way.
  package static func spans(_ lowest: Float, _ highest: Float) -> Bool {
    highest - lowest <= 2 * level
  }

  /// Whether `samples` are silent; true of none.
  package static func holds(of samples: [Float]) -> Bool {
    guard var lowest = samples.first else { return true }
    var highest = lowest
    for sample in samples {
      lowest = min(lowest, sample)
      highest = max(highest, sample)
    }
    return spans(lowest, highest)
  }
}
