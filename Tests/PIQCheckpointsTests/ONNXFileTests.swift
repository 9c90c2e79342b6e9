import Foundation
import PIQCheckpoints
import PIQPlatform
import TestSupport
import Testing

/// Networks in ONNX files, as far as they are read without an engine.
@Suite struct ONNXFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func file(_ name: String) throws -> ONNXFile {
    try ONNXFile(path: Fixtures.path("networks/\(name).onnx"))
  }

  private func refusal(_ body: () throws -> Void) -> Failure? {
    #expect(throws: Failure.self) { try body() }
  }

  @Test func names() throws {
    let file = try file("waveform-softmax")
    #expect(file.inputs.count == 1 && file.outputs == ["scores"])
    #expect(file.tensors.contains("embedding") && file.tensors.contains("map"))
    #expect(file.tensors.last == "scores")
  }

  /// Outputs are added behind the end of the same bytes.
  @Test func innerTensorsBecomeOutputs() throws {
    let network = try file("waveform-softmax")
    let own = try Data(contentsOf: URL(filePath: network.path))
    try network.withBytes { bytes throws(Failure) in #expect(bytes.elementsEqual(own)) }
    let more = try network.withBytes(exposing: ["map", "embedding"]) { bytes throws(Failure) in
      Data(bytes)
    }
    #expect(more.starts(with: own))
    try folder.write(more, to: "more.onnx")
    #expect(
      try ONNXFile(path: folder("more.onnx")).outputs == ["scores", "map", "embedding"])
    let error = refusal {
      try network.withBytes(exposing: ["nothing"]) { _ throws(Failure) in }
    }
    #expect(error?.problem == "has no tensor \"nothing\"")
  }

  /// Weights in a file beside it are put into their places.
  @Test func weightsBesideTheFile() throws {
    let inside = try file("external").withBytes { bytes throws(Failure) in Data(bytes) }
    try folder.write(inside, to: "inside.onnx")
    let again = try ONNXFile(path: folder("inside.onnx"))
    #expect(again.tensors == (try file("waveform-softmax").tensors))
    // No file is named any longer.
    try again.withBytes { bytes throws(Failure) in #expect(bytes.elementsEqual(inside)) }
    #expect(inside.count > 30_000)
    // All weights of the file that has them inside, in the same precision.
    let own = try Data(contentsOf: URL(filePath: Fixtures.path("networks/external.bin")))
    #expect(inside.range(of: own.prefix(2048)) != nil)
  }

  @Test(arguments: ["hostile-absolute", "hostile-parent", "subgraph-external"])
  func weightsElsewhere(name: String) throws {
    let network = try file(name)
    let error = refusal { try network.withBytes { _ throws(Failure) in } }
    #expect(error?.problem.contains("outside its own folder") == true, "\(name)")
  }

  @Test func aLinkThatLeadsOut() throws {
    let files = FileManager.default
    try files.copyItem(
      atPath: Fixtures.path("networks/external.onnx"), toPath: folder("external.onnx"))
    try files.createSymbolicLink(
      atPath: folder("external.bin"), withDestinationPath: "/etc/passwd")
    let network = try ONNXFile(path: folder("external.onnx"))
    let error = refusal { try network.withBytes { _ throws(Failure) in } }
    #expect(error?.problem.contains("outside its own folder") == true)
    try files.removeItem(atPath: folder("external.bin"))
    #expect(refusal { try network.withBytes { _ throws(Failure) in } }?.code == .fileNotFound)
    try folder.write(Data(count: 100), to: "external.bin")
    let short = refusal { try network.withBytes { _ throws(Failure) in } }
    #expect(short?.problem.contains("is shorter than") == true)
  }

  @Test func damage() throws {
    #expect(throws: Failure.self) { try file("cut") }
    let bytes = try Data(
      contentsOf: URL(filePath: Fixtures.path("networks/waveform-softmax.onnx")))
    for length in [0, 1, 7, 100, bytes.count - 1] {
      try folder.write(bytes.prefix(length), to: "cut.onnx")
      let error = refusal { _ = try ONNXFile(path: folder("cut.onnx")) }
      #expect(error?.problem == "is no whole ONNX file")
    }
    // Bytes that are changed are read or refused.
    var random = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      var changed = bytes
      for _ in 0..<4 {
        changed[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255)
      }
      try folder.write(changed, to: "changed.onnx")
      let network = try? ONNXFile(path: folder("changed.onnx"))
      _ = try? network?.withBytes { bytes throws(Failure) in bytes.count }
    }
  }
}
