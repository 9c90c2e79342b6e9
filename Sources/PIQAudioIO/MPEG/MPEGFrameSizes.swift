/// The sizes of the frames of a stream, from which the number of lost ones is estimated.
struct MPEGFrameSizes {
  private var (count, sum) = (0, 0)
  private var (least, most) = (Int.max, 0)
  /// A mean of about the last sixteen.
  private var recent = 0.0

  /// Adds a frame of `size` bytes.
  mutating func add(_ size: Int) {
    count += 1
    sum += size
    (least, most) = (min(least, size), max(most, size))
    recent = count == 1 ? Double(size) : recent + (Double(size) - recent) / 16
  }

  /// The likely size of the next frame in bytes: the mean of all at a constant bit rate, where they
  /// differ by padding alone, and of the last ones otherwise.
  var mean: Double {
    count > 0 && most - least <= 1 ? Double(sum) / Double(count) : max(1, recent)
  }
}
