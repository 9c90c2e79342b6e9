import Foundation
import Testing

/// `piq-audio benchmark`: what it prints, not how fast anything is.
@Suite struct BenchmarkTests {
  @Test func report() throws {
    let space = try Workspace()
    let outcome = try space.run(["benchmark", "--seconds", "0.5", "--rounds", "2", "--json"])
    outcome.expectSuccess()
    let report = try #require(try outcome.objects().first)
    #expect(report["duration"] as? Double == 0.5)
    #expect(try #require(report["peak_gflops"] as? Double) > 0)
    let layers = try #require(report["layers"] as? [[String: Any]])
    let names = layers.compactMap { $0["name"] as? String }
    for name in ["spectrogram", "embedding_model.conv1", "psi.codebook", "psi.decoder.0", "mask"] {
      #expect(names.contains(name), "\(names)")
    }
    let sum = layers.reduce(0) { $0 + ($1["seconds"] as? Double ?? 0) }
    let total = try #require(report["total"] as? Double)
    #expect(sum > 0 && total > 0)
    for layer in layers where (layer["method"] as? String)?.isEmpty == false {
      #expect(try #require(layer["gflops"] as? Double) > 0, "\(layer)")
      #expect(try #require(layer["utilization"] as? Double) > 0, "\(layer)")
    }
  }

  @Test func table() throws {
    let space = try Workspace()
    try space.writeGoodClip("a.wav")
    let outcome = try space.run(["benchmark", "--rounds", "1", "-t", "1", "a.wav"])
    outcome.expectSuccess()
    #expect(outcome.output.contains("1 thread, oneDNN"))
    #expect(outcome.output.contains("psi.codebook"))
    #expect(!outcome.output.contains("\u{1B}"))
    #expect(outcome.errors == "")
  }

  @Test(arguments: [
    (["--rounds", "0"], "--rounds"), (["--seconds", "0"], "--seconds"),
    (["--seconds", "nan"], "--seconds"), (["--threads", "0"], "--threads"),
  ])
  func mistakes(arguments: [String], words: String) throws {
    let outcome = try Workspace().run(["benchmark"] + arguments)
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains(words))
  }

  @Test func missingClip() throws {
    let outcome = try Workspace().run(["benchmark", "none.wav"])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("none.wav"))
  }
}
