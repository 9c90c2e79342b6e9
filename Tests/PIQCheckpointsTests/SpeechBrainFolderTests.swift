import Foundation
import PIQCheckpoints
import PIQPlatform
import Testing

@Suite struct SpeechBrainFolderTests {
  @Test func interpreterFolder() throws {
    try withFolder([
      "hyperparams.yaml": Self.interpreter, "encoder-ft.ckpt": "", "classifier.ckpt": "",
      "psi_model.ckpt": "", "label_encoder.txt": "'dog' => 0\n",
    ]) { path in
      let folder = try SpeechBrainFolder(path: path)
      #expect(folder.sampleRate == 16000)
      #expect(folder.nFFT == 1024)
      #expect(folder.hopLengthMilliseconds == 11.6099)
      #expect(folder.winLengthMilliseconds == 25)  // STFT's own default
      #expect(folder.specMagPower == 0.5)
      #expect(folder.useVQ == false)
      #expect(folder.useMaskOutput == true)  // the recipe's
      #expect(folder.maskThreshold == 0.25)
      #expect(folder.psi?.className == "speechbrain.lobes.models.PIQ.VectorQuantizedPSI_Audio")
      #expect(folder.psi?.shortClassName == "VectorQuantizedPSI_Audio")
      #expect(try folder.psi?.int("dim") == 256)
      #expect(try folder.psi?.int("K", default: 512) == 1024)
      #expect(try folder.psi?.int("numclasses", default: 50) == 50)
      #expect(try folder.psi?.bool("use_adapter") == true)
      #expect(folder.psi?.arguments["name"] == .string("1024"))
      #expect(folder.object(.embeddingModel) == folder.embeddingModel)
      // By way of a hub's name, by way of the pretrained path, and by the loadable's name.
      #expect(try folder.checkpointPath(of: .embeddingModel) == path + "/encoder-ft.ckpt")
      #expect(try folder.checkpointPath(of: .classifier) == path + "/classifier.ckpt")
      #expect(try folder.checkpointPath(of: .psi) == path + "/psi_model.ckpt")
      #expect(try folder.labels() == ["dog"])
      // 1024 // 64.
      #expect(try folder.psi?.int("shared_keys", default: 0) == 16)
      expectRefusal(path, "'psi.use_adapter' is not an integer") {
        _ = try folder.psi?.int("use_adapter", default: 0)
      }
      expectRefusal(path, "no 'psi.missing'") { _ = try folder.psi?.double("missing") }
    }
  }

  @Test func trainingRecipe() throws {
    let recipe = """
      data_folder: !PLACEHOLDER  # e.g., /localscratch
      audio: !ref <data_folder>/audio
      sample_rate: 16000
      seed: &seed 1234
      again: *seed
      __set_seed: !apply:speechbrain.utils.seed_everything [!ref <seed>]
      embedding_model: !apply:transformers.ViTModel.from_pretrained [google/vit-base-patch16-224]
      classifier: !new:speechbrain.lobes.models.ECAPA_TDNN.Classifier
          input_size: 768
      embedding_model_path: speechbrain/vit-base-esc50/embedding_model.ckpt
      pretrained_esc50: !new:speechbrain.utils.parameter_transfer.Pretrainer
          loadables: {embedding_model: !ref <embedding_model>, classifier: !ref <classifier>}
          paths: {embedding_model: !ref <embedding_model_path>}
      compute_stft: !new:speechbrain.processing.features.STFT
          sample_rate: !ref <sample_rate>
      psi_model: !new:speechbrain.lobes.models.PIQ.VectorQuantizedPSIViT_Audio
          dim: !ref <classifier.input_size>
      modules:
          compute_stft: !ref <compute_stft>
          psi: !ref <psi_model>
      """
    try withFolder(["hyperparams.yaml": recipe, "psi_model.ckpt": "", "embedding_model.ckpt": ""]) {
      path in
      let folder = try SpeechBrainFolder(path: path)
      #expect(folder.embeddingModel.className == "transformers.ViTModel.from_pretrained")
      #expect(folder.embeddingModel.positional == [.string("google/vit-base-patch16-224")])
      #expect(try folder.psi?.int("dim") == 768)
      #expect(folder.nFFT == 400)
      #expect(try folder.checkpointPath(of: .psi) == path + "/psi_model.ckpt")
      #expect(try folder.checkpointPath(of: .embeddingModel) == path + "/embedding_model.ckpt")
      expectRefusal(path, "no 'classifier.ckpt' (the weights of classifier)") {
        try folder.checkpointPath(of: .classifier)
      }
      expectRefusal(path, "'label_encoder.ckpt' or 'label_encoder.txt' (the labels)") {
        try folder.labels()
      }
    }
  }

