package import PIQPlatform

/// A network in an ONNX file, as far as its names go: what it computes is left to an engine
/// (https://onnx.ai/onnx/repo-docs/IR.html, onnx.proto).
package struct ONNXFile: Sendable {
  /// The file's path.
  package let path: String
  /// The names of its inputs, without those that have values in the file.
  package private(set) var inputs: [String] = []
  /// The names of its outputs.
  package private(set) var outputs: [String] = []
  /// The names of all tensors that depend on its inputs, in order.
  package private(set) var tensors: [String] = []

  let contents: FileContents
  /// The names of tensors that are the same for all inputs.
  private var constants: Set<String> = []
  private var nodes: [(inputs: [String], outputs: [String])] = []

  /// The most bytes that a protobuf message has.
  static let mostBytes = Int(Int32.max)

  /// Reads the file at `path`.
  ///
  /// - Throws: `Failure` when it is no ONNX file, or has more than 2 GiB.
  package init(path: String) throws(Failure) {
    self.path = path
    contents = try FileContents(
      path: path, atMost: Self.mostBytes, problem: "has more than 2 GiB, the most of an ONNX file",
      remedy: "export it with its weights in half precision")
    do throws(ProtobufReader.Malformed) {
      try contents.withBytes { bytes throws(ProtobufReader.Malformed) in
        try readModel(bytes)
      }
    } catch {
      throw Self.malformed(path)
    }
    inputs.removeAll(where: constants.contains)
    findTensors()
    guard !inputs.isEmpty, !outputs.isEmpty else { throw Self.malformed(path) }
  }

  static func malformed(_ path: String) -> Failure {
    Failure(
      .fileMalformed, path: path, problem: "is no whole ONNX file",
      remedy: "check how it was made or copied")
  }

  private mutating func readModel(
    _ bytes: UnsafeRawBufferPointer
  ) throws(ProtobufReader.Malformed) {
    var model = ProtobufReader(bytes, 0..<bytes.count)
    while let field = try model.next() {
      // ModelProto.graph
      if field.number == 7, case .bytes(let graph) = field.value { try readGraph(bytes, graph) }
    }
  }

  /// Nodes come in the order of computation.
  private mutating func findTensors() {
    for node in nodes {
      let outputs = node.outputs.filter { !$0.isEmpty }
      if node.inputs.allSatisfy({ $0.isEmpty || constants.contains($0) }) {
        constants.formUnion(outputs)
      } else {
        tensors += outputs
      }
    }
    nodes = []
  }

  private mutating func readGraph(
    _ bytes: UnsafeRawBufferPointer, _ part: Range<Int>
  ) throws(ProtobufReader.Malformed) {
    var graph = ProtobufReader(bytes, part)
    while let field = try graph.next() {
      guard case .bytes(let part) = field.value else { continue }
      switch field.number {
      case 1:  // node
        let node = try Self.texts(bytes, part, [1, 2])
        nodes.append((node[1] ?? [], node[2] ?? []))
      case 5: constants.formUnion(try Self.texts(bytes, part, [8])[8] ?? [])
      case 11: inputs += try Self.texts(bytes, part, [1])[1] ?? []
      case 12: outputs += try Self.texts(bytes, part, [1])[1] ?? []
      default: break
      }
    }
  }

  /// The texts in the fields of these numbers of a message.
  private static func texts(
    _ bytes: UnsafeRawBufferPointer, _ part: Range<Int>, _ numbers: Set<Int>
  ) throws(ProtobufReader.Malformed) -> [Int: [String]] {
    var result: [Int: [String]] = [:]
    var message = ProtobufReader(bytes, part)
    while let field = try message.next() {
      guard numbers.contains(field.number), case .bytes(let part) = field.value else { continue }
      result[field.number, default: []].append(String(decoding: bytes[part], as: UTF8.self))
    }
    return result
  }

  /// Calls `body` with the file as one message: with data from files beside it in their places, and
  /// with more of its tensors among the outputs.
  ///
  /// - Parameter names: of tensors that become outputs, behind its own.
  /// - Throws: `Failure` when it has no such tensor, or names a file outside its folder.
  package func withBytes<Result>(
    exposing names: [String] = [], _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    for name in names where !tensors.contains(name) {
      throw Failure(
        .networkUnusable, path: path, problem: "has no tensor \(name.debugDescription)",
        remedy: "name one of those that the network computes")
    }
    // Messages of one field are merged where it comes twice: this is the graph's (7) field output (12).
    let more = ProtobufWriter.field(
      7, names.flatMap { ProtobufWriter.field(12, ProtobufWriter.field(1, Array($0.utf8))) })
    let whole = try ONNXData(path: path).inlined(contents)
    if names.isEmpty {
      guard let whole else { return try contents.withBytes(body) }
      return try whole.withUnsafeBytes(body)
    }
    let bytes = (whole ?? contents.withBytes { Array($0) }) + more
    return try bytes.withUnsafeBytes(body)
  }
}

extension [UInt8] {
  fileprivate func withUnsafeBytes<Result>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try self.withUnsafeBufferPointer { bytes -> Swift.Result<Result, Failure> in
      do throws(Failure) { return .success(try body(UnsafeRawBufferPointer(bytes))) } catch {
        return .failure(error)
      }
    }.get()
  }
}
