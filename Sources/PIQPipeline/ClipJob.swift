import PIQAudio

/// A clip to be processed: its input and the paths of its outputs.
public struct ClipJob: Sendable, Hashable {
  public let input: ClipInput
  /// The suffixes after the stem, by kind, and the prefix before it: shared by all jobs of a run,
  /// which may be very many.
  private let suffixes: [String: String]
  private let base: String

  /// The paths to write, by kind (`audio`, `json`, …).
  public var outputs: [String: String] { suffixes.mapValues { base + input.stem + $0 } }

  /// The path of one kind; nil where it is not written.
  public func output(_ kind: OutputKind) -> String? {
    suffixes[kind.name].map { base + input.stem + $0 }
  }

  /// A job whose outputs are `base` + stem + suffix.
  ///
  /// - Parameter suffixes: the suffixes after the stem, by kind.
  package init(input: ClipInput, suffixes: [String: String], base: String) {
    self.input = input
    self.suffixes = suffixes
    self.base = base
  }

  /// This job with the outputs of `kinds` alone.
  func keeping(_ kinds: [OutputKind]) -> ClipJob {
    ClipJob(
      input: input,
      suffixes: suffixes.filter { key, _ in kinds.contains { $0.name == key } }, base: base)
  }

  /// Whether the clip is to be skipped because its outputs exist.
  ///
  /// - Throws: `Failure` when one exists and none may.
  func shouldSkip(_ existing: ExistingOutputs) throws(Failure) -> Bool {
    guard existing != .overwrite, !suffixes.isEmpty else { return false }
    let present = outputs.values.sorted().filter { FileStatus($0) != nil }
    if existing == .fail, let first = present.first {
      throw Failure(
        .outputExists, path: first, problem: "exists already",
        remedy: "remove it, or have it overwritten or skipped")
    }
    return present.count == suffixes.count
  }

  /// Makes the folders that the outputs go to.
  func makeFolders() throws(Failure) {
    for output in outputs.values.sorted() {
      try Folder.make(Folder.parent(of: output))
    }
  }
}

/// The handling of outputs that exist already.
public enum ExistingOutputs: String, Sendable, Codable, CaseIterable {
  /// Replace it.
  case overwrite
  /// Skip the clip if all of its outputs exist.
  case skip
  /// Fail the clip if any of its outputs exists.
  case fail
}

/// One sound file to be processed, and the stem of its outputs' paths.
public struct ClipInput: Sendable, Hashable {
  /// The path as the user gave it or as it was found below a folder; "-" is standard input.
  public let path: String
  /// Where outputs go, below the output folder and without an extension: `clip` for `clip.wav`,
  /// `night/owl` for `night/owl.flac` found in a folder that was given.
  public let stem: String
  /// Whether the user named it on its own, rather than in a list or with the folder it is in.
  public let isNamed: Bool

  /// An input at `path` whose outputs begin with `stem`.
  public init(path: String, stem: String, isNamed: Bool = true) {
    self.path = path
    self.stem = stem
    self.isNamed = isNamed
  }
}

extension ClipInput {
  /// The input's name in pictures and messages.
  var name: String { path == "-" ? "standard input" : Folder.name(of: path) }
}
