import PIQAudio
public import PIQPipeline

/// The size and date by which a changed file is detected.
public struct FileFacts: Sendable, Equatable {
  /// In bytes.
  public let size: Int64
  /// When it was changed, in nanoseconds since 1970.
  public let modified: Int64

  /// Those of the file at `path`; nil where there is none.
  public init?(_ path: String) {
    guard let status = FileStatus(path) else { return nil }
    (size, modified) = (status.size, status.modified)
  }
}

extension ClipProcessor {
  /// Interprets a clip unless it is unchanged according to `journal`, and records it there when
  /// done.
  ///
  /// - Throws: as `interpret(_:)`; `Failure` where the journal cannot be written.
  public func interpret(_ job: ClipJob, noting journal: RunJournal?) throws -> ClipOutcome {
    if let report = journal?.report(of: job) { return .unchanged(report) }
    // If it changes meanwhile, the next run will process it again.
    let before = job.input.path == "-" ? nil : FileFacts(job.input.path)
    let outcome = try interpret(job)
    if case .done(let report, _) = outcome, let before { try journal?.note(job, report, before) }
    return outcome
  }
}
