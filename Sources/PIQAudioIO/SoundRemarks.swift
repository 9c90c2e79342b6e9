/// What is amiss with a sound that can be used all the same.
struct SoundRemarks {
  /// Stretches that are missing or cannot be decoded, and are silent instead.
  struct Holes: Equatable {
    /// How many there are.
    var count = 0
    /// Where the first begins, in seconds.
    var start = 0.0
    /// Their length together, in seconds.
    var length = 0.0
    /// Whether the length is an estimate.
    var isEstimate = false
    /// Where the last ends.
    fileprivate var end = -1.0
  }

  /// Holes in the sound. What follows them is at its own time.
  var holes = Holes()
  /// Places where sound is missing that cannot be measured: what follows may be too early.
  var losses = Holes()
  /// Whether the file stops in the middle.
  var endsEarly = false
  /// The length that the file promises, in seconds; nil if it does not.
  var promised: Double?
  /// Whether the header was never finished, so that the length is that of the file.
  var isUnfinished = false
  /// What is left out behind the end, such as "Speex", and where it begins, in seconds.
  var leftOut: (name: String, start: Double)?
  /// Whether there are several sounds at the same time, of which the first is used.
  var hasOtherStreams = false
  /// Whether parts have another rate or other channels than the first.
  var hasOtherFormats = false
  /// What is said of channels that cancel in their mean.
  var cancellation: String?
  /// What a decoder said of damage, in its words.
  var complaint: String?
  /// False for a file that can mark its end and does not, although nothing is known to be missing.
  var hasEndFlag = true

  /// Notes a hole.
  mutating func addHole(at start: Double, length: Double, isEstimate: Bool = false) {
    Self.add(to: &holes, start, length)
    holes.isEstimate = holes.isEstimate || isEstimate
  }

  /// Notes a loss of unknown length.
  mutating func addLoss(at start: Double) { Self.add(to: &losses, start, 0) }

  private static func add(to holes: inout Holes, _ start: Double, _ length: Double) {
    if holes.count == 0 { holes.start = start }
    // Holes that touch are one.
    if length == 0 || (start - holes.end).magnitude > 1e-3 { holes.count += 1 }
    holes.length += length
    holes.end = start + length
  }

  /// All remarks in one line, or nil.
  ///
  /// - Parameter there: the length of the sound, in seconds.
  func warning(there: Double) -> String? {
    var parts: [String] = []
    if isUnfinished {
      parts.append(
        "has a header that was never finished: all \(seconds(there)) s behind it are used")
    }
    if endsEarly, let promised, promised > there {
      parts.append("ends early: \(seconds(there)) s of \(seconds(promised)) s are there and used")
    } else if endsEarly {
      parts.append("ends early: the \(seconds(there)) s that are there are used")
    }
    let silence = (holes.isEstimate ? "about " : "") + seconds(holes.length)
    if holes.count == 1 {
      parts.append("has a hole at \(seconds(holes.start)) s: \(silence) s are silent")
    } else if holes.count > 1 {
      parts.append(
        "has \(holes.count) holes, the first at \(seconds(holes.start)) s: "
          + "\(silence) s are silent in all")
    }
    if losses.count > 0 {
      let others = losses.count > 1 ? " and at \(losses.count - 1) more places" : ""
      parts.append(
        "is damaged at \(seconds(losses.start)) s\(others): what follows may be too early")
    }
    if let leftOut {
      parts.append("goes on with \(leftOut.name) at \(seconds(leftOut.start)) s, which is left out")
    }
    if hasOtherStreams { parts.append("holds several sounds at once: the first is used") }
    if hasOtherFormats {
      parts.append(
        "has parts of different rates or channels: resampled to the rate of the first, "
          + "and mixed to one channel")
    }
    if let cancellation { parts.append(cancellation) }
    if let complaint { parts.append("is damaged: \(complaint)") }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }
}
