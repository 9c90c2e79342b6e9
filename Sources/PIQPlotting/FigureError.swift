import PIQPlatform

/// A figure that cannot be drawn: its data do not belong together, or Cairo failed.
public struct FigureError: Error, CustomStringConvertible, Equatable {
  /// The file that the figure was for; nil where the figure has no file yet.
  public let path: String?
  /// What went wrong, in words.
  public let problem: String
  /// What the user can do about it.
  public let remedy: String

  /// The error that a figure, at `path` if it has one, has `problem`.
  public init(path: String? = nil, problem: String, remedy: String) {
    self.path = path
    self.problem = problem
    self.remedy = remedy
  }

  public var description: String { "\(path.map(printable) ?? "figure"): \(problem); \(remedy)" }

  /// The same error about the figure of one file.
  func naming(_ path: String) -> FigureError {
    FigureError(path: path, problem: problem, remedy: remedy)
  }
}
