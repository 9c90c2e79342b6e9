import Foundation
import Testing

/// Models that are refused before any work.
@Suite struct RefusedModelTests {
  /// The header of a safetensors file, its tensors in order, and what follows.
  private struct Weights {
    var header: [String: Any]
    var data: Data

    init(_ file: Data) throws {
      let length = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
      let json = try JSONSerialization.jsonObject(with: file.dropFirst(8).prefix(length))
      header = try #require(json as? [String: Any])
      data = file.dropFirst(8 + length)
    }

    func bytes() throws -> Data {
      let json = try JSONSerialization.data(withJSONObject: header, options: .sortedKeys)
      return Data(littleEndian(UInt64(json.count))) + json + data
    }

    /// A tensor whose shape reads differently backwards.
    func lopsidedTensor() throws -> (name: String, fields: [String: Any], shape: [Int]) {
      let found = header.keys.sorted().lazy.compactMap { name -> (String, [String: Any], [Int])? in
        guard let fields = header[name] as? [String: Any], let shape = fields["shape"] as? [Int],
          shape != shape.reversed()
        else { return nil }
        return (name, fields, shape)
      }.first
      return try #require(found)
    }
  }

  /// A copy of the small model in `model`, its weights changed by `change`.
  private func expectRefusal(
    _ words: String, naming file: String = "model/model.safetensors",
    sourceLocation: SourceLocation = #_sourceLocation, change: (Workspace) throws -> Void
  ) throws {
    let space = try Workspace()
    try FileManager.default.copyItem(
      atPath: SmallModel.path.get(), toPath: space.file("model"))
    try space.writeGoodClip()
    try change(space)
    let before = space.files
    for command in [["interpret", "-o", "out"], ["classify"], ["spectrogram", "-o", "out"]] {
      let outcome = try space.run(command + ["--model", "model", "good.wav"])
      outcome.expectRefusal(naming: file, words, sourceLocation: sourceLocation)
      #expect(outcome.output == "", sourceLocation: sourceLocation)
    }
    #expect(space.files == before, sourceLocation: sourceLocation)
    #expect(!FileManager.default.fileExists(atPath: space.file("out")))
  }

  private static let weights = "model/model.safetensors"

  @Test func missingTensor() throws {
    try expectRefusal("lacks the tensor ") { space in
      var weights = try Weights(Data(space.bytes(Self.weights)))
      let (name, fields, _) = try weights.lopsidedTensor()
      weights.header[name] = nil
      weights.header["something.else"] = fields
      try space.write(Self.weights, weights.bytes())
    }
  }

  @Test func wrongShape() throws {
    try expectRefusal("has shape ") { space in
      var weights = try Weights(Data(space.bytes(Self.weights)))
      var (name, fields, shape) = try weights.lopsidedTensor()
      shape.reverse()
      fields["shape"] = shape
      weights.header[name] = fields
      try space.write(Self.weights, weights.bytes())
    }
  }

  @Test(arguments: [
    (0, "too short for a safetensors header"), (7, "too short for a safetensors header"),
    (100, "is cut short inside its header"), (40_000, "ends beyond the end of the file"),
  ])
  func cutFile(length: Int, words: String) throws {
    try expectRefusal(words) { space in
      try space.write(Self.weights, space.bytes(Self.weights).prefix(length))
    }
  }

  @Test func valuesThatAreNotFinite() throws {
    try expectRefusal("not finite") { space in
      let bytes = try space.bytes(Self.weights)
      try space.write(
        Self.weights, bytes.dropLast(4) + littleEndian(Float.nan.bitPattern))
    }
  }

  @Test func missingFiles() throws {
    try expectRefusal("no such file") { space in
      try FileManager.default.removeItem(atPath: space.file(Self.weights))
    }
    try expectRefusal("no such file", naming: "model/model.json") { space in
      try FileManager.default.removeItem(atPath: space.file("model/model.json"))
    }
  }

  @Test(arguments: [
    ("", "is not JSON"), ("not JSON", "is not JSON"), ("[]", "is no list of settings"),
    ("{}", "lacks name"), (#"{"name": 7}"#, "name is not of type String"),
  ])
  func settingsThatAreNone(text: String, words: String) throws {
    try expectRefusal(words, naming: "model/model.json") { space in
      try space.write("model/model.json", text.utf8)
    }
  }

  @Test(arguments: [
    ("os-system.ckpt", "wants to call 'os.system': refused, no code from a file is ever run"),
    ("zip-bomb.ckpt", "a zip bomb"), ("legacy.ckpt", "before version 1.6"),
    ("nested.ckpt", "holds a dictionary"),
  ])
  func hostileCheckpoint(file: String, words: String) throws {
    let space = try Workspace()
    try FileManager.default.copyItem(
      atPath: Program.fixture("small-speechbrain"), toPath: space.file("source"))
    let checkpoint = try Data(contentsOf: URL(filePath: Program.fixture("checkpoints/\(file)")))
    try space.write("source/psi_model.ckpt", checkpoint)
    let outcome = try space.run(["model", "import", "source", "-o", "imported"])
    outcome.expectRefusal(naming: "source/psi_model.ckpt", words)
    // What the pickle would have said, had it been run.
    #expect(!(outcome.output + outcome.errors).contains("this must never run"))
    #expect(outcome.output == "")
    #expect(!FileManager.default.fileExists(atPath: space.file("imported")))
  }
}