  @Test(arguments: [
    ("use_vq: False", "use_vq: 3", "'use_vq' is not True or False"),
    ("mask_th: 0.25", "mask_th: !ref <n_fft> ** 2", "'mask_th' is computed ('1024 ** 2'"),
    ("mask_th: 0.25", "mask_th: !PLACEHOLDER", "'mask_th' is a placeholder"),
    ("mask_th: 0.25", "mask_th: !include:a.yaml", "'mask_th' has the tag '!include:a.yaml'"),
    ("mask_th: 0.25", "mask_th: !ref <mask_th>", "refers to <mask_th>"),
    ("mask_th: 0.25", "mask_th: !ref <none>", "refers to <none>: no such key"),
    ("mask_th: 0.25", "mask_th: !ref x<mask_th>", "go in a circle"),
    ("mask_th: 0.25", "mask_th: .nan", "'mask_th' is not a number"),
    ("n_fft: 1024", "n_fft: 0", "make no sense"),
    ("n_fft: 1024", "n_fft: 1e300", "'stft.n_fft' is not an integer"),
    ("n_fft: 1024", "n_fft: none", "'stft.n_fft' is not an integer"),
    ("    sample_rate: !ref <sample_rate>\n", "", "no 'stft.sample_rate'"),
    ("    sample_rate: !ref <sample_rate>\n", "    sample_rate: 8000\n", "another sample_rate"),
    ("    psi: !ref <psi>", "    psi: 3", "'modules.psi' names no class"),
    ("    compute_stft: !ref <stft>", "", "no 'modules.compute_stft' (the STFT)"),
    ("dim: 256", "dim: 256\ndim: 128", "'dim' is given twice"),
    ("dim: 256", "dim: [256", "not valid YAML, line"),
    ("dim: 256", "dim: *none", "undefined alias"),
  ])
  func oddSettings(text: String, replacement: String, words: String) throws {
    #expect(Self.interpreter.contains(text))
    let yaml = Self.interpreter.replacing(text, with: replacement)
    try withFolder(["hyperparams.yaml": yaml]) { path in
      expectRefusal(path + "/hyperparams.yaml", words) { try SpeechBrainFolder(path: path) }
    }
  }

  private static let hostile: [(yaml: String, words: String)] = [
    ("", "no YAML mapping"), ("a", "no YAML mapping"), ("- a", "no YAML mapping"),
    ("a: 1\n---\nb: 2", "not valid YAML"),
    ("a: " + String(repeating: "[", count: 100_000), "not valid YAML"),
    (String(repeating: "- ", count: 900) + "a", "mapping"),
    (String(repeating: "? ", count: 900) + "a", "no 'modules.compute_stft'"),
    ("a: " + String(repeating: "[", count: 500) + String(repeating: "]", count: 500), "beyond"),
    (String(repeating: " ", count: 300_000), "far more than such a file needs"),
    (Self.aliasBomb(levels: 10), "YAML aliases"),
    (Self.longAliases, "beyond what"),  // few enough, but of a long list
    (Self.referenceBomb(levels: 30), "references that unfold"),
    ("modules: {psi: &psi [*psi]}", "undefined alias"),
    ("modules: !ref <modules>", "no 'modules.compute_stft'"),
    ("modules: !ref <a>\na: !ref <b[c]>\nb: !ref <modules>", "no 'modules.compute_stft'"),
  ]

  @Test(arguments: hostile)
  func hostileYAML(yaml: String, words: String) throws {
    try withFolder(["hyperparams.yaml": yaml]) { path in
      expectRefusal(path + "/hyperparams.yaml", words) { try SpeechBrainFolder(path: path) }
    }
  }

  @Test func pathsStayInTheFolder() throws {
    let yaml = Self.interpreter.replacing("speechbrain/PIQ-ESC50/encoder-ft", with: "../outside")
    try withFolder(["hyperparams.yaml": yaml, "../outside.ckpt": ""]) { path in
      defer { try? FileManager.default.removeItem(atPath: path + "/../outside.ckpt") }
      expectRefusal(path, "no 'embedding_model.ckpt'") {
        try SpeechBrainFolder(path: path).checkpointPath(of: .embeddingModel)
      }
    }
  }

