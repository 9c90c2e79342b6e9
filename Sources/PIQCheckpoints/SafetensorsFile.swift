import Foundation
public import PIQPlatform
public import PIQTensor

/// The header of a safetensors file: the names, types and shapes of its tensors.
///
/// All of it is checked when it is read. The format: https://github.com/huggingface/safetensors.
public struct SafetensorsHeader: Sendable {
  /// The names of the tensors, sorted.
  public let names: [String]
  /// The free-form `__metadata__`.
  public let metadata: [String: String]
  fileprivate let entries: [String: Entry]

  fileprivate struct Entry: Sendable {
    let dtype: TensorDType
    let shape: [Int]
    let bytes: Range<Int>
  }

  private static let longest = 100_000_000

  /// Reads the header of the file at `path`, and nothing else of it.
  ///
  /// - Throws: `Failure` when it cannot be read or is not valid.
  public init(path: String) throws(Failure) {
    let start = try FileContents(path: path, beginning: 8)
    let length = start.withBytes { bytes in
      bytes.count < 8 ? 0 : UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    }
    let end = 8 + Int(min(length, UInt64(Self.longest)))
    try self.init(FileContents(path: path, beginning: end))
  }

  /// The shape of the tensor `name`, or nil where there is none.
  public func shape(of name: String) -> [Int]? { entries[name]?.shape }

  /// The element type of the tensor `name`, or nil where there is none.
  public func dtype(of name: String) -> TensorDType? { entries[name]?.dtype }

  /// The number of values of all tensors.
  public var valueCount: Int { entries.values.reduce(0) { $0 + $1.shape.reduce(1, *) } }

  fileprivate init(_ file: FileContents) throws(Failure) {
    let header = try Self.decoded(file)
    metadata = header.metadata
    entries = try Self.checked(header, of: file)
    names = entries.keys.sorted()
  }
}

/// A safetensors file in memory: named tensors, whose elements are converted on request.
public final class SafetensorsFile: Sendable {
  /// Names, types and shapes.
  public let header: SafetensorsHeader
  private let file: FileContents

  /// The names of the tensors, sorted.
  public var names: [String] { header.names }
  /// The free-form `__metadata__` of the header.
  public var metadata: [String: String] { header.metadata }

  /// Opens and checks the file at `path`.
  ///
  /// - Throws: `Failure` when it cannot be read or its header is not valid.
  public init(path: String) throws(Failure) {
    file = try FileContents(path: path)
    header = try SafetensorsHeader(file)
  }

  /// The SHA-256 of the file, as 64 lower-case hexadecimal digits.
  ///
  /// - Throws: `Failure`, naming it, when it cannot be computed.
  public func sha256() throws(Failure) -> String { try FileHash.sha256(of: file) }

  /// The shape of the tensor `name`, or nil where there is none.
  public func shape(of name: String) -> [Int]? { header.shape(of: name) }

  /// The element type of the tensor `name`, or nil where there is none.
  public func dtype(of name: String) -> TensorDType? { header.dtype(of: name) }

  /// The tensor `name`, stored as F32, F16, BF16 or F64 (which is rounded).
  ///
  /// - Throws: `Failure` when there is none of that name or it is of another type.
  public func floats(_ name: String) throws(Failure) -> Tensor {
    let entry = try entry(name)
    guard entry.dtype.isFloat else { throw notFloat(name, entry) }
    return decoded(entry)
  }

  private func notFloat(_ name: String, _ entry: SafetensorsHeader.Entry) -> Failure {
    invalid("tensor \(quoted(name)) is \(entry.dtype.rawValue), not floating-point")
  }

  /// The tensor in the file's own memory, where it lies there as `Float` does.
  private func viewed(_ entry: SafetensorsHeader.Entry) -> Tensor? {
    file.withBytes { bytes in
      let bytes = UnsafeRawBufferPointer(rebasing: bytes[entry.bytes])
      let isAligned = Int(bitPattern: bytes.baseAddress) % MemoryLayout<Float>.alignment == 0
      guard entry.dtype == .float32, isAligned, !bytes.isEmpty else { return nil }
      return Tensor(
        shape: entry.shape, viewing: bytes.assumingMemoryBound(to: Float.self), of: file)
    }
  }

  private func decoded(_ entry: SafetensorsHeader.Entry) -> Tensor {
    file.withBytes { bytes in
      Tensor(shape: entry.shape) {
        entry.dtype.decodeFloats(UnsafeRawBufferPointer(rebasing: bytes[entry.bytes]), into: $0)
      }
    }
  }

  /// The tensor `name`, which is decoded each time it is needed, or read where it is if it is stored as
  /// F32: the file stays in memory instead, but for what the source discards.
  ///
  /// - Throws: as `floats(_:)`.
  public func source(of name: String) throws(Failure) -> TensorSource {
    let entry = try entry(name)
    guard entry.dtype.isFloat else { throw notFloat(name, entry) }
    // Small ones are not worth decoding again.
    guard entry.shape.reduce(1, *) >= 1 << 16 else { return TensorSource(decoded(entry)) }
    return TensorSource(
      shape: entry.shape, discard: { [self] in file.discard(entry.bytes) },
      make: { [self] in viewed(entry) ?? decoded(entry) })
  }

