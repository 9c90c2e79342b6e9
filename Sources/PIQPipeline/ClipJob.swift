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
    if existing == .fail, let first = present.first { throw .outputExists(first) }
    return present.count == suffixes.count
  }

  /// Makes the folders that the outputs go to.
  func makeFolders() throws(Failure) {
    for output in outputs.values.sorted() {
      try Folder.make(Folder.parent(of: output))
    }
  }
}

extension Failure {
  /// The failure of an output that exists at `path` and must not.
  static func outputExists(_ path: String) -> Failure {
    Failure(
      .outputExists, path: path, problem: "exists already",
      remedy: "remove it, or have it overwritten or skipped")
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

/// One sound file to be processed, or one of its channels, and the stem of its outputs' paths.
public struct ClipInput: Sendable, Hashable {
  /// The path as the user gave it or as it was found below a folder; "-" is standard input.
  public let path: String
  /// Whether the user named it on its own, rather than in a list or with the folder it is in.
  public let isNamed: Bool
  /// The stem of the file, which its channels share: a run may have very many inputs.
  private let fileStem: String
  /// The channel, or 0.
  private let number: UInt16
  private let isOneOfSeveral: Bool

  /// An input at `path` whose outputs begin with `stem`: the mean of its channels.
  public init(path: String, stem: String, isNamed: Bool = true) {
    self.init(path, stem, isNamed: isNamed, number: 0, isOneOfSeveral: false)
  }

  private init(
    _ path: String, _ stem: String, isNamed: Bool, number: UInt16, isOneOfSeveral: Bool
  ) {
    self.path = path
    self.isNamed = isNamed
    fileStem = stem
    self.number = number
    self.isOneOfSeveral = isOneOfSeveral
  }

  /// One channel of this input.
  ///
  /// - Parameters:
  ///   - channel: from 1; sound files have fewer than 65536.
  ///   - isOneOfSeveral: whether others of the same file are inputs of the same run, so that the
  ///     names of outputs need its number.
  public func taking(channel: Int, isOneOfSeveral: Bool = false) -> ClipInput {
    ClipInput(
      path, fileStem, isNamed: isNamed, number: UInt16(clamping: channel),
      isOneOfSeveral: isOneOfSeveral)
  }

  /// The channel that is taken, from 1; the mean of all if nil.
  public var channel: Int? { number == 0 ? nil : Int(number) }

  /// Where outputs go, below the output folder and without an extension: `clip` for `clip.wav`,
  /// `night/owl` for `night/owl.flac` found in a folder that was given, `clip.ch2` for the second of
  /// several channels.
  public var stem: String { isOneOfSeveral ? "\(fileStem).ch\(number)" : fileStem }

  /// The path and the channel, for messages.
  public var title: String { path + Self.text(of: channel) }

  /// The input's name in pictures.
  var name: String { (path == "-" ? fileName : Folder.name(of: path)) + Self.text(of: channel) }

  /// The path in words.
  public var fileName: String { path == "-" ? "standard input" : path }

  /// Whether it is a pipe or a device, which can be read a single time.
  public var isReadOnce: Bool { path == "-" || FileStatus(path)?.kind == .other }

  /// What is said of a channel behind the name of its file.
  static func text(of channel: Int?) -> String { channel.map { ", channel \($0)" } ?? "" }
}
