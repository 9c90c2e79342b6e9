import Foundation
import Testing

/// Formats that only ffmpeg decodes, with a stand-in for it and without any.
@Suite struct ForeignFormatTests {
  private let space: Workspace
  private static let words =
    "holds AMR, which needs ffmpeg; install it (apt install ffmpeg), or convert the file"

  init() throws {
    space = try Workspace()
    try space.write("clip.amr", Array("#!AMR\n".utf8) + [UInt8](repeating: 7, count: 5000))
  }

  /// The settings of a run that finds `script` as ffmpeg.
  private func environment(ffmpeg script: String) throws -> [String: String] {
    let path = "\(space.path)/bin/ffmpeg"
    try FileManager.default.createDirectory(
      atPath: "\(space.path)/bin", withIntermediateDirectories: true)
    try Data(("#!/bin/sh\n" + script).utf8).write(to: URL(filePath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return ["PATH": "\(space.path)/bin:/usr/bin:/bin"]
  }

  /// The header of an AU file of 32-bit floating-point samples, for printf.
  private static let header = #"""
    printf '.snd\000\000\000\030\377\377\377\377\000\000\000\006\000\000\037\100\000\000\000\001'

    """#

  @Test func withoutFFmpeg() throws {
    try space.run(["classify", "clip.amr"], environment: ["PATH": "/nowhere"])
      .expectRefusal(naming: "clip.amr", Self.words)
  }

  /// In a folder it is a line, and the others are done.
  @Test func withoutFFmpegInAFolder() throws {
    try space.writeGoodClip()
    let outcome = try space.run(["classify", "--json", "."], environment: ["PATH": "/nowhere"])
    outcome.expectRefusal(naming: "./clip.amr", Self.words)
    #expect(outcome.outputLines.count == 2)
  }

  @Test func itsOutputIsTheSound() throws {
    let outcome = try space.run(
      ["classify", "--json", "clip.amr"],
      environment: environment(ffmpeg: Self.header + "yes == | head -c 64000"))
    outcome.expectSuccess()
    let object = try #require(try outcome.objects().first)
    #expect(object["duration"] as? Double == 2)
    #expect(object["sample_rate"] as? Int == 8000)
  }

  /// It gets the open file, wherever that came from, and no name.
  @Test(arguments: [true, false]) func itReadsTheFile(_ isPipe: Bool) throws {
    let script =
      Self.header + """
        for word; do case $word in *clip*) exit 1; esac; done
        cmp -s /proc/self/fd/0 '\(space.file("clip.amr"))' && head -c 32000 /dev/zero
        """
    let environment = try environment(ffmpeg: script)
    let outcome = try space.run(
      ["classify", "--json", isPipe ? "-" : "clip.amr"],
      input: isPipe ? space.file("clip.amr") : nil, environment: environment)
    #expect(try outcome.objects().first?["duration"] as? Double == 1)
  }

  @Test func whatItSaysIsOneLine() throws {
    let script = "yes '[amr @ 0x1] it is broken' | head -n 100000 >&2; exit 1"
    try space.run(["classify", "clip.amr"], environment: environment(ffmpeg: script))
      .expectRefusal(
        naming: "clip.amr", "cannot be decoded: ffmpeg says: it is broken; convert it")
  }

  @Test func damageIsAWarning() throws {
    let script = Self.header + "yes == | head -c 32000; echo 'a frame is lost' >&2"
    let outcome = try space.run(
      ["classify", "clip.amr"], environment: environment(ffmpeg: script))
    #expect(outcome.status == 0)
    #expect(
      outcome.errors
        == "piq-audio: warning: clip.amr: is damaged: ffmpeg says: a frame is lost\n")
  }

  /// One that never ends is ended with the refusal of its sound.
  @Test func itIsEnded() throws {
    let script =
      "echo $$ >'\(space.path)/pid'\n" + Self.header
      + #"printf '\177\300\000\000'; head -c 400000 /dev/zero; exec sleep 1000"#
    try space.run(["classify", "clip.amr"], environment: environment(ffmpeg: script))
      .expectRefusal(naming: "clip.amr", "has a value that is not a number")
    let text = try String(contentsOfFile: "\(space.path)/pid", encoding: .utf8)
    let pid = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    #expect(kill(pid, 0) != 0)
  }
}
