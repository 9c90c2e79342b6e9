import Foundation
import PIQAudioIO
import PIQCheckpoints
import PIQTensor
import TestSupport
import Testing

/// FocalNet and ViT, from a folder that a recipe left to sounds and reports.
@Suite struct ImageModelTests {
  private static let names = ["focalnet", "vit", "focalnet-variant", "vit-variant"]

  /// What SpeechBrain's recipe makes of the same networks and clips.
  @Test(arguments: names) func goldens(name: String) throws {
    let space = try Workspace()
    let folder = Program.fixture("transformers/\(name)")
    try space.run(["model", "import", folder, "-o", "model"]).expectSuccess()
    let outcome = try space.run([
      "interpret", "--json", "--model", "model", "--tail", "crop", "--outputs",
      "json,arrays,audio", "-o", "out", folder + "/clips",
    ])
    outcome.expectSuccess()
    let reports = try outcome.objects()
    let clips = Fixtures.names(in: "transformers/\(name)/golden", endingIn: ".safetensors")
    #expect(!clips.isEmpty && reports.count == clips.count)
    for (clip, report) in zip(clips, reports) {
      let golden = try SafetensorsFile(path: "\(folder)/golden/\(clip).safetensors")
      #expect((report["input"] as? String)?.hasSuffix("/\(clip).flac") == true)
      #expect((report["index"] as? Int).map(String.init) == golden.metadata["index"])
      let arrays = try NPZ.read(path: space.file("out/\(clip).interpretation.npz"))
      guard case .float32(let mask) = arrays["mask"], case .int64(let codes) = arrays["codes"]
      else {
        Issue.record("no mask or no codes")
        continue
      }
      #expect(codes.values == (try golden.integers("codes").values), "\(clip)")
      let difference = TensorDifference(mask, try golden.floats("mask"))
      #expect(difference.relative <= 2e-4, "\(clip): \(difference)")
      let sound = try Recording.read(path: space.file("out/\(clip).interpretation.wav")).samples
      let expected = try golden.floats("audio").elements
      #expect(sound.count == expected.count)
      // 60 dB below.
      let noise = zip(sound, expected).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
      #expect(noise <= 1e-6 * expected.reduce(0.0) { $0 + pow(Double($1), 2) }, "\(clip)")
    }
  }

  /// The quantile of AMT is in both reports, and in those of no other method.
  @Test(arguments: ["focalnet", "vit"]) func quantiles(name: String) throws {
    let space = try Workspace()
    let folder = Program.fixture("transformers/\(name)")
    try space.run(["model", "import", folder, "-o", "model"]).expectSuccess()
    let schema = try JSONSchema(
      path: "\(Program.project)/docs/schema/interpretation.schema.json")
    try space.write(
      "clips.csv", "filename,category\nc0.flac,class a\nc1.flac,class b\n".utf8)
    for (options, quantile) in [
      (["--method", "amt", "--quantile", "0.8"], 0.8), (["--method", "amt"], 0.9),
      (["--quantile", "0.8"], nil),
    ] as [([String], Double?)] {
      let report = try #require(
        try space.run(
          ["interpret", "--json", "--model", "model", "--outputs", "json,arrays", "-o", "out"]
            + options + [folder + "/clips/c0.flac"]
        ).objects().first)
      #expect(report["quantile"] as? Double == quantile)
      #expect(schema.problems(in: report) == [])
      let written = try space.json("out/c0.interpretation.json")
      #expect(written["quantile"] as? Double == quantile)
      if let quantile {
        guard
          case .float32(let mask) = try NPZ.read(
            path: space.file("out/c0.interpretation.npz"))["mask"]
        else {
          Issue.record("no mask")
          continue
        }
        let share = Double(mask.elements.reduce(0, +)) / Double(mask.count)
        #expect(abs(share - (1 - quantile)) < 0.002)
      }
      let evaluation = try #require(
        try space.run(
          [
            "evaluate", "--json", "--model", "model", "--sets", "in_distribution", "--audio-dir",
            folder + "/clips", "clips.csv",
          ] + options
        ).objects().first)
      #expect(evaluation["quantile"] as? Double == quantile)
    }
  }
}
