import Foundation
import PIQPipeline
import PIQPlatform
import PIQRuns
import TestSupport
import Testing

/// What a run notes, and what another takes for done.
@Suite struct RunJournalTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path + "/journal" }

  init() throws { folder = try TemporaryFolder() }

  private func write(_ name: String, _ text: String) throws -> String {
    let path = folder.path + "/" + name
    try Data(text.utf8).write(to: URL(filePath: path))
    return path
  }

  private func job(_ name: String) throws -> (job: ClipJob, report: ClipReport) {
    let input = try write("\(name).wav", "sound of \(name)")
    let output = try write("\(name).interpretation.wav", "interpretation of \(name)")
    let jobs = try RunPlan(
      [ClipInput(path: input, stem: name)], suffixes: ["audio": ".interpretation.wav"],
      folder: folder.path
    ).jobs
    let fields: [String: Any] = [
      "input": input, "label": "dog", "index": 1, "probability": 0.5, "top": [Any](),
      "model": ["name": "m", "sha256": "0"], "sample_rate": 16_000, "channels": 1, "duration": 1,
      "outputs": ["audio": output],
    ]
    let data = try JSONSerialization.data(withJSONObject: fields)
    return (jobs[0], try JSONDecoder().decode(ClipReport.self, from: data))
  }

  private func note(_ name: String, in journal: RunJournal) throws -> ClipJob {
    let (job, report) = try job(name)
    try journal.note(job, report, try #require(FileFacts(job.input.path)))
    return job
  }

  @Test func whatIsDoneIsKnown() throws {
    var jobs: [ClipJob] = []
    do {
      let journal = try RunJournal(path: path, settings: "s", resuming: false)
      for name in ["a", "b"] { jobs.append(try note(name, in: journal)) }
      #expect(journal.report(of: jobs[0])?.input == jobs[0].input.path)
    }
    let (other, _) = try job("c")
    let journal = try RunJournal(path: path, settings: "s", resuming: true)
    for job in jobs { #expect(journal.report(of: job)?.input == job.input.path) }
    #expect(journal.report(of: other) == nil)
  }

  /// A journal is read in blocks of a MiB: lines lie across their ends.
  @Test func longJournal() throws {
    let (first, report) = try job("a")
    let jobs = try RunPlan(
      (0..<3000).map {
        ClipInput(path: first.input.path, stem: "\($0)" + String(repeating: "x", count: $0 % 97))
      }, suffixes: ["audio": ".wav"], folder: folder.path
    ).jobs
    let facts = try #require(FileFacts(first.input.path))
    do {
      let journal = try RunJournal(path: path, settings: "s", resuming: false)
      for job in jobs { try journal.note(job, report, facts) }
    }
    let whole = try Data(contentsOf: URL(filePath: path))
    #expect(whole.count > 3 << 20 / 2)
    let journal = try RunJournal(path: path, settings: "s", resuming: true)
    #expect(jobs.allSatisfy { journal.report(of: $0) == report })
    try journal.finish(jobs)
    #expect(try Data(contentsOf: URL(filePath: path)) == whole)
  }

  @Test func whatHasChangedIsNotDone() throws {
    let names = ["touched", "resized", "lost", "cut", "same"]
    var jobs: [ClipJob] = []
    do {
      let journal = try RunJournal(path: path, settings: "s", resuming: false)
      for name in names { jobs.append(try note(name, in: journal)) }
    }
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: jobs[0].input.path)
    _ = try write("resized.wav", "other sound")
    try FileManager.default.removeItem(atPath: try #require(jobs[2].outputs["audio"]))
    _ = try write("cut.interpretation.wav", "inter")
    do {
      let journal = try RunJournal(path: path, settings: "s", resuming: true)
      #expect(jobs.map { journal.report(of: $0) != nil } == [false, false, false, false, true])
    }
    do {
      let journal = try RunJournal(path: path, settings: "other", resuming: true)
      #expect(jobs.allSatisfy { journal.report(of: $0) == nil })
    }
    // A run that does not resume starts anew.
    do {
      let journal = try RunJournal(path: path, settings: "s", resuming: false)
      #expect(jobs.allSatisfy { journal.report(of: $0) == nil })
    }
    let journal = try RunJournal(path: path, settings: "s", resuming: true)
    #expect(jobs.allSatisfy { journal.report(of: $0) == nil })
  }

  /// A kill may cut the last line anywhere: the others count, and what is noted next is whole.
  @Test func everyCut() throws {
    var jobs: [ClipJob] = []
    do {
      let journal = try RunJournal(path: path, settings: "s", resuming: false)
      for name in ["a", "b"] { jobs.append(try note(name, in: journal)) }
    }
    let whole = try Data(contentsOf: URL(filePath: path))
    let first = try #require(whole.firstIndex(of: UInt8(ascii: "\n"))) + 1
    for count in stride(from: 0, through: whole.count, by: 7) {
      try whole.prefix(count).write(to: URL(filePath: path))
      do {
        let journal = try RunJournal(path: path, settings: "s", resuming: true)
        #expect(
          jobs.map { journal.report(of: $0) != nil } == [count >= first, count >= whole.count])
        _ = try note("c", in: journal)
      }
      let journal = try RunJournal(path: path, settings: "s", resuming: true)
      #expect(journal.report(of: try job("c").job) == nil, "its files were written again")
      #expect(journal.report(of: jobs[0]) != nil || count < first)
    }
  }

  /// The same file in the end, in whatever order clips were done.
  @Test func endsInTheOrderOfTheInputs() throws {
    var contents: [Data] = []
    let inputs = try ["a", "b", "c"].map { try job($0) }
    for order in [[0, 1, 2], [2, 0, 1], [1, 1, 2, 0]] {
      let journal = try RunJournal(path: path, settings: "s", resuming: false)
      for index in order {
        let (job, report) = inputs[index]
        try journal.note(job, report, try #require(FileFacts(job.input.path)))
      }
      try journal.finish(inputs.map(\.job))
      contents.append(try Data(contentsOf: URL(filePath: path)))
    }
    #expect(Set(contents).count == 1)
    #expect(contents[0].split(separator: UInt8(ascii: "\n")).count == 3)
  }

  /// One input may have two places for its outputs: what is done for one is not done for the other.
  @Test func onePlaceIsNotAnother() throws {
    let journal = try RunJournal(path: path, settings: "s", resuming: false)
    let job = try note("a", in: journal)
    let other = try RunPlan(
      [ClipInput(path: job.input.path, stem: "night/a")],
      suffixes: ["audio": ".interpretation.wav"], folder: folder.path
    ).jobs
    #expect(journal.report(of: job) != nil)
    #expect(journal.report(of: other[0]) == nil)
  }

  @Test func oneRunAtATime() throws {
    let journal = try RunJournal(path: path, settings: "s", resuming: false)
    do {
      _ = try RunJournal(path: path, settings: "s", resuming: true)
      Issue.record("two runs at once")
    } catch let error as Failure {
      #expect(error.isTransient)
      #expect(error.description.contains("another run is writing"))
    }
    withExtendedLifetime(journal) {}
  }

  /// A process that is just being started has all handles until its program begins.
  @Test func aCopiedHandleDoesNotKeepTheLock() throws {
    var journal: RunJournal? = try RunJournal(path: path, settings: "s", resuming: false)
    let handles = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
    let own = try #require(
      handles.first {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)"))?
          .hasSuffix(path) == true
      }.flatMap { Int32($0) })
    let copy = dup(own)
    defer { close(copy) }
    #expect(journal != nil)
    journal = nil
    #expect(throws: Never.self) {
      try RunJournal(path: path, settings: "s", resuming: true)
    }
  }

  @Test func aPlaceThatCannotBeWritten() throws {
    #expect(throws: Failure.self) {
      try RunJournal(path: folder.path + "/none/journal", settings: "s", resuming: true)
    }
  }
}
