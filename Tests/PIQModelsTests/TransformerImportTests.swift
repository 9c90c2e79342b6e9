import Foundation
import PIQ
import PIQCheckpoints
import PIQClassifiers
import PIQExplanations
import PIQModels
import PIQNeuralNetwork
import PIQPlatform
import PIQTensor
import TestSupport
import Testing

/// Folders of FocalNet and ViT as people have them.
@Suite struct TransformerImportTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path }

  init() throws { folder = try TemporaryFolder() }

  private func copy(_ family: String, _ names: [String: String]) throws {
    for (name, new) in names {
      let target = URL(filePath: folder(new))
      try FileManager.default.createDirectory(
        at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        atPath: Fixtures.path("transformers/\(family)/\(name)"), toPath: target.path)
    }
  }

  private func read(
    _ set: (inout SpeechBrainImport.Options) -> Void = { _ in }
  ) throws -> SpeechBrainImport {
    var options = SpeechBrainImport.Options()
    set(&options)
    return try SpeechBrainImport(path: path, name: "x", options)
  }

  private func labels(_ count: Int = 6) throws -> String {
    try folder.write((0..<count).map { "class \($0)\n" }.joined(), to: "names.txt")
    return folder("names.txt")
  }

  // MARK: Recipes

  /// As the recipe leaves it, with the encoder beside or in a checkpoint.
  @Test(arguments: ["focalnet", "vit"], [false, true])
  func aRecipesFolder(family: String, inCheckpoint: Bool) throws {
    let place = inCheckpoint ? "save/CKPT+2024-05-02+10-00-00+00/" : ""
    try copy(
      family,
      [
        "hyperparams.yaml": "hyperparams.yaml", "config.json": place + "config.json",
        "label_encoder.txt": (inCheckpoint ? "save/" : "") + "label_encoder.txt",
        "embedding_model.ckpt": place + "embedding_model.ckpt",
        "classifier.ckpt": place + "classifier.ckpt", "psi_model.ckpt": place + "psi_model.ckpt",
      ])
    if inCheckpoint {
      // An older one, which is not taken.
      try folder.write("", to: "save/CKPT+2024-05-01+23-00-00+00/psi_model.ckpt")
    }
    let imported = try read()
    #expect(imported.configuration.labels.count == 6 && imported.remarks.isEmpty)
    #expect(imported.configuration.psi?.keyCount == 48)
    let bytes = try Data(
      contentsOf: URL(filePath: Fixtures.path("transformers/\(family)/config.json")))
    let encoder: EncoderConfiguration =
      family == "vit"
      ? .init(try JSONDecoder().decode(ViTEncoder.Settings.self, from: bytes))
      : .init(try JSONDecoder().decode(FocalNetEncoder.Settings.self, from: bytes))
    #expect(imported.configuration.embeddingModel == encoder)
    // Written and loaded, it is the same model.
    try Model.write(
      imported.configuration, weights: imported.weights, dtype: .float32, to: folder("model"))
    let model = try Model(path: folder("model"))
    #expect(model.configuration == imported.configuration)
    #expect(model.weights?.parameterCount == imported.parameterCount)
    #expect(
      try ModelDescription(path: folder("model")).weights?.parameterCount == imported.parameterCount
    )
  }

  private static let recipe = [
    "hyperparams.yaml", "label_encoder.txt", "config.json", "embedding_model.ckpt",
    "classifier.ckpt", "psi_model.ckpt",
  ]

  private func copy(_ family: String, _ names: [String]) throws {
    try copy(family, Dictionary(uniqueKeysWithValues: names.map { ($0, $0) }))
  }

  /// Every file that a model can't do without is named.
  @Test(arguments: [
    "label_encoder.txt", "embedding_model.ckpt", "classifier.ckpt", "psi_model.ckpt",
  ])
  func aMissingFile(name: String) throws {
    try copy("vit", Self.recipe.filter { $0 != name })
    expectRefusal(path, name) { try read() }
  }

  @Test(arguments: ["embedding_model.ckpt", "classifier.ckpt"])
  func aMissingFileOfTheHub(name: String) throws {
    try copy("vit", ["embedding_model.ckpt", "classifier.ckpt"].filter { $0 != name })
    let names = try labels()
    // Nothing but the encoder tells such a folder from an empty one.
    let isEncoder = name == "embedding_model.ckpt"
    expectRefusal(
      isEncoder ? folder("hyperparams.yaml") : path, isEncoder ? "no such file" : name
    ) { try read { $0.labels = names } }
  }

  /// What describes an interpreter is missing, so that a classifier is imported, with a word.
  @Test func anInterpreterThatNothingDescribes() throws {
    try copy("vit", Self.recipe.filter { $0 != "hyperparams.yaml" })
    let imported = try read()
    #expect(imported.configuration.psi == nil)
    #expect(imported.remarks.count == 1)
    #expect(imported.remarks.first?.contains("psi_model.ckpt was left out") == true)
  }

  /// A file of another model is named.
  @Test(arguments: [
    ("focalnet", "embedding_model.ckpt", "lacks the tensor embeddings.cls_token"),
    ("vit-variant", "classifier.ckpt", "blocks.0.norm.weight has shape [40]"),
    ("vit-variant", "psi_model.ckpt", "codebook.embedding.weight has shape [43, 40]"),
  ])
  func aFileOfAnotherModel(family: String, name: String, words: String) throws {
    try copy("vit", Self.recipe.filter { $0 != name })
    try copy(family, [name])
    expectRefusal(folder(name), words) { try read() }
  }

  /// Settings that are none, or that nothing can be made of.
  @Test(arguments: [
    (
      #"{"model_type": "vit", "num_attention_heads": "four"}"#, "num_attention_heads is not of type"
    ),
    (#"{"model_type": "vit", "num_attention_heads": 7}"#, "no multiple of num_attention_heads 7"),
    (#"{"model_type": "vit", "hidden_act": "relu"}"#, "hidden_act relu is not built"),
    (#"{"model_type": "vit", "layer_norm_eps": -1}"#, "layer_norm_eps is -1"),
    ("{", "is no JSON object"),
  ])
  func settingsThatDoNotWork(settings: String, words: String) throws {
    try copy("vit", Self.recipe)
    try folder.write(settings, to: "config.json")
    expectRefusal(folder("config.json"), words) { try read() }
  }

  @Test func aCheckpointThatStayedElsewhere() throws {
    try copy(
      "vit",
      ["hyperparams.yaml": "hyperparams.yaml", "psi_model.ckpt": "psi_model.ckpt"])
    let error = #expect(throws: Failure.self) { try read() }
    #expect(error?.problem.contains("has no 'embedding_model.ckpt'") == true)
    #expect(error?.problem.contains("upstream takes it from embedding_model.ckpt") == true)
  }

  // MARK: Classifiers of the hub

  @Test(arguments: [
    ("focalnet", "embedding_model.ckpt"), ("vit", "embedding_model.ckpt"),
    ("vit", "embedding_model-transformers5.ckpt"),
  ])
  func aClassifierAlone(family: String, encoder: String) throws {
    try copy(
      family, [encoder: "embedding_model.ckpt", "classifier.ckpt": "classifier.ckpt"])
    let error = #expect(throws: Failure.self) { try read() }
    #expect(error?.code == .labelsNotFound)
    #expect(error?.problem == "has no label_encoder.txt (the names of 6 classes)")
    let names = try labels()
    let imported = try read { ($0.labels, $0.heads, $0.antialias) = (names, 4, false) }
    #expect(imported.configuration.psi == nil)
    #expect(imported.configuration.labels.first == "class 0")
    switch try imported.configuration.embeddingModel?.known() {
    case let settings as ViTEncoder.Settings:
      #expect(settings.headCount == 4 && settings.layerCount == 3 && !settings.antialias)
      #expect(settings.intermediateSize == 96 && settings.imageSize == 224)
    case let settings as FocalNetEncoder.Settings:
      #expect(
        settings.depths == [1, 1, 2, 1] && settings.embeddingSize == 6 && !settings.antialias)
      #expect(settings.focalLevels == [2, 2, 2, 2] && settings.focalWindows == [3, 3, 3, 3])
    default: Issue.record("another encoder")
    }
  }

  /// `speechbrain/vit-base-esc50` and `focalnet-base-esc50`: names and sizes as there, random values.
  @Test(arguments: ["vit", "focalnet"]) func classifiersOfTheHub(family: String) throws {
    let file = try Data(contentsOf: URL(filePath: Fixtures.path("transformers/hub-shapes.json")))
    let models = try JSONDecoder().decode([String: [String: [String: [Int]]]].self, from: file)
    let shapes = try #require(models["\(family)-base-esc50"])
    for (part, shapes) in shapes { try writeRandom(shapes, to: part + ".safetensors") }
    let names = try labels(50)
    let imported = try read { $0.labels = names }
    #expect(imported.configuration.labels.count == 50 && imported.configuration.psi == nil)
    let settings = try imported.configuration.embeddingModel?.known()
    if family == "vit" {
      #expect(
        settings as? ViTEncoder.Settings == ViTEncoder.Settings.published("vit-base-patch16-224"))
    } else {
      #expect(
        settings as? FocalNetEncoder.Settings == FocalNetEncoder.Settings.published("focalnet-base")
      )
    }
    // All but the pooler, the norm behind the last stage, and counters.
    let unused = ["pooler", "focalnet.layernorm", "num_batches_tracked"]
    let used = shapes.values.joined().filter { name, _ in !unused.contains { name.contains($0) } }
    #expect(imported.weights.count == used.count)
    #expect(
      imported.parameterCount == used.reduce(0) { $0 + $1.value.reduce(1, *) })
  }

  /// A file in half precision of tensors of these shapes, with values from 0 to 2.
  private func writeRandom(_ shapes: [String: [Int]], to name: String) throws {
    var (header, end): ([String: Any], Int) = ([:], 0)
    for (name, shape) in shapes {
      let next = end + 2 * shape.reduce(1, *)
      header[name] = ["dtype": "F16", "shape": shape, "data_offsets": [end, next]]
      end = next
    }
    let json = try JSONSerialization.data(withJSONObject: header)
    var file = Data((0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) }) + json
    var generator = SystemRandomNumberGenerator()
    let block = (0..<1 << 19).flatMap { _ in
      let bits = UInt16.random(in: 0...UInt16.max, using: &generator) & 0x3BFF
      return [UInt8(truncatingIfNeeded: bits), UInt8(bits >> 8)]
    }
    while end > 0 {
      file.append(contentsOf: block.prefix(end))
      end -= min(end, block.count)
    }
    try folder.write(file, to: name)
  }

  @Test func labelsOfAnotherNumber() throws {
    try copy(
      "vit", ["embedding_model.ckpt": "embedding_model.ckpt", "classifier.ckpt": "classifier.ckpt"])
    let names = try labels(5)
    let error = #expect(throws: Failure.self) { try read { $0.labels = names } }
    #expect(error?.path == names)
    #expect(error?.problem == "has 5 labels, where the classifier has 6 outputs")
  }

  /// Labels of config.json are taken if somebody gave them.
  @Test(arguments: [
    ((0..<6).map { "name \($0)" }, true), ((0..<6).map { "LABEL_\($0)" }, false),
    ((0..<7).map { "name \($0)" }, false),
  ])
  func labelsOfTheConfiguration(names: [String], areTaken: Bool) throws {
    try copy(
      "vit", ["embedding_model.ckpt": "embedding_model.ckpt", "classifier.ckpt": "classifier.ckpt"])
    let table = Dictionary(uniqueKeysWithValues: names.enumerated().map { ("\($0)", $1) })
    try folder.write(
      JSONSerialization.data(withJSONObject: [
        "model_type": "vit", "num_attention_heads": 3, "id2label": table,
      ]), to: "config.json")
    if areTaken {
      #expect(try read().configuration.labels == names)
      // SpeechBrain's own come first.
      try folder.write((0..<6).map { "'own \($0)' => \($0)\n" }.joined(), to: "label_encoder.txt")
      #expect(try read().configuration.labels.first == "own 0")
    } else {
      #expect(throws: Failure.self) { try read() }
      let path = try labels()
      #expect(try read { $0.labels = path }.configuration.labels.first == "class 0")
    }
  }

  /// Tensors first, then config.json, then the name on the hub, then what the user says.
  @Test func orderOfTrust() throws {
    try copy(
      "vit",
      [
        "embedding_model.ckpt": "embedding_model.ckpt", "classifier.ckpt": "classifier.ckpt",
        "label_encoder.txt": "label_encoder.txt",
      ])
    func heads(_ option: Int? = nil) throws -> Int? {
      let imported = try read { $0.heads = option }
      return (try imported.configuration.embeddingModel?.known() as? ViTEncoder.Settings)?.headCount
    }
    #expect(try heads() == 1)
    #expect(try heads(6) == 6)
    // The hub's twelve.
    try copy(
      "vit", ["hyperparams.yaml": "hyperparams.yaml", "psi_model.ckpt": "psi_model.ckpt"])
    #expect(try heads(6) == 12)
    let wrong: [String: Any] = [
      "model_type": "vit", "num_attention_heads": 8, "hidden_size": 768, "num_hidden_layers": 40,
    ]
    try folder.write(JSONSerialization.data(withJSONObject: wrong), to: "config.json")
    #expect(try heads(6) == 8)
    let settings = try read().configuration.embeddingModel?.known() as? ViTEncoder.Settings
    #expect(settings?.hiddenSize == 48 && settings?.layerCount == 3)
    // One of another family is left out, with a word.
    try folder.write(#"{"model_type": "bert"}"#, to: "config.json")
    #expect(try heads(6) == 12)
    #expect(try read().remarks.count == 1)
    try folder.write("[]", to: "config.json")
    #expect(throws: Failure.self) { try read() }
  }

  // MARK: Files of other kinds

  /// Checkpoints in safetensors, in a wrapper's names.
  @Test func safetensorsOfAWrapper() throws {
    try copy("vit", ["label_encoder.txt": "label_encoder.txt"])
    for part in ["embedding_model", "classifier"] {
      let tensors = try Checkpoint.tensors(path: Fixtures.path("transformers/vit/\(part).ckpt"))
      try Safetensors.write(
        tensors.map { ("module." + $0.key, $0.value) }, dtype: .float32,
        to: folder(part + ".safetensors"))
    }
    try folder.write(#"{"model_type": "vit", "num_attention_heads": 4}"#, to: "config.json")
    let imported = try read()
    try copy(
      "vit", ["embedding_model.ckpt": "embedding_model.ckpt", "classifier.ckpt": "classifier.ckpt"])
    let original = try read()
    #expect(imported.configuration == original.configuration)
    #expect(imported.weights.map(\.name) == original.weights.map(\.name))
    #expect(zip(imported.weights, original.weights).allSatisfy { $0.tensor == $1.tensor })
  }

  /// PIQ-ESC50 as it is downloaded: its labels are in another repository.
  @Test func labelsOfAnotherRepository() throws {
    for name in ["embedding_model.ckpt", "classifier.ckpt", "psi_model.ckpt"] {
      try FileManager.default.copyItem(
        atPath: Fixtures.path("small-speechbrain/\(name)"), toPath: folder(name))
    }
    let yaml = try String(
      contentsOfFile: Fixtures.path("small-speechbrain/hyperparams.yaml"), encoding: .utf8)
    let own = yaml.split(separator: "\n").first { $0.contains("label_encoder.txt") }
    let line = try #require(own)
    let indent = line.prefix { $0 == " " }
    let moved = yaml.replacing(
      line, with: indent + "label_encoder: speechbrain/cnn14-esc50/label_encoder.txt")
    try folder.write(moved, to: "hyperparams.yaml")
    let error = #expect(throws: Failure.self) { try read() }
    #expect(
      error?.problem.contains(
        "(the labels; upstream takes it from speechbrain/cnn14-esc50/label_encoder.txt)") == true,
      "\(String(describing: error))")
    let names = try labels(10)
    #expect(try read { $0.labels = names }.configuration.labels.count == 10)
  }

  // MARK: Sizes

  /// Random weights of a network of these settings, and a head.
  private func write(_ settings: some EncoderSettings, classes: Int = 3) throws {
    let encoder = settings.makeEncoder(using: Initializer(seed: 1))
    let head = CosineClassifier(
      inputSize: settings.channels, blockCount: 1, blockSize: 192, classCount: classes,
      using: Initializer(seed: 2))
    for (part, state) in [("embedding_model", encoder.state), ("classifier", head.state)] {
      try Safetensors.write(
        state.map { ($0.name, $0.parameter.value) }, dtype: .float32,
        to: folder(part + ".safetensors"))
    }
  }

  /// Three focal levels, a window of five, layer scale; stages of other depths.
  @Test func sizesOfAFocalNetAreInItsTensors() throws {
    var settings = FocalNetEncoder.Settings()
    (settings.embeddingSize, settings.depths) = (4, [1, 2, 1, 3])
    (settings.focalLevels, settings.focalWindows) = ([3, 2, 3, 2], [5, 3, 3, 5])
    (settings.usesLayerScale, settings.mlpRatio) = (true, 2)
    try write(settings)
    let names = try labels(3)
    let found = try read { $0.labels = names }.configuration.embeddingModel?.known()
    #expect(found as? FocalNetEncoder.Settings == settings)
  }

  /// Patches of 32 and images of 384 pixels classify; an interpreter does not fit them.
  @Test(arguments: [(32, 384), (16, 384)]) func otherImages(patch: Int, size: Int) throws {
    var settings = ViTEncoder.Settings()
    (settings.patchSize, settings.imageSize) = (patch, size)
    (settings.hiddenSize, settings.layerCount, settings.headCount) = (128, 1, 2)
    settings.intermediateSize = 16
    try write(settings)
    let names = try labels(3)
    var configuration = try read { $0.labels = names }.configuration
    #expect(try configuration.embeddingModel?.known() as? ViTEncoder.Settings == settings)
    configuration.psi = .init(
      className: "VectorQuantizedPSIViT_Audio", dim: 128, keyCount: 16, classCount: 3)
    #expect(throws: PIQError.self) { try configuration.validate() }
  }

  @Test func publishedSizes() throws {
    let base = try #require(ViTEncoder.Settings.published("vit-base-patch16-224-in21k"))
    #expect(base == ViTEncoder.Settings())
    let large = try #require(ViTEncoder.Settings.published("vit-large-patch32-384"))
    #expect(large.layerCount == 24 && large.patchSize == 32 && large.imageSize == 384)
    #expect(ViTEncoder.Settings.published("vit-mae-base") == nil)
    let focal = try #require(FocalNetEncoder.Settings.published("focalnet-base-lrf"))
    #expect(focal.depths == [2, 2, 18, 2] && focal.embeddingSize == 128)
    #expect(focal.focalLevels == [3, 3, 3, 3] && focal.channels == 1024)
    #expect(FocalNetEncoder.Settings.published("focalnet-tiny") == FocalNetEncoder.Settings())
    #expect(FocalNetEncoder.Settings.published("focalnet-imaginary") == nil)
    // Refused by name.
    let wide = try #require(FocalNetEncoder.Settings.published("focalnet-large-lrf-fl3"))
    let error = #expect(throws: PIQError.self) { try wide.validate(bins: 513) }
    #expect(error?.description.contains("use_conv_embed") == true)
  }

  /// A folder without settings whose encoder is none of these.
  @Test func anUnknownEncoder() throws {
    for name in ["embedding_model.ckpt", "classifier.ckpt"] {
      try FileManager.default.copyItem(
        atPath: Fixtures.path("small-speechbrain/\(name)"), toPath: folder(name))
    }
    let error = #expect(throws: Failure.self) { try read() }
    #expect(error?.problem.contains("has no hyperparams.yaml, and embedding_model.ckpt") == true)
  }
}
