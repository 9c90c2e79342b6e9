public import AudioIO

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

  /// What is written unless something else is asked for.
  public static let standard: [OutputKind] = [.audio, .spectrogram, .arrays, .json]

  var infix: String { self == .residual ? ".residual" : ".interpretation" }

  var isSound: Bool { self == .audio || self == .residual }

  /// What follows the clip's stem in a file's name.
  public func suffix(_ format: AudioFormat) -> String {
    let fileExtension =
      switch self {
      case .audio, .residual: format.fileExtension
      case .spectrogram: "png"
      case .arrays: "npz"
      case .json: "json"
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
