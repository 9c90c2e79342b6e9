public import PIQPipeline

extension ClipProcessor {
  /// Interprets a clip unless `journal` knows that nothing has changed since it was done, and notes
  /// it there when it is.
  ///
  /// - Throws: as `interpret(_:)`; `Failure` where the journal cannot be written.
  public func interpret(_ job: ClipJob, noting journal: RunJournal?) throws -> ClipOutcome {
    if let report = journal?.report(of: job) { return .unchanged(report) }
    // If it changes on the way, the next run will do it again.
    let before = job.input.path == "-" ? nil : FileFacts(job.input.path)
    let outcome = try interpret(job)
    if case .done(let report, _) = outcome, let before { try journal?.note(job, report, before) }
    return outcome
  }
}
