public import PIQAudioIO

/// What can be written for a clip.
public enum OutputKind: String, Sendable, CaseIterable {
  /// The masked sound: `clip.interpretation.wav`.
  case audio
  /// The input minus the masked sound: `clip.residual.wav`.
  case residual
  /// Input, mask and interpretation as a picture: `clip.interpretation.png`.
  case spectrogram
  /// All arrays: `clip.interpretation.npz`.
  case arrays
  /// What was found, for programs: `clip.interpretation.json`.
  case json
  /// The classes of a recording's windows as a table: `clip.timeline.csv`.
  case timeline
  /// The same as a label track for Audacity: `clip.labels.txt`.
  case labels
  /// The same as a selection table for Raven: `clip.selections.txt`.
  case selections

  /// What is written unless something else is asked for.
  public static let standard: [OutputKind] = allCases.filter { $0 != .residual }
  /// What can be written of a clip that is taken whole.
  public static let ofClips: [OutputKind] = [.audio, .residual, .spectrogram, .arrays, .json]
  /// What can be written of a recording that is divided into windows.
  public static let ofWindows: [OutputKind] = allCases.filter { $0 != .arrays }

  var infix: String {
    switch self {
    case .residual, .timeline, .labels, .selections: ".\(rawValue)"
    case .audio, .spectrogram, .arrays, .json: ".interpretation"
    }
  }

  var isSound: Bool { self == .audio || self == .residual }

  /// What follows the clip's stem in a file's name.
  public func suffix(_ format: AudioFormat) -> String {
    let fileExtension =
      switch self {
      case .audio, .residual: format.fileExtension
      case .spectrogram: "png"
      case .arrays: "npz"
      case .json: "json"
      case .timeline: "csv"
      case .labels, .selections: "txt"
      }
    return "\(infix).\(fileExtension)"
  }
}

/// What to do where an output is there already.
public enum ExistingOutputs: String, Sendable, CaseIterable {
  /// Replace it.
  case overwrite
  /// Leave the clip alone if all of its outputs are there.
  case skip
  /// Fail the clip if any of its outputs is there.
  case fail
}
