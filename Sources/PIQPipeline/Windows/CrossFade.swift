/// Joins the sounds of sliding windows: where two overlap, one fades into the other.
///
/// Weights are linear in amplitude (the sounds of both windows are of the same recording, so that
/// levels stay) and add up to exactly 1 at every sample; where both windows are equal, the result
/// is bit-exact.
package struct CrossFade: Sendable {
  private let windows: SlidingWindows
  private let fadeIn: [Float]
  /// The last window's samples that the next one shares.
  private var tail: [Float] = []

  /// A cross-fade at the beginning of a recording.
  package init(_ windows: SlidingWindows) {
    self.windows = windows
    fadeIn = windows.fadeIn
  }

  /// Takes the next window's sound.
  ///
  /// - Parameter sound: as many samples as the window has.
  /// - Returns: the samples of the recording that are complete with it, beginning at the window's
  ///   `coreStart`.
  package mutating func join(_ sound: [Float], of window: SampleWindow) -> [Float] {
    precondition(sound.count == window.samples.count, "a sample for each")
    let core = sound[(window.coreStart - window.start)...]
    var joined = Array(window.isLast ? core : core.prefix(windows.hop))
    for i in 0..<min(tail.count, joined.count) {
      // Not as the sum of two products: in this form equal samples are unchanged.
      joined[i] = tail[i] + (joined[i] - tail[i]) * fadeIn[i]
    }
    tail = window.isLast ? [] : Array(core.dropFirst(windows.hop))
    return joined
  }
}
