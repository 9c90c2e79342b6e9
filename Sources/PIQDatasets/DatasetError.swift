import PIQPlatform

/// A data set that cannot be used.
public struct DatasetError: Error, CustomStringConvertible, Equatable {
  /// The file or folder concerned.
  public let path: String
  /// What went wrong, in words.
  public let problem: String
  /// What the user can do about it.
  public let remedy: String

  /// The error that `path` has `problem`, and what to do about it.
  public init(path: String, problem: String, remedy: String) {
    self.path = path
    self.problem = problem
    self.remedy = remedy
  }

  public var description: String { "\(printable(path)): \(problem); \(remedy)" }
}
