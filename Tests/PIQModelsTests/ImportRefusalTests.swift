import Foundation
import PIQCheckpoints
import PIQModels
import PIQPlatform
import TestSupport
import Testing

/// Folders in SpeechBrain's layout that cannot be imported.
@Suite struct ImportRefusalTests {
  private let folder: TemporaryFolder
  private let path: String
  private var settings: String { path + "/hyperparams.yaml" }

  init() throws {
    folder = try TemporaryFolder()
    path = folder("speechbrain")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let names = [
      "hyperparams.yaml", "label_encoder.txt", "embedding_model.ckpt", "classifier.ckpt",
      "psi_model.ckpt",
    ]
    for name in names {
      try FileManager.default.copyItem(
        atPath: Fixtures.path("small-speechbrain/\(name)"), toPath: "\(path)/\(name)")
    }
  }

  private func read() throws -> SpeechBrainImport { try SpeechBrainImport(path: path, name: "x") }

  private func rewriteSettings(_ text: String, with replacement: String) throws {
    let yaml = try String(contentsOfFile: settings, encoding: .utf8)
    try #require(yaml.contains(text))
    try folder.write(yaml.replacing(text, with: replacement), to: "speechbrain/hyperparams.yaml")
  }

  @Test func theCopyIsWhole() throws { _ = try read() }

  @Test(arguments: [
    (
      "speechbrain.lobes.models.PIQ.VectorQuantizedPSI_Audio",
      "speechbrain.lobes.models.PIQ.VectorQuantizedPSIFocalNet_Audio",
      "Conv2dEncoder_v2 takes VectorQuantizedPSI_Audio"
    ),
    (
      "speechbrain.lobes.models.PIQ.Conv2dEncoder_v2", "transformers.ViTModel",
      "uses transformers.ViTModel, which cannot be imported"
    ),
    ("spec_mag_power: 0.5", "spec_mag_power: 1", "has spec_mag_power 1.0; only 0.5 is known"),
    ("    n_fft: !ref <n_fft>", "    n_fft: 1024\n    center: False", "sets center of the STFT"),
    ("n_fft: 1024", "n_fft: 1000", "n_fft 1000 gives 501 bins"),
    ("n_fft: 1024", "n_fft: 1023", "n_fft: is 1023; it must be even"),
    ("hop_length: 11.6099", "hop_length: 1e9", "front-end settings that make no sense"),
    ("use_adapter: True", "use_adapter: False", "adapter_reduce_dim needs use_adapter"),
    ("shared_keys: 0", "shared_keys: 41", "41 of them shared"),
    ("out_n_neurons: 10", "out_n_neurons: 9", "10 labels, classifier out_neurons 9"),
    ("dim: 8", "dim: -8", "embedding_model dim is -8"),
    ("K: 40", "K: many", "K' is not an integer"),
  ])
  func settingsThatCannotBeImported(text: String, replacement: String, words: String) throws {
    try rewriteSettings(text, with: replacement)
    expectRefusal(settings, words) { try read() }
  }

  @Test func anotherArchitectureIsRefusedWithAWayOut() throws {
    try rewriteSettings("PIQ.Conv2dEncoder_v2", with: "FocalNet.focalnet_base")
    expectRefusal(
      settings, "uses speechbrain.lobes.models.FocalNet.focalnet_base, which cannot be imported",
      remedy: "import a model of Conv2dEncoder_v2, FocalNetBackbone or ViTModel"
    ) { try read() }
  }

  @Test func settingsThatDoNotDescribeTheCheckpoint() throws {
    try rewriteSettings("K: 40", with: "K: 50")
    expectRefusal(
      path + "/psi_model.ckpt",
      "codebook.embedding.weight has shape [40, 8] where hyperparams.yaml needs [50, 8]",
      remedy: "check that hyperparams.yaml describes this checkpoint"
    ) { try read() }
  }

  /// What would take terabytes is refused before any memory is.
  @Test func settingsFarBeyondTheCheckpoints() throws {
    try rewriteSettings("dim: 8", with: "dim: 65536")
    expectRefusal(path, "too few for what", remedy: "check that hyperparams.yaml describes") {
      try read()
    }
  }

  @Test func aCheckpointOfAnotherNetwork() throws {
    try folder.write(
      Data(contentsOf: URL(filePath: path + "/classifier.ckpt")), to: "speechbrain/psi_model.ckpt")
    expectRefusal(path + "/psi_model.ckpt", "lacks the tensor", remedy: "check that") {
      try read()
    }
  }

  @Test func aPickleThatCallsTheSystemIsNotRun() throws {
    try folder.write(
      Data(contentsOf: URL(filePath: Fixtures.path("checkpoints/os-system.ckpt"))),
      to: "speechbrain/psi_model.ckpt")
    expectRefusal(
      path + "/psi_model.ckpt", "wants to call 'os.system'", remedy: "do not trust this file"
    ) {
      try read()
    }
  }

  @Test func aZipBombIsNotUnpacked() throws {
    try folder.write(
      Data(contentsOf: URL(filePath: Fixtures.path("checkpoints/zip-bomb.ckpt"))),
      to: "speechbrain/psi_model.ckpt")
    expectRefusal(path + "/psi_model.ckpt", "a zip bomb", remedy: "do not trust this file") {
      try read()
    }
  }

  @Test func aCutCheckpoint() throws {
    let whole = try Data(contentsOf: URL(filePath: path + "/psi_model.ckpt"))
    for length in [0, 10, whole.count / 2, whole.count - 1] {
      try folder.write(whole.prefix(length), to: "speechbrain/psi_model.ckpt")
      expectRefusal(path + "/psi_model.ckpt", remedy: "make it again") { try read() }
    }
  }

  @Test(arguments: ["psi_model.ckpt", "classifier.ckpt", "label_encoder.txt", "hyperparams.yaml"])
  func aMissingFile(name: String) throws {
    try FileManager.default.removeItem(atPath: "\(path)/\(name)")
    let error = #expect(throws: Failure.self) { try read() }
    #expect(error?.path?.hasPrefix(path) == true)
    #expect(error?.description.contains(name) == true, "\(String(describing: error))")
    #expect(error?.remedy?.isEmpty == false)
  }
}
