import PIQPlatform

/// Weights that an ONNX file keeps in files beside it (onnx.proto, TensorProto.external_data).
struct ONNXData {
  /// The ONNX file's path.
  let path: String

  private typealias Malformed = ProtobufReader.Malformed

  /// The messages in which tensors can be.
  private enum Kind {
    case model, training, graph, function, node, attribute, sparse, tensor

    /// The kind of the message in the field of this number.
    func child(_ number: Int) -> Kind? {
      switch (self, number) {
      case (.model, 7), (.training, 1), (.training, 2), (.attribute, 6), (.attribute, 11): .graph
      case (.model, 20): .training
      case (.model, 25): .function
      case (.graph, 1), (.function, 7): .node
      case (.node, 5): .attribute
      case (.graph, 15), (.attribute, 22), (.attribute, 23): .sparse
      case (.graph, 5), (.attribute, 5), (.attribute, 10), (.sparse, 1), (.sparse, 2): .tensor
      default: nil
      }
    }
  }

  /// Graphs within graphs beyond this depth are refused.
  private static let mostDepth = 100

  /// The file with all data inside; nil where they are already.
  ///
  /// - Throws: `Failure` when it is malformed, or names a file that is missing, too short or outside its
  ///   folder.
  func inlined(_ contents: FileContents) throws(Failure) -> [UInt8]? {
    try contents.withBytes { bytes throws(Failure) in
      try inlined(.model, bytes, 0..<bytes.count, depth: 0)
    }
  }

  private func inlined(
    _ kind: Kind, _ bytes: UnsafeRawBufferPointer, _ part: Range<Int>, depth: Int
  ) throws(Failure) -> [UInt8]? {
    guard depth < Self.mostDepth else { throw ONNXFile.malformed(path) }
    if kind == .tensor { return try inlinedTensor(bytes, part) }
    var (result, copied) = ([UInt8](), part.lowerBound)
    var message = ProtobufReader(bytes, part)
    while let field = try next(&message) {
      guard let child = kind.child(field.number), case .bytes(let inner) = field.value,
        let new = try inlined(child, bytes, inner, depth: depth + 1)
      else { continue }
      result += bytes[copied..<field.place.lowerBound]
      result += ProtobufWriter.head(field.number, count: new.count)
      result += new
      copied = field.place.upperBound
      guard result.count <= ONNXFile.mostBytes else {
        throw Failure(
          .fileMalformed, path: path, problem: "has more than 2 GiB of weights",
          remedy: "export it with its weights in half precision")
      }
    }
    if copied == part.lowerBound { return nil }
    return result + bytes[copied..<part.upperBound]
  }

  private func next(
    _ message: inout ProtobufReader
  ) throws(Failure) -> ProtobufReader.Field? {
    do throws(Malformed) { return try message.next() } catch { throw ONNXFile.malformed(path) }
  }

  /// A tensor with its data in `raw_data` (9); nil where they are in it.
  private func inlinedTensor(
    _ bytes: UnsafeRawBufferPointer, _ part: Range<Int>
  ) throws(Failure) -> [UInt8]? {
    var (rest, place, isOutside) = ([UInt8](), [String: String](), false)
    var message = ProtobufReader(bytes, part)
    while let field = try next(&message) {
      switch (field.number, field.value) {
      case (13, .bytes(let entry)):  // external_data
        let (key, value) = try pair(bytes, entry)
        place[key] = value
      case (14, .integer(let location)): isOutside = location == 1
      default: rest += bytes[field.place]
      }
    }
    guard isOutside || !place.isEmpty else { return nil }
    guard isOutside, let name = place["location"] else { throw ONNXFile.malformed(path) }
    let data = try read(name, offset: place["offset"], length: place["length"])
    return data.withBytes { rest + ProtobufWriter.field(9, $0) }
  }

  /// Reads a part of a file beside the ONNX file.
  private func read(
    _ name: String, offset: String?, length: String?
  ) throws(Failure) -> FileContents {
    let folder = Folder.parent(of: path)
    let own = Folder.realPath(folder.isEmpty ? "." : folder) ?? folder
    let file = Folder.join(folder, name)
    guard !name.isEmpty, !name.hasPrefix("/"), !name.split(separator: "/").contains(".."),
      Folder.realPath(file)?.hasPrefix(own == "/" ? own : own + "/") ?? true
    else {
      throw Failure(
        .fileMalformed, path: path,
        problem: "keeps weights in \(printable(name)), outside its own folder",
        remedy: "use a file that keeps them inside, or beside it")
    }
    guard let start = Int(offset ?? "0"), let count = Int(length ?? "\(ONNXFile.mostBytes)"),
      start >= 0, count >= 0
    else { throw ONNXFile.malformed(path) }
    let data = try FileContents(path: file, from: start, beginning: count)
    guard start <= data.fileCount, length == nil || data.count == count,
      data.count <= ONNXFile.mostBytes
    else {
      throw Failure(
        .fileMalformed, path: file, problem: "is shorter than \(printable(path)) says",
        remedy: "check how it was made or copied")
    }
    return data
  }

  private func pair(
    _ bytes: UnsafeRawBufferPointer, _ part: Range<Int>
  ) throws(Failure) -> (key: String, value: String) {
    var (key, value) = ("", "")
    var message = ProtobufReader(bytes, part)
    while let field = try next(&message) {
      guard case .bytes(let text) = field.value else { continue }
      if field.number == 1 { key = String(decoding: bytes[text], as: UTF8.self) }
      if field.number == 2 { value = String(pathBytes: bytes[text]) }
    }
    return (key, value)
  }
}
