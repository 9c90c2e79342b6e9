public import PIQAudio

/// A kind of file that can be written of a recording.
///
/// Each is defined in a file of its own beside this one: its name, its suffix, and how it is written.
/// A new one is such a file and its name in `all`.
public struct OutputKind: Sendable {
  /// All kinds, in the order in which they are listed.
  public static let all: [OutputKind] = [
    .audio, .residual, .spectrogram, .arrays, .json, .timeline, .labels, .selections,
  ]

  /// Its name in lists of outputs, and its key in a clip's JSON.
  public let name: String
  /// Whether it is written unless other kinds are asked for.
  public let isStandard: Bool
  /// Whether it is a sound, which is not to be taken for an input.
  let isSound: Bool
  private let makeSuffix: @Sendable (AudioFormat) -> String
  /// Writes it of a clip that is taken whole; nil where it is not of such clips. Gives a warning for
  /// the clip's report.
  let ofClip: (@Sendable (InterpretedClip, _ path: String) throws -> String?)?
  /// Begins to write it of a recording in windows; nil where it is not of such recordings.
  let ofWindows: (@Sendable (WindowedRecording, _ path: String) throws -> any WindowedOutput)?

  init(
    _ name: String, isStandard: Bool = true, isSound: Bool = false,
    suffix: @escaping @Sendable (AudioFormat) -> String,
    ofClip: (@Sendable (InterpretedClip, String) throws -> String?)? = nil,
    ofWindows: (@Sendable (WindowedRecording, String) throws -> any WindowedOutput)? = nil
  ) {
    self.name = name
    self.isStandard = isStandard
    self.isSound = isSound
    makeSuffix = suffix
    self.ofClip = ofClip
    self.ofWindows = ofWindows
  }

  /// The kind with the name; nil where there is none.
  public init?(name: String) {
    guard let kind = Self.all.first(where: { $0.name == name }) else { return nil }
    self = kind
  }

  /// What is written unless something else is asked for.
  public static let standard = all.filter(\.isStandard)
  /// What can be written of a clip that is taken whole.
  public static let ofClips = all.filter(\.isOfClips)
  /// What can be written of a recording that is divided into windows.
  public static let ofWindows = all.filter(\.isOfWindows)
  /// The report comes last: it lists the others and their warnings.
  static let inWritingOrder = all.filter { $0.name != json.name } + [json]

  /// Whether it can be written of a clip that is taken whole.
  public var isOfClips: Bool { ofClip != nil }
  /// Whether it can be written of a recording that is divided into windows.
  public var isOfWindows: Bool { ofWindows != nil }

  /// What follows the clip's stem in a file's name.
  public func suffix(_ format: AudioFormat) -> String { makeSuffix(format) }

  /// Whether a file of this name is a sound that was written for a clip, to judge by its name.
  package static func isOutputSound(_ name: String) -> Bool {
    AudioFormat.allCases.contains { format in
      all.contains { $0.isSound && name.hasSuffix($0.suffix(format)) }
    }
  }
}

/// What is written of a recording while its windows come.
protocol WindowedOutput: AnyObject {
  /// Takes the next window.
  func add(_ window: ExplainedWindow) throws
  /// Puts the file in place. What it says of the recording goes into `report`.
  func finish(_ timeline: Timeline, _ report: inout ClipReport) throws
}

extension WindowedOutput {
  /// Nothing: what is written at the end has the timeline.
  func add(_ window: ExplainedWindow) {}
}

/// A clip that was taken whole, with all that its outputs are made of.
struct InterpretedClip {
  /// The input as pictures call it.
  var name: String
  var stft: STFTConfiguration
  var soundFormat: SoundFileFormat
  var analysis: Analysis
  var interpretation: Interpretation
  /// What was found; complete but for the warnings of outputs to come.
  var report: ClipReport
}
