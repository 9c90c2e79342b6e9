public import PIQPlatform

/// The files of a model as SpeechBrain and Hugging Face leave them.
public struct ModelFiles: Sendable {
  /// The names of SpeechBrain's file of labels.
  public static let labels = ["label_encoder.txt", "label_encoder.ckpt"]

  /// The folder.
  public let path: String
  /// Where files are looked for: the folder, its newest checkpoint `save/CKPT+…`, and `save`.
  public let places: [String]

  /// The files in the folder at `path`.
  public init(path: String) {
    self.path = path
    let save = Folder.join(path, "save")
    let checkpoints = ((try? Folder.names(in: save)) ?? []).filter { $0.hasPrefix("CKPT+") }
    // Their names are times, and sort as such.
    let newest = checkpoints.max().map { [Folder.join(save, $0)] } ?? []
    places = [path] + newest + [save]
  }

  /// The first file of one of these names; nil if there is none.
  public func first(_ names: [String]) -> String? {
    for place in places {
      for name in names {
        let candidate = Folder.join(place, name)
        if FileStatus(candidate) != nil { return candidate }
      }
    }
    return nil
  }

  /// The path of a file.
  ///
  /// - Parameters:
  ///   - names: its usual names.
  ///   - source: the path that a pretrainer gives, which may be a hub's or another machine's; that
  ///     comes first, as far as it lies in this folder.
  ///   - purpose: what it holds, for messages.
  ///   - code, remedy: those of the error where it is missing.
  /// - Throws: `Failure` when there is no such file.
  public func find(
    _ names: [String], orElse source: String?, purpose: String,
    code: Failure.Code = .fileMalformed, remedy: String = "fetch the whole model"
  ) throws(Failure) -> String {
    let named = Self.candidates(source)
    if let found = first(named + names) { return found }
    let wanted = Set((named.suffix(1) + names.prefix(2)).filter { !$0.hasSuffix(".safetensors") })
    let from = source.map { "; upstream takes it from \(printable($0))" } ?? ""
    throw Failure(
      code, path: path,
      problem:
        "has no \(wanted.sorted().map(quoted).joined(separator: " or ")) (\(purpose)\(from))",
      remedy: remedy)
  }

  /// Candidate places in this folder of the file at a pretrainer's path, without a hub's name or
  /// another machine's folder.
  private static func candidates(_ path: String?) -> [String] {
    guard let path else { return [] }
    let parts = path.split(separator: "/").filter { $0 != "." }
    guard let last = parts.last, !parts.contains("..") else { return [] }
    return [path.hasPrefix("/") ? String(last) : parts.joined(separator: "/"), String(last)]
  }
}
