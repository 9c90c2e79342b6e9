import Foundation
import PIQAudioIO
import PIQCheckpoints
import Testing

/// `--method`: every method with all outputs, whole and in windows.
@Suite struct MethodTests {
  static let methods = [
    "interpreter", "saliency", "smoothgrad", "integrated-gradients", "grad-cam", "occlusion",
    "rise", "lime", "random", "ones",
  ]

  @Test(arguments: methods) func allOutputs(method: String) throws {
    let space = try Workspace()
    try space.writeGoodClip("a.wav")
    let outputs = "audio,residual,spectrogram,arrays,json"
    let options = ["--method", method, "--steps", "2", "--samples", "20", "--json"]
    let outcome = try space.run(
      ["interpret", "-o", "out", "--outputs", outputs] + options + ["a.wav"])
    outcome.expectSuccess()
    let report = try #require(try outcome.objects().first)
    #expect(report["method"] as? String == method)
    #expect((report["outputs"] as? [String: String])?.count == 5)
    #expect(try space.json("out/a.interpretation.json")["method"] as? String == method)
    let arrays = try NPZ.read(path: space.file("out/a.interpretation.npz"))
    #expect((arrays["codes"] != nil) == (method == "interpreter"))
    #expect((arrays["attributions"] != nil) == !["interpreter", "random", "ones"].contains(method))
    // The two sounds make the input again, whatever the mask.
    let parts = try ["interpretation", "residual"].map {
      try Recording.read(path: space.file("out/a.\($0).wav")).samples
    }
    let input = try Recording.read(path: space.file("a.wav")).samples
    let worst = input.indices.map { abs(parts[0][$0] + parts[1][$0] - input[$0]) }.max()
    #expect(try #require(worst) < 1e-6)
    if method == "ones" { #expect(parts[1].allSatisfy { abs($0) < 1e-4 }) }
  }

  /// A linear model of very many segments would take all memory.
  @Test func tooManySegments() throws {
    let space = try Workspace()
    try space.writeGoodClip("a.wav")
    let outcome = try space.run([
      "interpret", "--method", "lime", "--patch", "0.001x1", "-o", "out", "a.wav",
    ])
    outcome.expectRefusal(naming: "a.wav", "segments, where 3000 are the most")
    #expect(outcome.errors.contains("take larger patches or shorter windows"))
  }

  @Test(arguments: methods) func windows(method: String) throws {
    let space = try Workspace()
    try space.writeGoodClip("a.wav")
    let run = [
      "interpret", "--window", "0.1", "--overlap", "0.02", "--method", method, "--steps", "2",
      "--samples",
      "20",
      "--outputs", "audio,spectrogram,timeline,json",
      "--json", "a.wav",
    ]
    let outcome = try space.run(run + ["-o", "one"])
    outcome.expectSuccess()
    let report = try #require(try outcome.objects().first)
    #expect(report["method"] as? String == method)
    #expect((report["windows"] as? [Any])?.count ?? 0 > 1)
    // Nothing depends on chance or on threads.
    try space.run(run + ["-o", "two", "--threads", "3"]).expectSuccess()
    for name in ["a.interpretation.wav", "a.interpretation.png", "a.timeline.csv"] {
      #expect(try space.bytes("one/" + name) == space.bytes("two/" + name), "\(name)")
    }
  }

  /// A seed decides what is drawn, and one clip is not drawn as another.
  @Test func seeds() throws {
    let space = try Workspace()
    try space.writeGoodClip("a.wav")
    try space.write("b.wav", WAV.noise(2000, bits: 24).bytes)
    func masks(_ seed: String) throws -> [NPZArray?] {
      let run = ["interpret", "--method", "random", "--seed", seed, "--outputs", "arrays,json"]
      try space.run(run + ["-o", seed, "a.wav", "b.wav"]).expectSuccess()
      #expect(try space.json("\(seed)/a.interpretation.json")["seed"] as? Int == Int(seed))
      return try ["a", "b"].map {
        try NPZ.read(path: space.file("\(seed)/\($0).interpretation.npz"))["mask"]
      }
    }
    let (one, two) = (try masks("1"), try masks("2"))
    #expect(one[0] != nil && one[0] != one[1] && one[0] != two[0])
  }

  @Test func refusals() throws {
    let space = try Workspace()
    try space.writeGoodClip("a.wav")
    let unknown = try space.run(["interpret", "--method", "magic", "a.wav"])
    #expect(unknown.status == 64)
    for word in ["--method", "interpreter", "grad-cam"] { #expect(unknown.errors.contains(word)) }
    let amt = try space.run(["interpret", "--method", "amt", "a.wav"])
    #expect(amt.status != 0 && amt.errors.contains("FocalNet and ViT"))
    let steps = try space.run(["interpret", "--steps", "0", "a.wav"])
    #expect(steps.status == 64 && steps.errors.contains("--steps"))
  }

  /// `interpret` and `evaluate` share one list.
  @Test func oneList() throws {
    let space = try Workspace()
    for command in ["interpret", "evaluate"] {
      let help = try space.run([command, "--help"]).output
      for method in Self.methods + ["amt"] {
        #expect(help.contains(method), "\(command) \(method)")
      }
    }
  }
}
