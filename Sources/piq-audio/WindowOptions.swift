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
      How many seconds a window shares with the next one, with a cross-fade: at most half of it. \
      Otherwise half.
      """, valueName: "seconds"))
  var overlap: Double?

  @Option(
    help: ArgumentHelp(
      """
      Skip windows whose level (root mean square) is below so many dBFS, such as -60. Their \
      interpretation is silence.
      """, valueName: "dBFS"))
  var minLevel: Double?

  @Option(
    help: ArgumentHelp(
      """
      Explain only windows that are heard as one of these classes, by name or index. The \
      interpretation of the others is silence.
      """, valueName: "class,..."))
  var only: String?

  @Option(
    help: ArgumentHelp(
      """
      Explain only windows whose class has this probability or more, from 0 to 1. The \
      interpretation of the others is silence.
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
    let conditions: [(name: String, isGiven: Bool)] = [
      ("--min-level", minLevel != nil), ("--only", only != nil),
      ("--min-probability", minProbability != nil),
    ]
    if window == 0, let condition = conditions.first(where: \.isGiven) {
      throw ValidationError("\(condition.name) needs windows; leave out --window 0")
    }
  }

  /// The settings given by the options.
  ///
  /// - Parameters:
  ///   - labels: the names of the model's classes.
  ///   - outputs: what to write.
  ///   - tail: which frames of a clip are explained; cropped ones cannot be joined.
  /// - Throws: `UsageError` when windows do not support the options.
  func windowing(labels: [String], outputs: OutputList, tail: Tail) throws -> Windowing {
    let isAsked = window.map { $0 > 0 } ?? false
    if isAsked, tail == .crop {
      throw UsageError(
        "--tail crop drops the end of each window; leave it out, or take recordings whole with "
          + "--window 0")
    }
    if isAsked, outputs.isExplicit, outputs.kinds.contains(where: { !$0.isOfWindows }) {
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
    let ofWindowsAlone = outputs.kinds.filter { !$0.isOfClips }
    if windowing.scope == .none, outputs.isExplicit, let kind = ofWindowsAlone.first {
      throw UsageError(
        "\(kind.name) is of windows alone; leave it out of --outputs, or leave out "
          + (window == 0 ? "--window 0" : "--tail crop"))
    }
    windowing.overlap = overlap ?? windowing.length / 2
    windowing.minLevel = minLevel
    windowing.minProbability = minProbability
    windowing.refusesArrays = outputs.isExplicit
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
