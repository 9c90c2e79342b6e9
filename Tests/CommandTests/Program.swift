import Foundation
import Testing

/// The built program, run as a user runs it.
enum Program {
  /// `piq-audio` beside the running test bundle.
  static let path: String = {
    let bundle =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return (bundle as NSString).deletingLastPathComponent + "/piq-audio"
  }()

  /// The folder that holds Package.swift.
  static let project: String = {
    var url = URL(filePath: #filePath)
    for _ in 0..<3 { url.deleteLastPathComponent() }
    return url.path(percentEncoded: false)
  }()

  /// The path of a file or folder in Fixtures.
  static func fixture(_ name: String) -> String { "\(project)/Fixtures/\(name)" }

  /// The text of `command --help`.
  static func help(_ command: [String]) throws -> String {
    try Workspace().run(command + ["--help"]).output
  }

  /// What `Workspace` gives every run, unless told otherwise. A crash needs no backtrace here.
  static let environment: [String: String] = {
    let own = ProcessInfo.processInfo.environment
    let known = [
      "PATH": own["PATH"] ?? "/usr/bin:/bin",
      "SWIFT_BACKTRACE": "enable=no",
    ]
    // make test-asan and its like tell the program what they do not want to hear of.
    return known.merging(own.filter { $0.key.hasSuffix("SAN_OPTIONS") }) { $1 }
  }()
}

/// How a run of a program ended, and what it said.
struct Outcome {
  /// The exit status; nil if a signal ended the program.
  let status: Int32?
  let output: String
  let errors: String

  var outputLines: [String] { output.split(separator: "\n").map(String.init) }
  var errorLines: [String] { errors.split(separator: "\n").map(String.init) }

  /// The JSON objects on standard output, one a line.
  func objects() throws -> [[String: Any]] {
    try outputLines.map { line in
      try #require(
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
    }
  }

  /// Expects that all went well and nothing was amiss.
  func expectSuccess(sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(status == 0, sourceLocation: sourceLocation)
    #expect(errors == "", sourceLocation: sourceLocation)
  }

  /// Expects one refusal: a line on standard error that names `path` and contains `words`.
  func expectRefusal(
    _ status: Int32 = 1, naming path: String, _ words: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(self.status == status, sourceLocation: sourceLocation)
    #expect(errorLines.count == 1, "\(errors)", sourceLocation: sourceLocation)
    #expect(
      errors.hasPrefix("piq-audio: error: \(path): "), "\(errors)", sourceLocation: sourceLocation)
    #expect(errors.contains(words), "\(errors)", sourceLocation: sourceLocation)
    #expect(errors.contains("; "), "no remedy: \(errors)", sourceLocation: sourceLocation)
  }
}

/// A program under way.
final class RunningProgram {
  private let process = Process()
  private let hasEnded = DispatchSemaphore(value: 0)
  private let streams: String
  /// Whoever would remove `streams` if it were gone.
  private let owner: Workspace?

  var identifier: Int32 { process.processIdentifier }

  /// What it has written to standard output so far.
  var output: String { Self.text(streams + "/out") }

  /// Starts `executable`. What it says goes to files in the folder `streams`: no pipe can fill up.
  init(
    _ executable: String, _ arguments: [String], in folder: String, streams: String,
    owner: Workspace? = nil, input: String? = nil, environment: [String: String]
  ) throws {
    self.streams = streams
    self.owner = owner
    let folderURL = URL(filePath: folder)
    let streamsURL = URL(filePath: streams)
    try FileManager.default.createDirectory(at: streamsURL, withIntermediateDirectories: true)
    process.executableURL = URL(filePath: executable)
    process.arguments = arguments
    process.currentDirectoryURL = folderURL
    process.environment = environment
    process.standardInput = try FileHandle(
      forReadingFrom: URL(filePath: input ?? "/dev/null", relativeTo: folderURL))
    for (name, stream) in [("out", \Process.standardOutput), ("err", \Process.standardError)] {
      let url = streamsURL.appending(path: name)
      try Data().write(to: url)
      process[keyPath: stream] = try FileHandle(forWritingTo: url)
    }
    let hasEnded = hasEnded
    process.terminationHandler = { _ in hasEnded.signal() }
    try process.run()
  }

  /// Waits for the end; a program that hangs is killed and counts as ended by a signal.
  func wait(seconds: Int = 120) -> Outcome {
    if hasEnded.wait(timeout: .now() + .seconds(seconds)) == .timedOut {
      kill(identifier, SIGKILL)
      hasEnded.wait()
    }
    let status = process.terminationReason == .exit ? process.terminationStatus : nil
    return Outcome(status: status, output: output, errors: Self.text(streams + "/err"))
  }

  private static func text(_ path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }
}
