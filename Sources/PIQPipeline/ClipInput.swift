import PIQAudio

/// One sound file to be worked on, and the name under which its outputs are kept.
public struct ClipInput: Sendable, Hashable {
  /// The path as the user gave it or as it was found below a folder; "-" is standard input.
  public let path: String
  /// Where outputs go, below the output folder and without an extension: `clip` for `clip.wav`,
  /// `night/owl` for `night/owl.flac` found in a folder that was given.
  public let stem: String

  /// An input at `path` whose outputs begin with `stem`.
  public init(path: String, stem: String) {
    self.path = path
    self.stem = stem
  }
}

extension ClipInput {
  /// The input as pictures and messages call it.
  var name: String { path == "-" ? "standard input" : Folder.name(of: path) }
}
