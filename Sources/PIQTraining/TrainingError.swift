import PIQPlatform

/// A training that cannot begin or go on.
public struct TrainingError: Error, CustomStringConvertible, Equatable {
  /// The file or folder concerned; nothing where the settings are to blame.
  public let path: String?
  /// What is wrong, in words.
  public let problem: String
  /// What the user can do about it.
  public let remedy: String

  /// The error that there is `problem`, and what to do about it.
  public init(path: String? = nil, problem: String, remedy: String) {
    self.path = path
    self.problem = problem
    self.remedy = remedy
  }

  public var description: String {
    (path.map { printable($0) + ": " } ?? "") + "\(problem); \(remedy)"
  }
}
