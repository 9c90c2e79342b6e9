import PIQAudio

/// What a user may want to know about the inputs of a run, and is no failure.
public enum InputRemark: Sendable, Equatable, CustomStringConvertible {
  /// Files in a folder that are not taken.
  case leftOut(folder: String, noSounds: Int, ownOutputs: Int)
  /// One of them.
  case noSound(path: String)
  case ownOutput(path: String)
  /// A pipe, a socket or a device in a folder.
  case specialFile(path: String)
  /// A link to a folder that was read.
  case followedLink(path: String)
  /// A link to a folder that was read already.
  case repeatedLink(path: String)
  /// A file that is given again, by the path under which it is done.
  case repeated(path: String, as: String)
  /// How many of these there are, and one of them.
  case repetitions(count: Int, first: String)

  /// Whether it is about one file among those that another remark counts.
  public var isDetail: Bool {
    switch self {
    case .noSound, .ownOutput, .followedLink, .repeated: true
    case .leftOut, .specialFile, .repeatedLink, .repetitions: false
    }
  }

  public var description: String {
    switch self {
    case .leftOut(let folder, let noSounds, let ownOutputs):
      let parts = [
        noSounds > 0 ? "\(noSounds) without a sound file's name" : nil,
        ownOutputs > 0 ? "\(ownOutputs) that this program wrote" : nil,
      ].compactMap(\.self)
      return "\(printable(folder)): files left out: \(parts.joined(separator: ", "))"
    case .noSound(let path): return "\(printable(path)): left out: not a sound file's name"
    case .ownOutput(let path): return "\(printable(path)): left out: written by this program"
    case .specialFile(let path):
      return "\(printable(path)): left out: a pipe, a socket or a device, not a file"
    case .followedLink(let path): return "\(printable(path)): a link to a folder, followed"
    case .repeatedLink(let path):
      return "\(printable(path)): left out: a link to a folder whose files are taken already"
    case .repeated(let path, let other):
      return "\(printable(path)): the same file as \(printable(other)), which is done once"
    case .repetitions(let count, let first):
      return count == 1
        ? "\(printable(first)): given more than once, done once"
        : "\(printable(first)) and others: given more than once, done once each "
          + "(\(count) repetitions)"
    }
  }
}
