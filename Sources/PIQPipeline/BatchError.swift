public import PIQPlatform

/// Inputs or settings that a run cannot start with.
public struct BatchError: Error, CustomStringConvertible, Equatable {
  /// Whose fault it is, which decides about the exit status.
  public enum Kind: Sendable {
    /// The command line asks for something contradictory.
    case usage
    /// A file or a folder is not as it should be.
    case input
    /// Another run is in the way.
    case busy
  }

  public let kind: Kind
  /// The file or folder concerned.
  public let path: String
  /// What went wrong, in words.
  public let problem: String
  /// What the user can do about it.
  public let remedy: String

  public var description: String { "\(printable(path)): \(problem); \(remedy)" }
}

extension BatchError: PassingError {
  public var mayPass: Bool { kind == .busy }
}
