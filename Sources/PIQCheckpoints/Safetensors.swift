import PIQPlatform
public import PIQTensor

/// Writing of safetensors files.
public enum Safetensors {
  /// Writes `tensors` to a safetensors file that appears at `path` when all is written.
  ///
  /// The output is deterministic: tensors are stored in the order of their names, metadata in the
  /// order of their keys. The data start at a multiple of 8 bytes.
  ///
  /// - Parameters:
  ///   - tensors: the tensors under their names, each name once.
  ///   - metadata: free-form text for the header.
  ///   - dtype: `.float32`, or `.float16` or `.bfloat16`, to which elements are rounded (to
  ///     nearest, ties to even).
  ///   - path: the file.
  ///   - isDurable: whether it is on the disk before it replaces another.
  /// - Throws: `Failure` for a name given twice, or an element too large for `.float16`;
  ///   `Failure` when the file cannot be written.
  /// - Precondition: `dtype` is one of these three.
  public static func write(
    _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:],
    dtype: TensorDType = .float32, to path: String, isDurable: Bool = false
  ) throws {
    try contents(of: tensors, metadata: metadata, dtype: dtype, path: path)
      .write(to: path, isDurable: isDurable)
  }

  /// A file that is ready to be written.
  package struct Contents {
    fileprivate let header, data: [UInt8]

    /// Writes the file, which appears whole or not at all.
    ///
    /// - Throws: `Failure`.
    package func write(to path: String, isDurable: Bool = false) throws {
      try withUnsafeBytes(of: UInt64(header.count).littleEndian) { length in
        try header.withUnsafeBytes { header in
          try data.withUnsafeBytes {
            try AtomicFile.write([length, header, $0], to: path, isDurable: isDurable)
          }
        }
      }
    }
  }

  /// What `write` writes.
  ///
  /// - Parameter path: named in errors.
  /// - Throws: `Failure` for a name given twice, or an element too large for `.float16`.
  package static func contents(
    of tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:],
    dtype: TensorDType, path: String
  ) throws -> Contents {
    precondition(
      [.float32, .float16, .bfloat16].contains(dtype), "cannot write \(dtype.rawValue) tensors")
    let sorted = tensors.sorted { $0.name < $1.name }
    for (tensor, next) in zip(sorted, sorted.dropFirst()) where tensor.name == next.name {
      throw Failure(
        .fileMalformed, path: path, problem: "would hold two tensors named \(quoted(tensor.name))",
        remedy: "name each once")
    }
    guard !sorted.contains(where: { $0.name == "__metadata__" }) else {
      throw Failure(
        .fileMalformed, path: path, problem: "would hold a tensor named '__metadata__'",
        remedy: "choose another name: the format reserves this one")
    }

    var data: [UInt8] = []
    data.reserveCapacity(sorted.reduce(0) { $0 + $1.tensor.count } * dtype.byteCount)
    var items: [String] = []
    if !metadata.isEmpty {
      let pairs = try metadata.sorted { $0.key < $1.key }
        .map { "\(try JSON.line($0.key)):\(try JSON.line($0.value))" }
      items.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    for (name, tensor) in sorted {
      let start = data.count
      guard append(tensor, as: dtype, to: &data) else {
        throw Failure(
          .fileMalformed, path: path,
          problem: "tensor \(quoted(name)) has elements too large for F16",
          remedy: "write it as BF16 or F32")
      }
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      items.append(
        "\(try JSON.line(name)):{\"dtype\":\"\(dtype.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(start),\(data.count)]}")
    }

    var header = Array("{\(items.joined(separator: ","))}".utf8)
    while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
    return Contents(header: header, data: data)
  }

  /// Appends the elements of `tensor`; false where a finite one would become infinite.
  private static func append(
    _ tensor: Tensor, as dtype: TensorDType, to data: inout [UInt8]
  ) -> Bool {
    func append(_ bits: UInt16) {
      data.append(UInt8(truncatingIfNeeded: bits))
      data.append(UInt8(truncatingIfNeeded: bits >> 8))
    }
    return tensor.withUnsafeBuffer { elements in
      switch dtype {
      case .float16:
        for element in elements {
          let half = Float16(element)
          if half.isInfinite && element.isFinite { return false }
          append(half.bitPattern)
        }
      case .bfloat16:
        for element in elements { append(narrowToBFloat16(element)) }
      default:
        data.append(contentsOf: UnsafeRawBufferPointer(elements))
      }
      return true
    }
  }
}
