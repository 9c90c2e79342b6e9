import Foundation
import PIQ
import PIQCheckpoints
import PIQClassifiers
import PIQExplanations
import PIQModels
import PIQPlatform
import PIQTensor
import TestSupport
import Testing

/// `body` must throw a `Failure` on one line that names `path`, contains `words`, and says
/// what to do in words such as `remedy`; either may be left open.
func expectRefusal(
  _ path: String, _ words: String = "", remedy: String = "",
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> some Any
) {
  let error = #expect(throws: Failure.self, sourceLocation: sourceLocation) {
    _ = try body()
  }
  guard let error else { return }
  let description = error.description
  #expect(error.path == path, sourceLocation: sourceLocation)
  #expect(description.hasPrefix(path + ": "), sourceLocation: sourceLocation)
  #expect(description.hasSuffix("; " + (error.remedy ?? "none")), sourceLocation: sourceLocation)
  #expect(!error.problem.isEmpty && error.remedy?.isEmpty == false, sourceLocation: sourceLocation)
  if !words.isEmpty { #expect(description.contains(words), sourceLocation: sourceLocation) }
  if !remedy.isEmpty {
    #expect(error.remedy?.contains(remedy) == true, sourceLocation: sourceLocation)
  }
  #expect(!description.contains("\n"), sourceLocation: sourceLocation)
}

/// Model folders that something is wrong with.
@Suite struct ModelRefusalTests {
  private let folder: TemporaryFolder
  private let path: String
  private var settings: String { path + "/model.json" }
  private var weightsFile: String { path + "/model.safetensors" }

  init() throws {
    folder = try TemporaryFolder()
    path = try SmallModel.partitioned.importModel(into: folder)
  }

  @Test func aModelThatTheControlGroupCannotHold() throws {
    var limits = Memory.limits
    limits.controlGroup = 2e5
    Memory.$assumed.withValue(limits) {
      expectRefusal(weightsFile, "of memory, where", remedy: "free some memory") {
        try Model(path: path)
      }
    }
  }

  /// Writes the weights again as `change` makes them.
  private func rewrite(_ change: (String, Tensor) -> Tensor?) throws {
    let file = try SafetensorsFile(path: weightsFile)
    let weights = try file.names.compactMap { name in
      try change(name, file.floats(name)).map { (name, $0) }
    }
    try Safetensors.write(weights, to: weightsFile)
  }

  private func rewriteSettings(_ text: String, with replacement: String) throws {
    let json = try String(contentsOfFile: settings, encoding: .utf8)
    try #require(json.contains(text))
    try folder.write(json.replacing(text, with: replacement), to: "model/model.json")
  }

  @Test(arguments: [
    "psi.codebook.embedding.weight", "embedding_model.conv1.weight", "classifier.weight",
  ])
  func missingTensor(name: String) throws {
    try rewrite { $0 == name ? nil : $1 }
    expectRefusal(weightsFile, "lacks the tensor \(name)", remedy: "import the model again") {
      try Model(path: path)
    }
  }

