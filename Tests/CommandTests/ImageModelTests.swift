import Foundation
import TestSupport
import Testing

/// Interpreters of images, whose decoders have maps of many megabytes by their definition.
@Suite struct ImageModelTests {
  /// The largest map alone would take 331 MB, and the one before it 83 MB.
  @Test func neverHoldsTheLargestMap() throws {
    let space = try Workspace()
    try ImageModel.write(channels: 384, to: space.file("model"))
    try space.writeGoodClip("a.wav")
    try space.writeGoodClip("b.wav")
    let peak = try peakMemory(of: [
      "interpret", "-q", "--jobs", "1", "--outputs", "json", "--model", space.file("model"),
      "-o", space.file("out"), space.file("a.wav"), space.file("b.wav"),
    ])
    #expect(space.files.filter { $0.hasSuffix(".json") && $0.hasPrefix("out/") }.count == 2)
    #expect(peak < 240 << 20, "\(peak >> 20) MiB")
  }

  /// The largest resident set of a run of the program that succeeds, in bytes.
  private func peakMemory(of arguments: [String]) throws -> Int {
    var strings = ([Program.path] + arguments).map { strdup($0) } + [nil]
    defer { for string in strings { free(string) } }
    var process = pid_t()
    try #require(posix_spawn(&process, Program.path, nil, nil, &strings, environ) == 0)
    var (status, usage) = (Int32(0), rusage())
    try #require(wait4(process, &status, 0, &usage) == process)
    #expect(status == 0)
    return usage.ru_maxrss << 10
  }
}
