import Foundation
import Testing

/// Ends before the end.
@Suite struct SignalTests {
  private static let count = 150

  /// Starts to interpret `count` clips and waits for the first to be done.
  private func start(_ space: Workspace, _ wrapper: String = #"exec "$@""#) throws -> RunningProgram
  {
    for i in 0..<Self.count { try space.writeGoodClip("in/\(i).wav") }
    let program = try space.start(
      "/bin/sh",
      ["-c", wrapper, "sh", Program.path, "interpret", "--json", "-o", "out", "in"])
    for _ in 0..<6000 where !program.output.contains("\n") { usleep(5000) }
    return program
  }

  @Test(arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)])
  func interrupted(signal: Int32, status: Int32) throws {
    let space = try Workspace()
    let program = try start(space)
    kill(program.identifier, signal)
    let outcome = program.wait()
    #expect(outcome.status == status)
    #expect(outcome.errors == "")
    let done = try outcome.objects().count
    #expect(done > 0 && done < Self.count)
    space.expectNothingHalfWritten()
    for name in space.files where name.hasSuffix(".interpretation.json") {
      _ = try space.json(name)
    }
  }

  /// What nohup and shells in the background ignore stays ignored.
  @Test func ignoredSignals() throws {
    let space = try Workspace()
    let program = try start(space, #"trap '' INT HUP; exec "$@""#)
    for signal in [SIGINT, SIGHUP] { kill(program.identifier, signal) }
    let outcome = program.wait()
    outcome.expectSuccess()
    #expect(try outcome.objects().count == Self.count)
  }

  @Test func readerThatLeaves() throws {
    let space = try Workspace()
    for i in 0..<20 { try space.writeGoodClip("in/\(i).wav") }
    // The status of the program, not of head: written to a file by the shell around it.
    let outcome = try space.shell(
      #"{ "$@"; echo $? > status; } | head -n 1"#, ["interpret", "--json", "-o", "out", "in"])
    #expect(outcome.outputLines.count == 1)
    #expect(outcome.errors == "")
    // 128 + SIGPIPE, like every program in a pipe.
    #expect(String(decoding: try space.bytes("status"), as: UTF8.self) == "141\n")
    space.expectNothingHalfWritten()
  }
}