  @Test func wrongShape() throws {
    try rewrite { $0 == "psi.down.bias" ? Tensor(shape: [9]) : $1 }
    expectRefusal(
      weightsFile, "psi.down.bias has shape [9] where model.json needs [8]",
      remedy: "import the model again"
    ) { try Model(path: path) }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func notFinite(value: Float) throws {
    try rewrite { name, tensor in
      var tensor = tensor
      if name == "psi.up.weight" { tensor[flat: 100] = value }
      return tensor
    }
    expectRefusal(weightsFile, "psi.up.weight has values that are not finite", remedy: "diverge") {
      try Model(path: path)
    }
  }

  @Test func cutAnywhere() throws {
    let whole = try Data(contentsOf: URL(filePath: weightsFile))
    for length in [0, 4, 8, 200, whole.count / 2, whole.count - 1] {
      try folder.write(whole.prefix(length), to: "model/model.safetensors")
      let error = #expect(throws: Failure.self) { try Model(path: path) }
      #expect(error?.description.hasPrefix(weightsFile + ": ") == true)
      #expect(error?.remedy?.isEmpty == false)
    }
  }

  @Test(arguments: ["model.json", "model.safetensors"])
  func missingFile(name: String) throws {
    try FileManager.default.removeItem(atPath: "\(path)/\(name)")
    expectRefusal("\(path)/\(name)", "no such file") { try Model(path: path) }
  }

  @Test func noFolder() {
    expectRefusal(
      folder("none/model.json"), "no such file",
      remedy: "name the folder of an imported model"
    ) { try Model(path: folder("none")) }
  }

  @Test(arguments: ["", "{", "[]", "nonsense", "{\"name\": \"\u{0}\"}", "\u{FEFF}"])
  func notJSON(text: String) throws {
    try folder.write(text, to: "model/model.json")
    expectRefusal(settings, remedy: "an imported model") { try Model(path: path) }
  }

  @Test func deepJSON() throws {
    try folder.write(String(repeating: "[", count: 1_000_000), to: "model/model.json")
    expectRefusal(settings, "is not JSON", remedy: "an imported model") {
      try Model(path: path)
    }
  }

  @Test(arguments: [
    ("\"K\" : 40", "\"K\" : \"40\"", "psi.K is not of type Int"),
    ("\"K\" : 40,", "", "lacks psi.K"),
    ("\"normalize\" : \"none\"", "\"normalize\" : \"loud\"", "normalize"),
    ("\"use_vq\" : true", "\"use_vq\" : 1", "use_vq is not of type Bool"),
    ("\"use_vq\" : true", "\"use_vq\" : null", "use_vq"),
    ("\"rain\"", "7", "labels"),
    ("\"n_fft\" : 1024", "\"n_fft\" : 1023", "n_fft: is 1023; it must be even"),
    ("\"hop_length\" : 186", "\"hop_length\" : 0", "hop_length: is 0"),
  ])
  func wrongTypes(text: String, replacement: String, words: String) throws {
    try rewriteSettings(text, with: replacement)
    expectRefusal(settings, words, remedy: "name the folder of an imported model") {
      try Model(path: path)
    }
  }

  @Test(arguments: [
    ("\"rain\",", "", "9 labels, classifier out_neurons 10"),
    ("\"n_fft\" : 1024", "\"n_fft\" : 1000", "n_fft 1000 gives 501 bins"),
    ("Conv2dEncoder_v2", "focalnet-base", "focalnet-base cannot be run"),
    ("VectorQuantizedPSI_Audio", "VectorQuantizedPSIViT_Audio", "ViT_Audio cannot be run"),
    ("\"shared_keys\" : 0", "\"shared_keys\" : 41", "41 of them shared"),
    ("\"use_adapter\" : true", "\"use_adapter\" : false", "adapter_reduce_dim needs use_adapter"),
    ("\"logit_scale\" : 1", "\"logit_scale\" : -1", "logit_scale is -1.0"),
    ("\"K\" : 40", "\"K\" : 65537", "psi K is 65537"),
  ])
  func settingsThatDoNotWork(text: String, replacement: String, words: String) throws {
    try rewriteSettings(text, with: replacement)
    expectRefusal(settings, words, remedy: "correct it, or import again") { try Model(path: path) }
  }

  /// What would take terabytes is refused before any memory is.
  @Test(arguments: [
    ["\"dim\" : 8", "\"dim\" : 65536", "\"input_size\" : 8", "\"input_size\" : 65536"],
    [
      "\"lin_neurons\" : 192", "\"lin_neurons\" : 65536", "\"lin_blocks\" : 1",
      "\"lin_blocks\" : 16",
    ],
  ])
  func settingsFarBeyondTheWeights(changes: [String]) throws {
    for i in stride(from: 0, to: changes.count, by: 2) {
      try rewriteSettings(changes[i], with: changes[i + 1])
    }
    expectRefusal(
      weightsFile, "too few for what model.json describes", remedy: "import the model again"
    ) {
      try Model(path: path)
    }
  }

  @Test func anExistingModelIsKept() throws {
    let imported = try SmallModel.shared.read()
    let before = try folder.contents()
    func write(replacing: Bool) throws {
      try Model.write(
        imported.configuration, weights: imported.weights, dtype: .float32, to: path,
        replacing: replacing)
    }
    expectRefusal(settings, "exists already", remedy: "replace the model") {
      try write(replacing: false)
    }
    #expect(try folder.contents() == before)
    try write(replacing: true)
    #expect(try Model(path: path).configuration == imported.configuration)
  }
}
