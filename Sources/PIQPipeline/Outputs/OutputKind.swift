public import PIQAudio

/// A kind of file that can be written of a recording.
///
/// Each is defined in its own file in this folder: its name, its suffix, and its writer. To add
/// one, add such a file and its name in `all`.
public struct OutputKind: Sendable {
  /// All kinds, in display order.
  public static let all: [OutputKind] = [
    .audio, .residual, .spectrogram, .arrays, .json, .timeline, .labels, .regions, .selections,
  ]

  /// Its name in lists of outputs, and its key in a clip's JSON.
  public let name: String
  /// Whether it is written by default.
  public let isStandard: Bool
  /// Whether it is a sound, which must not be used as an input.
  let isSound: Bool
  /// Whether it says what an explanation found.
  let needsExplanation: Bool
  private let makeSuffix: @Sendable (AudioFormat) -> String
  /// Writes it for a whole clip, and returns a warning for the report; nil where it does not apply
  /// to whole clips.
  let ofClip: (@Sendable (InterpretedClip, _ path: String) throws -> String?)?
  /// Begins to write it for a recording in windows; nil where it does not apply to those.
  let ofWindows: (@Sendable (WindowedRecording, _ path: String) throws -> any WindowedOutput)?

  init(
    _ name: String, isStandard: Bool = true, isSound: Bool = false,
    suffix: @escaping @Sendable (AudioFormat) -> String, needsExplanation: Bool = false,
    ofClip: (@Sendable (InterpretedClip, String) throws -> String?)? = nil,
    ofWindows: (@Sendable (WindowedRecording, String) throws -> any WindowedOutput)? = nil
  ) {
    self.name = name
    self.isStandard = isStandard
    self.isSound = isSound
    self.needsExplanation = needsExplanation
    makeSuffix = suffix
    self.ofClip = ofClip
    self.ofWindows = ofWindows
  }

  /// The kind with the name; nil where there is none.
  public init?(name: String) {
    guard let kind = Self.all.first(where: { $0.name == name }) else { return nil }
    self = kind
  }

  /// The kinds that are written by default.
  public static let standard = all.filter(\.isStandard)
  /// The kinds for a clip that is processed whole.
  public static let ofClips = all.filter(\.isOfClips)
  /// The kinds for a recording that is divided into windows.
  public static let ofWindows = all.filter(\.isOfWindows)
  /// The kinds of windows alone.
  public static let ofWindowsAlone = all.filter { !$0.isOfClips }
  /// Those of them that need no explanation.
  public static let ofClasses = ofWindowsAlone.filter { !$0.needsExplanation }
  /// The report comes last: it lists the others and their warnings.
  static let inWritingOrder = all.filter { $0.name != json.name } + [json]

  /// Whether it applies to a clip that is processed whole.
  public var isOfClips: Bool { ofClip != nil }
  /// Whether it applies to a recording that is divided into windows.
  public var isOfWindows: Bool { ofWindows != nil }

  /// The suffix after the clip's stem in a file's name.
  public func suffix(_ format: AudioFormat) -> String { makeSuffix(format) }

  /// Whether a file name is that of a sound that was written for a clip.
  package static func isOutputSound(_ name: String) -> Bool {
    AudioFormat.allCases.contains { format in
      all.contains { $0.isSound && name.hasSuffix($0.suffix(format)) }
    }
  }
}

/// An output of a recording that is written window by window.
protocol WindowedOutput: AnyObject {
  /// Takes the next window.
  func add(_ window: ExplainedWindow) throws
  /// Puts the file in place, and adds to `report`.
  func finish(_ timeline: Timeline, _ report: inout ClipReport) throws
}

extension WindowedOutput {
  /// Does nothing: outputs written at the end use the timeline.
  func add(_ window: ExplainedWindow) {}
}

/// A clip that was processed whole, with the data of its outputs.
struct InterpretedClip {
  /// The input's name in pictures.
  var name: String
  var stft: STFTConfiguration
  var soundFormat: SoundFileFormat
  var analysis: Analysis
  var interpretation: Interpretation
  /// The report; complete but for the warnings of later outputs.
  var report: ClipReport
}
