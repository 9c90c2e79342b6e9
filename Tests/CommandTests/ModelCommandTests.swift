import Foundation
import Testing

/// `piq-audio model`.
@Suite struct ModelCommandTests {
  private static let source = Program.fixture("small-speechbrain")

  @Test func importOptions() throws {
    let space = try Workspace()
    let outcome = try space.run([
      "model", "import", Self.source, "-o", "new/model", "--normalize", "peak", "--logit-scale",
      "20", "--dtype", "f16", "--name", "mine", "--training", "by hand", "--licence", "CC0-1.0",
    ])
    outcome.expectSuccess()
    #expect(space.files == ["new/model/model.json", "new/model/model.safetensors"])
    let settings = try space.json("new/model/model.json")
    #expect(settings["name"] as? String == "mine")
    #expect(settings["training"] as? String == "by hand")
    #expect(settings["licence"] as? String == "CC0-1.0")
    #expect(settings["normalize"] as? String == "peak")
    #expect("\(settings.values)".contains("20"))
    let info = try space.run(["model", "info", "new/model"])
    info.expectSuccess()
    for words in ["mine", "stored as F16", "normalize peak", "logit scale 20", "by hand", "CC0"] {
      #expect(info.output.contains(words), "\(words) is not in \(info.output)")
    }
  }

  @Test func dtypesGiveTheSameClasses() throws {
    let space = try Workspace()
    try space.writeGoodClip()
    var labels: Set<String> = []
    for dtype in ["f32", "f16", "bf16"] {
      try space.run(["model", "import", Self.source, "-o", dtype, "--dtype", dtype]).expectSuccess()
      let report = try space.run(["classify", "--json", "-m", dtype, "good.wav"]).objects().first
      labels.insert(try #require(report?["label"] as? String))
    }
    #expect(labels.count == 1)
  }

  /// PIQ-ESC50 as it is downloaded: an encoder under another name, a config.json that is none of
  /// transformers, and labels that stayed in another repository.
  @Test func labelsThatWereNotDownloaded() throws {
    let space = try Workspace()
    for (name, new) in [
      ("embedding_model.ckpt", "embedding_modelft.ckpt"), ("classifier.ckpt", "classifier.ckpt"),
      ("psi_model.ckpt", "psi_model.ckpt"),
    ] {
      try space.write("esc50/" + new, Data(contentsOf: URL(filePath: "\(Self.source)/\(name)")))
    }
    try space.write("esc50/config.json", #"{"speechbrain_interface": "PIQAudioInterpreter"}"#.utf8)
    let yaml = try String(contentsOfFile: Self.source + "/hyperparams.yaml", encoding: .utf8)
      .replacing(
        "<pretrained_path>/embedding_model.ckpt", with: "<pretrained_path>/embedding_modelft.ckpt"
      )
      .replacing(
        "!ref <pretrained_path>/label_encoder.txt",
        with: "speechbrain/cnn14-esc50/label_encoder.txt")
    try space.write("esc50/hyperparams.yaml", yaml.utf8)
    let run = ["model", "import", "esc50", "-o", "model"]
    let refusal = try space.run(run)
    refusal.expectRefusal(
      naming: "esc50",
      "'label_encoder.txt' (the labels; upstream takes it from "
        + "speechbrain/cnn14-esc50/label_encoder.txt); name a file of labels (--labels)")
    let names = Self.source + "/label_encoder.txt"
    try space.run(run + ["--labels", names]).expectSuccess()
    try space.run(["model", "import", Self.source, "-o", "whole"]).expectSuccess()
    #expect(try space.bytes("model/model.safetensors") == space.bytes("whole/model.safetensors"))
  }

  @Test func existingModel() throws {
    let space = try Workspace()
    let run = ["model", "import", Self.source, "-o", "model"]
    try space.run(run).expectSuccess()
    let weights = try space.bytes("model/model.safetensors")
    try space.run(run + ["--dtype", "f16"]).expectRefusal(
      naming: "model/model.json", "replace the model (--force)")
    #expect(try space.bytes("model/model.safetensors") == weights)
    try space.run(run + ["--dtype", "f16", "--force"]).expectSuccess()
    #expect(try space.bytes("model/model.safetensors") != weights)
    #expect(space.files.count == 2)
  }

  @Test func infoAsJSON() throws {
    let outcome = try Workspace().run(["model", "info", "--json"])
    outcome.expectSuccess()
    let json = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    let info = try #require(json as? [String: Any])
    #expect(Set(info.keys) == ["path", "sha256", "parameters", "dtype", "configuration"])
    #expect((info["sha256"] as? String)?.count == 64)
    #expect((info["configuration"] as? [String: Any])?["labels"] as? [String] != nil)
  }

  @Test func foldersThatAreNone() throws {
    let space = try Workspace()
    try space.write("file", [1])
    try space.run(["model", "import", "gone", "-o", "out"])
      .expectRefusal(naming: "gone/hyperparams.yaml", "no such file")
    try space.run(["model", "info", "gone"]).expectRefusal(
      naming: "gone/model.json", "no such file")
    try space.run(["model", "info", "file"]).expectRefusal(naming: "file/model.json", "directory")
    try space.run(["model", "import", Self.source, "-o", "file"])
      .expectRefusal(naming: "file", "is a file, not a folder")
    #expect(space.files == ["file"])
  }
}