  @Test func missingFolder() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/none"
      expectRefusal(path + "/hyperparams.yaml", "no such file") {
        try SpeechBrainFolder(path: path)
      }
    }
  }

  @Test(arguments: [
    ("'a' => 0\n'b' => 1\n================\n'starting_index' => 0\n", ["a", "b"]),
    ("'b' => 1\r\n'a' => 0\r\n", ["a", "b"]),
    ("\"it's\" => 0\n'say \"x\"' => 1\n'a => b' => 2", ["it's", "say \"x\"", "a => b"]),
    (#"'t\tn\n\\ \' \x41\u00e9\U0001F600' => 0"#, ["t\tn\n\\ ' Aé\u{1F600}"]),
    ("7 => 0\n-3 => 1\n", ["7", "-3"]),
  ])
  func labels(text: String, labels: [String]) throws {
    try withFolder(["hyperparams.yaml": Self.interpreter, "label_encoder.txt": text]) {
      path throws in
      #expect(try SpeechBrainFolder(path: path).labels() == labels)
    }
  }

  @Test(arguments: [
    ("", "no labels"), ("====\n'a' => 0", "no labels"), ("'a' => 1", "no label for index 0"),
    ("'a' => 0\n'b' => 2", "no label for index 1"), ("'a' => 0\n'b' => 0", "index 0 twice"),
    ("'a' => 0\n'a' => 1", "label 'a' twice"), ("'a' => -1", "line 1"), ("'a => 0", "line 1"),
    ("'a' => 0\na => 1", "line 2"), ("'a' => 9999999999999999999", "line 1"),
    (#"'\q' => 0"#, "line 1"), (#"'\ud800' => 0"#, "line 1"), (#"'\x4' => 0"#, "line 1"),
    (#"'\"#, "line 1"), ("os.system('x') => 0", "line 1"), ("'a' => 9000000000", "for index 0"),
  ])
  func oddLabels(text: String, words: String) throws {
    try withFolder(["hyperparams.yaml": Self.interpreter, "label_encoder.txt": text]) { path in
      expectRefusal(path + "/label_encoder.txt", words) {
        try SpeechBrainFolder(path: path).labels()
      }
    }
  }

  @Test func damageNeverCrashes() throws {
    let whole = Array(Self.interpreter.utf8)
    try withTemporaryFolder { folder in
      let refused = try damageEverywhere(whole) { damaged in
        try rewrite(damaged, to: folder + "/hyperparams.yaml")
        _ = try SpeechBrainFolder(path: folder)
      }
      #expect(refused.prefixes > whole.count / 2)
      #expect(refused.changes > whole.count)
    }
  }

  private static let interpreter = """
    sample_rate: 16000
    n_fft: 1024
    pretrained_path: .
    use_vq: False
    mask_th: 0.25
    K: 1024
    dim: 256
    sizes: {inner: [1, !ref <dim>]}
    stft: !new:speechbrain.processing.features.STFT
        n_fft: !ref <n_fft>
        hop_length: 11.6099
        sample_rate: !ref <sample_rate>
    psi: !new:speechbrain.lobes.models.PIQ.VectorQuantizedPSI_Audio
        dim: !ref <sizes[inner][1]>
        K: !ref <K>
        name: "1024"
        shared_keys: !ref <K> // 64
        use_adapter: yes
    encoder: !new:speechbrain.lobes.models.PIQ.Conv2dEncoder_v2
        dim: !ref <dim>
    classifier: !new:speechbrain.lobes.models.ECAPA_TDNN.Classifier
        input_size: !ref <dim>
    modules:
        compute_stft: !ref <stft>
        embedding_model: !ref <encoder>
        classifier: !ref <classifier>
        psi: !ref <psi>
    pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
        loadables:
            embedding_model: !ref <encoder>
            classifier: !ref <classifier>
            psi_model: !ref <psi>
        paths:
            embedding_model: speechbrain/PIQ-ESC50/encoder-ft.ckpt
            classifier: !ref <pretrained_path>/classifier.ckpt
    """

  private static let longAliases =
    "a: &a [" + String(repeating: "1, ", count: 5000) + "]\nb: ["
    + String(repeating: "*a, ", count: 15) + "]"

  private static func aliasBomb(levels: Int) -> String {
    "a0: &a0 [x]\n"
      + (1...levels).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1), *a\($0 - 1)]\n" }.joined()
  }

  private static func referenceBomb(levels: Int) -> String {
    "modules:\n  compute_stft: !ref <a\(levels)>\na0: 1\n"
      + (1...levels).map { "a\($0): [!ref <a\($0 - 1)>, !ref <a\($0 - 1)>]\n" }.joined()
  }

  private func withFolder(_ files: [String: String], _ body: (String) throws -> Void) throws {
    try withTemporaryFolder { folder in
      for (name, text) in files {
        try AtomicFile.write(text.utf8, to: folder + "/" + name)
      }
      try body(folder)
    }
  }
}
