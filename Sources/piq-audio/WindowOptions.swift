import ArgumentParser
import PIQAudio
import PIQPipeline

/// The division of long recordings into windows.
struct WindowOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Slide over the recording in windows of so many seconds. Otherwise recordings of more than \
      60 s are divided into windows of 5 s; 0 takes them whole, whatever memory that needs.
      """, valueName: "seconds"))
  var window: Double?

  @Option(
    help: ArgumentHelp(
      """
      How many seconds a window shares with the next one: at most half of it. Otherwise half. \
      Interpretations are cross-faded.
      """, valueName: "seconds"))
  var overlap: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      Skip windows whose level (root mean square) is below so many dBFS, such as -60. A clip that \
      is not divided is one window.
      """, valueName: "dBFS"))
  var minLevel: Double?

  @Option(
    help: ArgumentHelp(
      """
      Take only windows that are heard as one of these classes, by name or index: the others are \
      not listed, and their interpretation is silence.
      """, valueName: "class,..."))
  var only: String?

  @Option(
    help: ArgumentHelp(
      """
      Take only windows whose class has this probability or more, from 0 to 1: the others are not \
      listed, and their interpretation is silence.
      """, valueName: "p"))
  var minProbability: Float?

  func validate() throws {
    if let window, window != 0, !(0.1...3600).contains(window) {
      throw ValidationError("--window needs from 0.1 to 3600 seconds, or 0 for no windows")
    }
    let length = window == 0 ? nil : window ?? Windowing.standardLength
    if let overlap {
      guard let length else {
        throw ValidationError("--overlap needs windows; leave out --window 0")
      }
      guard overlap >= 0, overlap <= length / 2 else {
        throw ValidationError(
          "--overlap needs from 0 to \(length / 2) seconds: at most half of the window")
      }
    }
    if let minLevel, !(-300...0).contains(minLevel) {
      throw ValidationError("--min-level needs a level from -300 to 0 dBFS, such as -60")
    }
    if let minProbability, !(0...1).contains(minProbability) {
      throw ValidationError("--min-probability needs a number from 0 to 1")
    }
  }

  /// Whether results are listed window by window.
  var areListed: Bool { window.map { $0 > 0 } ?? false }

  /// The settings given by the options.
  ///
  /// - Parameters:
  ///   - labels: the names of the model's classes.
  ///   - kinds: what is written.
  ///   - isExplicit: whether the user named the kinds.
  ///   - tail: which frames of a clip are explained; cropped ones cannot be joined.
  /// - Throws: `UsageError` when windows do not support the options.
  func windowing(
    labels: [String], writing kinds: [OutputKind] = [], isExplicit: Bool = false, tail: Tail = .keep
  ) throws -> Windowing {
    let isAsked = window.map { $0 > 0 } ?? false
    if isAsked, tail == .crop {
      throw UsageError(
        "--tail crop drops the end of each window; leave it out, or take recordings whole with "
          + "--window 0")
    }
    if isAsked, isExplicit, kinds.contains(where: { !$0.isOfWindows }) {
      throw UsageError(
        "arrays are not written for windows; leave them out of --outputs, or take recordings whole "
          + "with --window 0")
    }
    var windowing = Windowing()
    if let window, window > 0 {
      windowing.scope = .all
      windowing.length = window
    } else if window == nil && tail == .keep {
      windowing.scope = .longer(than: Windowing.longestWhole)
    }
    windowing.overlap = overlap ?? windowing.length / 2
    windowing.minLevel = minLevel
    windowing.minProbability = minProbability
    windowing.outputsAreChosen = isExplicit
    windowing.coversWholeClips =
      overlap != nil || minLevel != nil || only != nil || minProbability != nil
      || isExplicit && kinds.contains { !$0.isOfClips }
    if let only {
      let names = only.split(separator: ",", omittingEmptySubsequences: true)
      guard !names.isEmpty else { throw UsageError("--only is empty; name a class") }
      // A name may contain commas.
      if let whole = labels.firstIndex(of: only) {
        windowing.only = [whole]
      } else {
        windowing.only = try names.map { try ClassName.index(of: $0.trimmingSpaces, in: labels) }
      }
    }
    return windowing
  }
}

extension Substring {
  /// Without leading and trailing spaces.
  var trimmingSpaces: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
