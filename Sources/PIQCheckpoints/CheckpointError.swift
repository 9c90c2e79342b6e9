public import PIQPlatform

/// A model or array file that is not what it should be.
public struct CheckpointError: Error, CustomStringConvertible, Equatable {
  /// The file concerned.
  public let path: String
  /// What is wrong with it, in words.
  public let problem: String
  /// What the user can do about it.
  public let remedy: String

  /// The error that `path` has `problem`, and what to do about it.
  public init(path: String, problem: String, remedy: String) {
    self.path = path
    self.problem = problem
    self.remedy = remedy
  }

  /// The same for a file that could not be read at all.
  public init(_ error: FileError) {
    self.init(path: error.path, problem: error.problem, remedy: error.remedy)
  }

  public var description: String {
    "\(printable(path)): \(printable(problem)); \(printable(remedy))"
  }
}

/// A name out of a file, quoted for a message: on one line, and not longer than a line.
func quoted(_ name: some StringProtocol) -> String {
  let shown = name.unicodeScalars.prefix(120)
  let text = String(String.UnicodeScalarView(shown))
  let isWhole = shown.endIndex == name.unicodeScalars.endIndex
  return "'" + (text.isEmpty ? "" : printable(text)) + (isWhole ? "'" : "…'")
}
