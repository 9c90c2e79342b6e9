import Foundation
import PIQAudio

/// The division of long recordings into windows, and the windows to explain.
public struct Windowing: Sendable, Equatable, Encodable {
  /// Which recordings are divided.
  public enum Scope: Sendable, Equatable, Encodable {
    /// None: each is processed whole.
    case none
    /// Those longer than this many seconds.
    case longer(than: Double)
    /// All.
    case all
  }

  /// The longest recording, in seconds, that is processed whole by default.
  public static let longestWhole = 60.0
  /// The default length of a window in seconds: that of the clips of ESC-50.
  public static let standardLength = 5.0

  /// Which recordings are divided.
  public var scope = Scope.none
  /// The length of a window in seconds.
  public var length = Self.standardLength
  /// How much of it the next window shares, in seconds: at most half.
  public var overlap = Self.standardLength / 2
  /// The level, in decibels below full scale, below which a window counts as silent: it is neither
  /// classified nor explained.
  public var minLevel: Double?
  /// The indices of the classes whose windows are explained; all if nil.
  public var only: [Int]?
  /// The least class probability for a window to be explained.
  public var minProbability: Float?
  /// Whether a clip that is not divided is treated as one window.
  public var coversWholeClips = false
  /// Whether outputs were chosen: all kinds are written of a clip that is not divided, and a
  /// recording that is divided fails if arrays are among them, which it cannot have.
  public var outputsAreChosen = false

  /// No windows.
  public init() {}

  /// Whether windows are selected by their class or its probability.
  var selects: Bool { only != nil || minProbability != nil }

  /// Whether a window with this classification is explained, or listed.
  func selects(_ classification: Classification) -> Bool {
    let index = classification.classIndex
    return (only?.contains(index) ?? true)
      && classification.probabilities[index] >= minProbability ?? 0
  }

  /// The windows of a recording at `rate` hertz.
  func windows(at rate: Int) -> SlidingWindows {
    SlidingWindows(
      length: max(1, Int((length * Double(rate)).rounded())),
      overlap: Int((overlap * Double(rate)).rounded(.down)))
  }

  /// Whether the level of `samples`, their root mean square over a full scale of 1, is below
  /// `minLevel`.
  func isSilent(_ samples: [Float]) -> Bool {
    guard let minLevel else { return false }
    let power = samples.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(1, samples.count))
    return 10 * log10(power) < minLevel
  }
}

/// An event of a recording in process.
public enum RecordingEvent: Sendable {
  /// `input` is longer than the settings allow for whole recordings, and is divided.
  case divided(input: String)
  /// The sound at `path` has more than 4 GiB, and is RF64, the form of WAV for such files.
  case becameRF64(path: String)
  /// The scores of masked copies of `input` that are done, and how many its explanation needs.
  case scored(input: String, done: Int, total: Int)
  /// The progress of `input` in seconds, and its length if known.
  case progress(input: String, done: Double, total: Double?)
}
