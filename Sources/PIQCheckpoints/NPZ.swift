public import PIQPlatform
public import PIQTensor

/// An array of a `.npz` file.
public enum NPZArray: Sendable, Equatable {
  case float32(Tensor)
  case int64(IntegerArray)

  /// The extent of each axis, outermost first.
  public var shape: [Int] {
    switch self {
    case .float32(let tensor): tensor.shape
    case .int64(let array): array.shape
    }
  }
}

/// NumPy's `.npz`: a zip archive of `.npy` arrays, as `numpy.savez` writes and `numpy.load` reads.
///
/// The formats: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
public enum NPZ {
  /// Writes `arrays`, in their order, to an uncompressed file that appears at `path` when all is
  /// written. The same input gives the same bytes.
  ///
  /// - Parameters:
  ///   - arrays: the arrays under the names that `numpy.load` gives them, each name once.
  ///   - path: the file.
  /// - Throws: `Failure` when it cannot be written, or for a name given twice.
  public static func write(_ arrays: [(name: String, array: NPZArray)], to path: String) throws {
    let archive = try ZipWriter(path: path)
    for (name, array) in arrays {
      switch array {
      case .float32(let tensor):
        let header = NPYHeader(dtype: .float32, shape: tensor.shape)
        try tensor.withUnsafeBuffer {
          try archive.add(name + ".npy", header: header.bytes, data: UnsafeRawBufferPointer($0))
        }
      case .int64(let array):
        let header = NPYHeader(dtype: .int64, shape: array.shape)
        try array.values.withUnsafeBytes {
          try archive.add(name + ".npy", header: header.bytes, data: $0)
        }
      }
    }
    try archive.write()
  }

  /// Reads the arrays of the file at `path`: of 16, 32 or 64-bit floats (the last rounded), 32 or
  /// 64-bit integers, bytes or booleans, in little-endian C order.
  ///
  /// - Parameter wanted: the names of arrays; all of them if nil.
  /// - Returns: the arrays under the names that `numpy.load` gives them.
  /// - Throws: `Failure` when the file or an array in it is of another kind or damaged.
  public static func read(
    path: String, only wanted: Set<String>? = nil
  ) throws(Failure) -> [String: NPZArray] {
    let archive = try ZipArchive(path: path)
    var arrays: [String: NPZArray] = [:]
    let wanted = wanted.map { Set($0.map { $0 + ".npy" }) }
    for entry in archive.names where wanted?.contains(entry) ?? true {
      let bytes = try archive.bytes(of: entry)
      guard entry.hasSuffix(".npy"), let header = NPYHeader(of: bytes) else {
        throw Failure(
          .fileMalformed, path: path,
          problem:
            "entry \(quoted(entry)) is not an array of floats, integers or booleans in C order",
          remedy: "write it with numpy.savez from float32 or int64 arrays")
      }
      arrays[String(entry.dropLast(".npy".count))] = bytes.withUnsafeBytes {
        header.array(from: UnsafeRawBufferPointer(rebasing: $0[header.bytes.count...]))
      }
    }
    return arrays
  }
}
