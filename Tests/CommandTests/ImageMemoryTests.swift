import Foundation
import PIQExplanations
import PIQModels
import TestSupport
import Testing

/// What interpreters of images take, whose decoders have maps of hundreds of megabytes by their
/// definition.
@Suite(.serialized) struct ImageMemoryTests {
  private static let channels = 384
  private static let clips = (0..<6).map { "\($0).wav" }

  /// The largest map alone would take 331 MB, and the one before it 83 MB.
  @Test func neverHoldsTheLargestMap() throws {
    let space = try Workspace()
    try prepare(space)
    let peak = try peakMemory(jobs: 1, in: space)
    #expect(peak < 230e6, "\(peak / 1e6) MB")
  }

  /// What is reckoned with for each clip at a time is about what it takes.
  @Test func estimatesOfClips() throws {
    let space = try Workspace()
    try prepare(space)
    let model = try Model(path: space.file("model"))
    let estimate = model.interpreter.memoryNeeded(80_000)
    let more = Double(Self.clips.count - 1)
    let taken =
      try (peakMemory(jobs: Self.clips.count, in: space) - peakMemory(jobs: 1, in: space)) / more
    #expect(
      taken < 1.2 * estimate && taken > 0.25 * estimate, "\(taken / 1e6) MB, \(estimate / 1e6)")
  }

  private func prepare(_ space: Workspace) throws {
    try ImageModel.write(channels: Self.channels, to: space.file("model"))
    for clip in Self.clips { try space.write(clip, WAV.noise(80_000).bytes) }
    try #require(mkfifo(space.file("pipe"), 0o600) == 0)
  }

  /// The largest resident set of a run, in bytes. It is read while the program waits for the last clip:
  /// what the system keeps for the parent of a process that ended begins with the parent's own.
  private func peakMemory(jobs: Int, in space: Workspace) throws -> Double {
    let program = try space.start(
      Program.path,
      ["interpret", "--json", "--jobs", "\(jobs)", "--threads", "1", "--outputs", "json"]
        + ["--existing", "overwrite", "--model", "model", "-o", "out"] + Self.clips + ["pipe"])
    for _ in 0..<6000 where program.output.split(separator: "\n").count < Self.clips.count {
      usleep(10_000)
    }
    let status = try String(
      contentsOfFile: "/proc/\(program.identifier)/status", encoding: .utf8)
    let pipe = try #require(LimitTests.writer(to: space.file("pipe")))
    try pipe.write(contentsOf: Data(space.bytes(Self.clips[0])))
    try pipe.close()
    program.wait().expectSuccess()
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return try 1024 * #require(line?.split(separator: " ").dropFirst().first.flatMap { Double($0) })
  }
}