  /// The integers `name`, stored as I64, I32, U8 or BOOL.
  ///
  /// - Throws: `Failure` when there are none of that name or they are of another type.
  public func integers(_ name: String) throws(Failure) -> IntegerArray {
    let entry = try entry(name)
    guard entry.dtype.isReadableInteger else {
      throw invalid("tensor \(quoted(name)) is \(entry.dtype.rawValue), not I64, I32, U8 or BOOL")
    }
    let values = file.withBytes { bytes in
      entry.dtype.decodeIntegers(UnsafeRawBufferPointer(rebasing: bytes[entry.bytes]))
    }
    return IntegerArray(shape: entry.shape, values: values)
  }

  private func entry(_ name: String) throws(Failure) -> SafetensorsHeader.Entry {
    guard let entry = header.entries[name] else { throw invalid("has no tensor \(quoted(name))") }
    return entry
  }

  private func invalid(_ problem: String) -> Failure {
    SafetensorsHeader.invalid(file.path, problem, remedy: "use a file made for this model")
  }
}

extension SafetensorsHeader {
  fileprivate static func invalid(
    _ path: String, _ problem: String,
    remedy: String = "the file is damaged or not safetensors: fetch or make it again"
  ) -> Failure {
    Failure(.fileMalformed, path: path, problem: problem, remedy: remedy)
  }

  fileprivate static func decoded(_ file: FileContents) throws(Failure) -> HeaderJSON {
    let path = file.path
    let kind = FileKind(of: file)
    if kind == .lfsPointer, let (problem, remedy) = kind.problemAsArchive {
      throw invalid(path, problem, remedy: remedy)
    }
    return try file.withBytes { bytes throws(Failure) in
      guard bytes.count >= 8 else {
        throw invalid(path, "is \(bytes.count) bytes long, too short for a safetensors header")
      }
      let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
      guard length <= UInt64(longest) else {
        throw invalid(path, "claims a header of \(length) bytes, above the limit of 100 MB")
      }
      guard length <= file.fileCount - 8, length <= bytes.count - 8 else {
        throw invalid(path, "is cut short inside its header of \(length) bytes")
      }
      let json = bytes[8..<8 + Int(length)]
      guard json.first == UInt8(ascii: "{") else {
        throw invalid(path, "has a header that is not a JSON object")
      }
      do {
        var header = try JSONDecoder().decode(HeaderJSON.self, from: Data(json))
        header.dataStart = 8 + Int(length)
        return header
      } catch let problem as HeaderJSON.Problem {
        throw invalid(path, problem.text)
      } catch { throw invalid(path, "has a header that is not valid JSON") }
    }
  }

  fileprivate static func checked(
    _ header: HeaderJSON, of file: FileContents
  ) throws(Failure) -> [String: Entry] {
    let path = file.path
    let dataCount = file.fileCount - header.dataStart
    var entries: [String: Entry] = [:]
    for (name, entry) in header.tensors {
      let label = "tensor \(quoted(name))"
      guard let dtype = TensorDType(rawValue: entry.dtype) else {
        throw invalid(path, "\(label) is of the unknown type \(quoted(entry.dtype))")
      }
      guard let count = elementCount(of: entry.shape) else {
        throw invalid(path, "\(label) has an impossible shape")
      }
      guard entry.offsets.count == 2, entry.offsets[0] >= 0, entry.offsets[0] <= entry.offsets[1]
      else { throw invalid(path, "\(label) has impossible data offsets") }
      guard entry.offsets[1] <= dataCount else {
        throw invalid(path, "\(label) ends beyond the end of the file")
      }
      guard entry.offsets[1] - entry.offsets[0] == count * dtype.byteCount else {
        throw invalid(path, "\(label) has a shape that does not fit the length of its data")
      }
      entries[name] = Entry(
        dtype: dtype, shape: entry.shape,
        bytes: header.dataStart + entry.offsets[0]..<header.dataStart + entry.offsets[1])
    }
    // As the reference implementation requires, the data are contiguous. That also detects a
    // duplicate name, whose first data the JSON decoder drops.
    var end = header.dataStart
    let inOrder = entries.sorted {
      ($0.value.bytes.lowerBound, $0.value.bytes.upperBound)
        < ($1.value.bytes.lowerBound, $1.value.bytes.upperBound)
    }
    for (name, entry) in inOrder {
      guard entry.bytes.lowerBound >= end else {
        throw invalid(path, "tensor \(quoted(name)) overlaps another one")
      }
      guard entry.bytes.lowerBound == end else {
        throw invalid(path, "has bytes that belong to no tensor before \(quoted(name))")
      }
      end = entry.bytes.upperBound
    }
    guard end == file.fileCount else {
      throw invalid(path, "has \(file.fileCount - end) bytes at its end that belong to no tensor")
    }
    return entries
  }
}

/// The JSON of a header, decoded but not yet checked against the data.
private struct HeaderJSON: Decodable {
  struct Entry: Decodable {
    let dtype: String
    let shape: [Int]
    let offsets: [Int]

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }
  }

  struct Problem: Error { let text: String }

  private struct Key: CodingKey {
    let stringValue: String
    let intValue: Int? = nil
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  var metadata: [String: String] = [:]
  var tensors: [String: Entry] = [:]
  var dataStart = 0

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    for key in container.allKeys {
      let name = key.stringValue
      do {
        if name == "__metadata__" {
          metadata = try container.decode([String: String].self, forKey: key)
        } else {
          tensors[name] = try container.decode(Entry.self, forKey: key)
        }
      } catch {
        throw Problem(
          text: name == "__metadata__"
            ? "has metadata that are not strings"
            : "tensor \(quoted(name)) lacks a valid dtype, shape or data_offsets")
      }
    }
  }
}
