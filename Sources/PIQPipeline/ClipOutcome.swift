import PIQAudio

/// The outcome of a clip that did not fail.
public enum ClipOutcome: Sendable {
  /// It was processed; `seconds` by stage, and `total`.
  case done(ClipReport, seconds: [String: Double])
  /// It was skipped, because all of its outputs exist.
  case skipped
  /// It was processed by an earlier run, and nothing has changed since.
  case unchanged(ClipReport)

  /// The report, where there is one.
  public var report: ClipReport? {
    switch self {
    case .done(let report, _), .unchanged(let report): report
    case .skipped: nil
    }
  }

  /// The line of JSON for the clip at `input`.
  public func json(of input: ClipInput) throws -> String {
    guard case .done(let report, let seconds) = self else {
      return try JSON.line(Skipped(input: input.path, channel: input.channel))
    }
    return try JSON.line(Done(report: report, seconds: seconds))
  }

  /// The line of JSON of an input that failed, with its error message.
  public static func json(of input: ClipInput, failure message: String) throws -> String {
    try JSON.line(Failed(input: input.path, channel: input.channel, error: message))
  }

  private struct Done: Encodable {
    let report: ClipReport
    let seconds: [String: Double]

    private enum Key: String, CodingKey { case seconds }

    /// The report's own keys and `seconds` in one object.
    func encode(to encoder: any Encoder) throws {
      try report.encode(to: encoder)
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(seconds, forKey: .seconds)
    }
  }

  private struct Skipped: Encodable {
    let input: String
    let channel: Int?
    var skipped = true
  }

  private struct Failed: Encodable {
    let input: String
    let channel: Int?
    let error: String
  }
}
