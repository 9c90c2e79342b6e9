import Foundation
import Testing

/// Machines that are short of memory or of threads: a run does its work or says why it cannot.
@Suite struct LimitTests {
  /// In MiB, from less than the program to plenty; where the limits lie depends on the machine.
  @Test(arguments: [100, 150, 170, 190, 220, 280, 400, 4000]) func memory(limit: Int) throws {
    let space = try Workspace()
    try space.writeGoodClip("a.wav")
    // As a whole this one takes 200 MB.
    try space.write("b.wav", WAV.noise(59 * 16_000).bytes)
    try space.writeGoodClip("c.wav")
    let outcome = try space.shell(
      "ulimit -v \(limit << 10); exec \"$@\"",
      ["interpret", "-q", "--outputs", "audio,json", "-o", "out", "a.wav", "b.wav", "c.wav"])
    // The system's own refusal to load it.
    if outcome.status == 127, outcome.errors.contains("shared") { return }
    let done = space.files.filter { $0.hasSuffix(".json") }.count
    if outcome.status == 0 {
      #expect(done == 3 && outcome.errors == "")
    } else {
      #expect(outcome.status == 1, "\(limit) MiB")
      #expect(outcome.errorLines.count == 1 && limit < 4000, "\(outcome.errors)")
      #expect(outcome.errors.contains("memory"), "\(outcome.errors)")
      #expect(outcome.errors.contains("raise the limit"), "\(outcome.errors)")
      #expect([0, 2].contains(done))
    }
    space.expectNothingHalfWritten()
  }

  /// Half an hour that is to be taken whole: it is not even read to its end.
  @Test func memoryOfARecordingTakenWhole() throws {
    let space = try Workspace()
    let noise = WAV.noise(160_000).data
    let data = [[UInt8]](repeating: noise, count: 180).joined()
    try space.write("a.wav", WAV(data: Array(data)).bytes)
    for command in [["interpret", "--window", "0"], ["classify", "--window", "0"]] {
      let outcome = try space.shell(
        "ulimit -v \(400 << 10); exec \"$@\"", command + ["a.wav"])
      outcome.expectRefusal(naming: "a.wav", "MB may be used; cut it into shorter clips, free")
      #expect(space.files == ["a.wav"])
    }
  }

  /// As a user without privileges: root's threads have no limit.
  private static let nobody = "setpriv --reuid=65534 --clear-groups prlimit --nproc="

  private static let canBeNobody =
    (try? Workspace().shell("umask 0; exec \(nobody)9 \"$@\"", ["--version"]).status) == 0

  @Test(.enabled(if: canBeNobody, "needs root, and util-linux"), arguments: [1, 2, 3, 6, 9, 12])
  func threads(limit: Int) throws {
    let space = try Workspace()
    for name in ["in/a.wav", "in/b.wav", "in/c.wav"] { try space.writeGoodClip(name) }
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o777], ofItemAtPath: space.folder)
    for division in [[], ["-j", "3", "-t", "4"]] {
      let outcome = try space.shell(
        "exec \(Self.nobody)\(limit) \"$@\"",
        ["interpret", "-q", "-o", "out", "in"] + division)
      outcome.expectSuccess()
      #expect(space.files.filter { $0.hasPrefix("out/") }.count == 12)
    }
  }

  /// The end of a named pipe that the program reads; nil when it does not within a minute.
  static func writer(to path: String) -> FileHandle? {
    for _ in 0..<6000 {
      let descriptor = open(path, O_WRONLY | O_NONBLOCK)
      if descriptor >= 0 {
        // Only to open it was not to wait.
        _ = fcntl(descriptor, F_SETFL, O_WRONLY)
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
      }
      usleep(10_000)
    }
    return nil
  }

  /// The first input holds the run until the second has gone.
  @Test func clipThatGoes() throws {
    let space = try Workspace()
    for name in ["a.wav", "b.wav", "c.wav"] { try space.writeGoodClip(name) }
    #expect(mkfifo(space.file("first"), 0o600) == 0)
    let program = try space.start(
      Program.path,
      ["interpret", "-j", "1", "--outputs", "json", "-o", "out", "first", "b.wav", "c.wav"])
    let pipe = try #require(Self.writer(to: space.file("first")))
    try FileManager.default.removeItem(atPath: space.file("b.wav"))
    try pipe.write(contentsOf: Data(space.bytes("a.wav")))
    try pipe.close()
    program.wait().expectRefusal(naming: "b.wav", "no such file or directory; check the path")
    #expect(
      space.files.filter { $0.hasPrefix("out/") } == [
        "out/c.interpretation.json", "out/first.interpretation.json",
      ])
  }
}
